"""What the figures depend on: the machine, the commit, the versions."""

import re
import shutil
import subprocess
from typing import Any

from benchmarks.telling import machine as telling

PACKAGES = (
    "boto3", "botocore", "starlette", "uvicorn", "uvloop", "httptools", "multipart", "flask", "gunicorn",
)  # fmt: skip


def machine() -> dict[str, Any]:
    """Return what stands above the tables."""
    return {
        **telling.machine(),
        "changed_since": telling.is_changed("web", "client", "worker", "jobs"),
        "packages": {**telling.versions(PACKAGES), "nginx": _nginx()},
    }


def _nginx() -> str | None:
    if shutil.which("nginx") is None:
        return None
    done = subprocess.run(("nginx", "-v"), capture_output=True, text=True, check=False)  # noqa: S607
    found = re.search(r"nginx/(\S+)", done.stderr)
    return found and found[1]
