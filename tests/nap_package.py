"""An operation that takes time and no processor, so that many hosts fit on a small machine."""

from pathlib import Path

_PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "nap"
version = "1.0"
requires-python = ">=3.11"

[project.entry-points."jobfleet.operations"]
nap = "nap:nap"

[tool.hatch.build.targets.wheel]
include = ["nap.py"]
"""

_CODE = '''
"""Wait as long as a file says."""

import time

from jobfleet_jobs import operation


@operation("nap", takes="file", summary="Wait as many seconds as the file says.", parameters=[])
def nap(data: bytes) -> dict[str, object]:
    """Return how many seconds were waited."""
    time.sleep(float(data))
    return {"seconds": float(data)}
'''


def nap_package(folder: Path) -> Path:
    """Write the package, for `worker_operation_packages`."""
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(_PROJECT)
    (folder / "nap.py").write_text(_CODE)
    return folder


def naps(folder: Path, count: int, seconds: float) -> Path:
    """Write files of that many jobs; no two are the same, as equal files are one job."""
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"{number:04}.txt").write_text(f"{seconds + number / 1e6:.6f}")
    return folder
