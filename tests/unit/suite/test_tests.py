"""What holds for all tests: they wait for what they want to see, and know nothing of who runs them."""

import ast
import os
import pwd
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.places import REPOSITORY

TESTS = REPOSITORY / "tests"

SLEEPS = ("time.sleep", "sleep", "threading.Event().wait", "Event().wait")

CLOCKS = ("datetime.now", "time.time", "time.monotonic", "new_job_id")

WAITS = ("wait", "join", "result")

# Where time itself is what is tested or made, with the reason.
MAY_SLEEP = {
    "patience.py": "it looks again after a moment",
    "aws/front.py": "it makes calls slow",
    "aws/client/answers/test_futures.py": "answers come at the pace of a worker",
    "bare_server.py": "it stands for a network that is slow",
    "neighbours.py": "jobs that wait until they may go on",
    "unit/worker/processes/test_pool_neighbours.py": "messages that do not come",
    "aws/hostile/sitecustomize.py": "a job that takes its time",
    "faults/hostile/sitecustomize.py": "jobs that take their time",
}


def sleeps(path: Path) -> Iterator[int]:
    """Yield the lines of a file where it lets time pass."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in SLEEPS:
            yield node.lineno


def bare_deadlines(path: Path) -> Iterator[int]:
    """Yield the lines of a file with a deadline of ten seconds or more that `patience` does not lengthen."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            waits = isinstance(node.func, ast.Attribute) and node.func.attr in WAITS
            given = [one.value for one in node.keywords if one.arg == "timeout"] + node.args[:waits]
            yield from (
                one.lineno
                for one in given
                if isinstance(one, ast.Constant) and isinstance(one.value, int | float) and one.value >= 10
            )


def early_clocks(path: Path) -> Iterator[int]:
    """Yield the lines of a file where the time is read when it is imported, long before its tests may run."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
            for one in ast.walk(node.value):
                if isinstance(one, ast.Call) and ast.unparse(one.func) in CLOCKS:
                    yield one.lineno


def found(look: Callable[[Path], Iterator[int]]) -> set[str]:
    """Return the places in all tests where a look finds something, but for those that may."""
    return {
        f"{path.relative_to(TESTS)}:{line}"
        for path in TESTS.rglob("*.py")
        if str(path.relative_to(TESTS)) not in MAY_SLEEP
        for line in look(path)
    }


def test_none_sleeps() -> None:
    assert found(sleeps) == set(), "wait for what shall be seen, by tests.patience.wait_for"


def test_none_counts_from_when_it_was_imported() -> None:
    assert found(early_clocks) == set(), "read the clock in the test: all are imported before the first runs"


def test_each_deadline_grows_with_patience() -> None:
    assert found(bare_deadlines) == set(), "say patience(…), for machines that do much else"


def test_all_that_may_sleep_do() -> None:
    assert [name for name in MAY_SLEEP if not list(sleeps(TESTS / name))] == []


def test_folders_mirror_the_rooms_that_their_tests_are_about() -> None:
    rooms = {
        "client": "client/jobfleet",
        "jobs": "jobs/jobfleet_jobs",
        "localcloud": "localcloud",
        "scaling": "scaling/jobfleet_scaling",
        "web": "web/jobfleet_web",
        "worker": "worker/jobfleet_worker",
    }
    # The client's commands lie a floor deeper than their tests, which are about nothing else.
    shorter = {f"cli/{group}": f"cli/commands/{group}" for group in ("answers", "bench", "send", "stack")}
    astray = [
        f"{kind}/{name}/{room}"
        for kind in ("aws", "unit")
        for name, package in rooms.items()
        for path in (TESTS / kind / name).rglob("test_*.py")
        if (room := str(path.parent.relative_to(TESTS / kind / name)))
        and not (REPOSITORY / package / shorter.get(room, room)).is_dir()
    ]
    assert astray == []


def test_the_settings_and_keys_of_the_person_who_runs_them_are_out_of_reach() -> None:
    assert Path("~/.aws").expanduser() != Path(pwd.getpwuid(os.getuid()).pw_dir) / ".aws"
    assert not Path("~/.aws").expanduser().exists()
    assert [name for name in os.environ if name.startswith("AWS_")] == ["AWS_EC2_METADATA_DISABLED"]
