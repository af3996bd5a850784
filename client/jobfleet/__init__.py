"""The client: the command line (`cli.main`) and the Python API.

    from jobfleet import Fleet

    with Fleet.from_vars("inventory/group_vars/all.yml") as fleet:
        print(fleet.stats([1, 2, 3]))

Names are looked up when they are first used, so that the command line starts fast.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobfleet.answers.job import Job, as_completed
    from jobfleet.errors import FleetError, JobFailed, NoAnswerInTime
    from jobfleet.fleet import Fleet
    from jobfleet.settings.settings import Settings

__all__ = ["Fleet", "FleetError", "Job", "JobFailed", "NoAnswerInTime", "Settings", "as_completed"]

_HOMES = {
    "Fleet": "jobfleet.fleet",
    "FleetError": "jobfleet.errors",
    "Job": "jobfleet.answers.job",
    "JobFailed": "jobfleet.errors",
    "NoAnswerInTime": "jobfleet.errors",
    "Settings": "jobfleet.settings.settings",
    "as_completed": "jobfleet.answers.job",
}


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
