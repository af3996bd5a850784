"""Tests that share what is dear to make stay in one process."""

import subprocess
import sys
from pathlib import Path

from tests.patience import patience
from tests.places import REPOSITORY
from tests.scheduling import group_of


def test_tests_of_one_stack_and_fault_tests_of_one_file_are_together() -> None:
    names = ("deploy", "session", "mend", "policies")
    deploy, session, mend, policies = (group_of(f"tests/playbooks/test_{name}.py::x[a::b]") for name in names)
    assert deploy == session
    assert len({deploy, mend, policies}) == 3
    assert group_of("tests/faults/test_kill.py::a") == group_of("tests/faults/test_kill.py::b")
    assert group_of("tests/browser/test_sending.py::a") == group_of("tests/browser/test_results.py::b")
    assert group_of("tests/unit/test_any.py::a") != group_of("tests/unit/test_any.py::b")


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
