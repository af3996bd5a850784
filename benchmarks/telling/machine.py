"""What figures depend on: the machine, the commit, the versions."""

import os
import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.telling.places import ROOT


def machine() -> dict[str, Any]:
    """Return what stands above the tables of any measurement."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0],
        "commit": said("git", "rev-parse", "--short", "HEAD"),
    }


def is_changed(*folders: str) -> bool:
    """Tell whether anything in these folders differs from the commit."""
    return bool(said("git", "status", "--porcelain", *folders))


def versions(names: Iterable[str]) -> dict[str, str | None]:
    """Return the installed versions of packages, None for one that is not there."""
    return {name: _version(name) for name in names}


def said(*command: str) -> str:
    """Return what a command prints; nothing if it is not there."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError:
        return ""
    return done.stdout.strip()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
