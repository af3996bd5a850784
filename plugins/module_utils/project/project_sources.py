"""What the project's wheel is made of, and the version that this gives it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

# version.py without a build.
_BASE = re.compile(r'__version__ = "([0-9.]+)"')
HASH_DIGITS = 12

# By their ending: Python, and what the web tier's page is made of.
SOURCES = frozenset({".css", ".html", ".ico", ".js", ".json", ".png", ".py", ".svg"})


def build_of(project: Path, folders: list[str], files: list[str]) -> str:
    """Return a hash of the names and contents of the sources. Raises `OSError`."""
    found = (path for folder in folders for path in (project / folder).rglob("*") if path.suffix in SOURCES)
    kept = (path for path in found if path.is_file() and not path.is_symlink() and path.name[0] != ".")
    named = [*sorted(str(path.relative_to(project)) for path in kept), *files]
    lines = (f"{name} {hashlib.sha256((project / name).read_bytes()).hexdigest()} " for name in named)
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:HASH_DIGITS]


def base_version(project: Path) -> str:
    """Return the project's version. Raises `OSError`, and `ValueError` where there is none."""
    file = project / "jobs" / "jobfleet_jobs" / "version.py"
    matched = _BASE.search(file.read_text(encoding="utf-8"))
    if not matched:
        raise ValueError(f"{file} names no version")
    return matched[1]
