"""Which tests stay in one process where several test side by side.

pytest-xdist has marks for that (`--dist=loadgroup`), but version 3.8 and pytest 9.2 disagree
on where they stand. Its hook for a scheduler needs no marks.
"""

from pathlib import PurePosixPath
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# The tests of playbooks share two deployed stacks, which are about as long at work. Six make their own.
_STACKS = {
    **dict.fromkeys(("test_drop", "test_faults_host", "test_harmed_host", "test_mend"), "another stack"),
    **{
        name: name
        for name in (
            "test_image",
            "test_lateness",
            "test_policies",
            "test_scaling_life",
            "test_two_machines",
            "test_web_fleet",
        )
    },
}


def group_of(nodeid: str) -> str:
    """Return a name that a test shares with all that stay in its process; most tests are by themselves."""
    path = PurePosixPath(nodeid.partition("::")[0])
    if path.parent.name == "playbooks":
        return _STACKS.get(path.stem, "one stack")
    if path.parent.name == "browser":
        return "one site"
    return path.stem if path.parent.name == "faults" else nodeid


class Scheduling(LoadScopeScheduling):
    """Gives whole groups to processes, in the order in which their first tests were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """Schedule by these groups."""
    return Scheduling(config, log)
