"""What holds for all tests: they wait for what they want to see, and know nothing of who runs them."""

import ast
import os
import pwd
from collections.abc import Callable, Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]

SLEEPS = ("time.sleep", "sleep", "threading.Event().wait", "Event().wait")

WAITS = ("wait", "join", "result")

# Where time itself is what is tested or made, with the reason.
MAY_SLEEP = {
    "patience.py": "it looks again after a moment",
    "aws/front.py": "it makes calls slow",
    "aws/test_client_futures.py": "answers come at the pace of a worker",
    "aws/test_worker_lines.py": "it stands for a network that is slow",
    "neighbours.py": "jobs that wait until they may go on",
    "unit/test_worker_pool_neighbours.py": "messages that do not come",
    "aws/hostile/sitecustomize.py": "a job that takes its time",
    "faults/hostile/sitecustomize.py": "jobs that take their time",
}


def sleeps(path: Path) -> Iterator[int]:
    """Yield the lines of a file where it lets time pass."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "time.sleep",
            "sleep",
            "threading.Event().wait",
            "Event().wait",
        ):
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


def test_each_deadline_grows_with_patience() -> None:
    assert found(bare_deadlines) == set(), "say patience(…), for machines that do much else"


def test_all_that_may_sleep_do() -> None:
    assert [name for name in MAY_SLEEP if not list(sleeps(TESTS / name))] == []


def test_the_settings_and_keys_of_the_person_who_runs_them_are_out_of_reach() -> None:
    assert Path("~/.aws").expanduser() != Path(pwd.getpwuid(os.getuid()).pw_dir) / ".aws"
    assert not Path("~/.aws").expanduser().exists()
    assert [name for name in os.environ if name.startswith("AWS_")] == ["AWS_EC2_METADATA_DISABLED"]
