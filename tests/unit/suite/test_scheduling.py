"""Tests that share what is dear to make stay in one process."""

import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

from tests.patience import patience
from tests.places import REPOSITORY
from tests.scheduling import Scheduling, group_of, place_of


def test_tests_of_one_stack_and_fault_tests_of_one_file_are_together() -> None:
    names = ("deploy", "parts", "mend", "policies")
    deploy, parts, mend, policies = (group_of(f"tests/playbooks/test_{name}.py::x[a::b]") for name in names)
    assert deploy == parts
    assert len({deploy, mend, policies}) == 3
    assert group_of("tests/faults/test_kill.py::a") == group_of("tests/faults/test_kill.py::b")
    assert group_of("tests/browser/test_sending.py::a") == group_of("tests/browser/test_results.py::b")
    assert group_of("tests/unit/test_any.py::a") != group_of("tests/unit/test_any.py::b")


def test_the_files_of_playbooks_begin_by_how_long_their_groups_take_and_all_else_follows() -> None:
    names = (
        "playbooks/test_two_machines", "unit/test_any", "fuzz/test_fuzz", "playbooks/test_teardown",
        "faults/test_kill",
    )  # fmt: skip
    nodeids = {f"tests/{name}.py::x" for name in (*names, "playbooks/test_session", "playbooks/test_parts")}

    order = sorted(sorted(nodeids), key=place_of)

    assert [one.rpartition("/")[2] for one in order] == [
        "test_session.py::x",
        "test_teardown.py::x",
        "test_parts.py::x",
        "test_two_machines.py::x",
        "test_kill.py::x",
        "test_fuzz.py::x",
        "test_any.py::x",
    ]


def test_every_file_of_playbooks_has_its_place() -> None:
    files = [path.name for path in (REPOSITORY / "tests/playbooks").glob("test_*.py")]
    places = [place_of(f"tests/playbooks/{name}::x") for name in files]

    assert max(places) < place_of("tests/playbooks/test_unknown.py::x")


class Process:
    """What a scheduler knows of a process that tests."""

    def __init__(self) -> None:
        self.given: list[int] = []

    def send_runtest_some(self, indices: list[int]) -> None:
        """Take tests, by their places in the collection."""
        self.given += indices


def given(queue: list[str], pending: list[str]) -> list[str]:
    """Return the tests that a process gets next, which has those of `pending` before it."""
    process, scheduling = Process(), Scheduling.__new__(Scheduling)
    scheduling.workqueue = OrderedDict((one, {one: False}) for one in queue)
    scheduling.assigned_work = {process: {one: {one: False} for one in pending}}
    scheduling.registered_collections = {process: queue}
    scheduling._assign_work_unit(process)
    return [queue[one] for one in process.given]


def test_no_long_test_waits_behind_another_one() -> None:
    long, longer, short, brief = (
        f"tests/{name}.py::x"
        for name in ("faults/test_kill", "playbooks/test_web", "aws/test_a", "unit/test_b")
    )

    assert given([longer, long, short, brief], []) == [longer]
    assert given([long, short, brief], [longer]) == [brief]
    assert given([long, short], [brief]) == [long]
    assert given([long], [longer]) == [long]


def test_a_group_is_done_by_one_process(tmp_path: Path) -> None:
    folder = tmp_path / "faults"
    folder.mkdir()
    by = tmp_path / "by"
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["tests.scheduling"]\n')
    (folder / "test_a.py").write_text(
        "import os, pytest\n"
        "@pytest.mark.parametrize('n', range(6))\n"
        f"def test_it(n): open({str(by)!r}, 'a').write(os.environ['PYTEST_XDIST_WORKER'] + ' ')\n"
    )

    options = ["-q", "--numprocesses=2", f"--rootdir={tmp_path}", "--import-mode=importlib"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "faults"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=patience(60),
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(by.read_text().split()) == 6
    assert len(set(by.read_text().split())) == 1
