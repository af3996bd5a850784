"""The client: the command line (`client.cli`) and the Python API.

    from client import Fleet

    with Fleet.from_vars("inventory/group_vars/all.yml") as fleet:
        print(fleet.stats([1, 2, 3]))

Names are looked up when they are first used, so that the command line starts fast.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from client.errors import FleetError, JobFailed, NoAnswerInTime
    from client.fleet import Fleet
    from client.job import Job, as_completed
    from client.settings import Settings

__all__ = ["Fleet", "FleetError", "Job", "JobFailed", "NoAnswerInTime", "Settings", "as_completed"]

_HOMES = {
    "Fleet": "client.fleet",
    "FleetError": "client.errors",
    "Job": "client.job",
    "JobFailed": "client.errors",
    "NoAnswerInTime": "client.errors",
    "Settings": "client.settings",
    "as_completed": "client.job",
}


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
