"""What the figures depend on: the machine, the commit, the versions."""

import os
import platform
import re
import shutil
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.double.control import ROOT

PACKAGES = (
    "boto3", "botocore", "starlette", "uvicorn", "uvloop", "httptools", "multipart", "flask", "gunicorn",
)  # fmt: skip


def machine() -> dict[str, Any]:
    """Return what stands above the tables."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0],
        "commit": _said("git", "rev-parse", "--short", "HEAD"),
        "changed_since": bool(_said("git", "status", "--porcelain", "web", "client", "worker", "jobs")),
        "packages": {**{name: _version(name) for name in PACKAGES}, "nginx": _nginx()},
    }


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


def _nginx() -> str | None:
    if shutil.which("nginx") is None:
        return None
    done = subprocess.run(("nginx", "-v"), capture_output=True, text=True, check=False)  # noqa: S607
    found = re.search(r"nginx/(\S+)", done.stderr)
    return found and found[1]


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError:
        return ""
    return done.stdout.strip()
