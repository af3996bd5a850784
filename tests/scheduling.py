"""Which tests stay in one process where several test side by side, and which of them begin first.

pytest-xdist has marks for that (`--dist=loadgroup`), but version 3.8 and pytest 9.2 disagree
on where they stand. Its hook for a scheduler needs no marks.
"""

import itertools
from pathlib import PurePosixPath
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# The files of `playbooks/` that stay in one process, the group that takes longest first. Those of one line
# share a deployed stack, or have stacks of their own.
_STACKS = (
    ("test_session", "test_teardown"),
    ("test_deploy", "test_operations", "test_parts", "test_preflight"),
    ("test_scaling_life",),
    ("test_drop", "test_faults_host", "test_harmed_host", "test_mend"),
    ("test_scaling",),
    ("test_image",),
    ("test_clusters",),
    ("test_web",),
    ("test_policies",),
    ("test_lateness",),
    ("test_web_fleet",),
    ("test_two_machines",),
    ("test_debian_13",),
    ("test_scaling_mishaps",),
)

# What takes longest comes first, so that at the end no process waits for another one's last test.
_KINDS = ("playbooks", "faults", "browser", "fuzz", "aws", "unit")
# Here tests take seconds, and more than a process works at any time.
_LONG = ("playbooks", "faults", "browser", "fuzz")


def group_of(nodeid: str) -> str:
    """Return a name that a test shares with all that stay in its process; most tests are by themselves."""
    path = PurePosixPath(nodeid.partition("::")[0])
    if path.parent.name == "playbooks":
        return next((stack[0] for stack in _STACKS if path.stem in stack), path.stem)
    if path.parent.name == "browser":
        return "one site"
    return path.stem if path.parent.name == "faults" else nodeid


def place_of(nodeid: str) -> tuple[int, int]:
    """Return what tests are sorted by."""
    path = PurePosixPath(nodeid.partition("::")[0])
    kind = path.parts[1] if path.parts[0] == "tests" else ""
    first = _KINDS.index(kind) if kind in _KINDS else len(_KINDS)
    if kind != "playbooks":
        return first, 0
    return first, next((n for n, stack in enumerate(_STACKS) if path.stem in stack), len(_STACKS))


def _is_long(nodeid: str) -> bool:
    return PurePosixPath(nodeid.partition("::")[0]).parent.name in _LONG


class Scheduling(LoadScopeScheduling):
    """Gives whole groups to processes, in the order in which their first tests were collected.

    A process begins a test only when it knows the next one. Where it has a long one before it, that is a
    short one, taken from the end: a long one would wait there, while other processes have nothing to do.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)

    def _assign_work_unit(self, node: Any) -> None:
        assigned = self.assigned_work.get(node, {}).values()
        if any(_is_long(test) for tests in assigned for test, is_done in tests.items() if not is_done):
            self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
        super()._assign_work_unit(node)


# After other plugins, which may have shuffled the tests.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long ones first, and in a module those that end what its others use last."""
    items.sort(key=lambda item: place_of(item.nodeid))
    modules = [list(tests) for _, tests in itertools.groupby(items, key=lambda item: item.path)]
    items[:] = [item for tests in modules for item in sorted(tests, key=_is_after_removal)]


def _is_after_removal(item: pytest.Item) -> bool:
    return "removed" in getattr(item, "fixturenames", ())


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """Schedule by these groups."""
    return Scheduling(config, log)
