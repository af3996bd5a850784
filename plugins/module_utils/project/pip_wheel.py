"""Wheels built by pip, wherever the source lies and whatever the person's Python is told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def build_wheel(source: Path, folder: Path, *options: str, **variables: str) -> str:
    """Let pip build the wheel of a project's folder into another; return what went wrong, empty if nothing.

    `variables` are added to the environment. What pip prints is returned at most to 2,000 characters.
    """
    # The person's Python may be told to end at every warning, or to find other modules first.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(  # noqa: S603 - pip itself
        [
            *(sys.executable, "-I", "-m", "pip", "wheel"),
            *("--quiet", "--disable-pip-version-check", "--no-deps", *options),
            # From there: pip takes ; [ and ] in a path for parts of a requirement.
            *(f"--wheel-dir={folder.absolute()}", "."),
        ],
        cwd=source,
        env={**kept, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    return (done.stderr or done.stdout).strip()[-2000:] if done.returncode else ""
