"""Where the project and its Python are."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def project_python() -> str:
    """Return the Python of the project's own environment; where there is none, the one that runs."""
    own = ROOT / ".venv" / "bin" / "python"
    return str(own) if own.exists() else sys.executable
