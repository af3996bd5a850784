"""Operations of one's own reach the workers with the playbook, once, change with their folder, and go."""

import shutil
from pathlib import Path

from jobfleet.errors import Exit

from tests.patience import wait_for
from tests.playbooks.conftest import REPOSITORY, Outcome, Stack

INSTALL = "Ensure these packages with operations are installed, and no others"
RESTART = "Restart the worker"


def deploy(stack: Stack, *packages: str) -> Outcome:
    return stack.deploy("--tags", "worker", worker_operation_packages=list(packages))


def helps(stack: Stack, words: str) -> bool:
    return words in stack.jobfleet("run", "word-count", "--help").stdout


def test_a_folder_becomes_an_operation_and_goes_again(stack: Stack, tmp_path: Path) -> None:
    folder = tmp_path / "word-count"
    shutil.copytree(REPOSITORY / "examples/word-count", folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "a.txt").write_text("one two one")

    first = deploy(stack, str(folder))
    assert {INSTALL, RESTART} <= set(first.changed)
    wait_for(lambda: helps(stack, "How many words a text has"), 120)
    ran = stack.jobfleet("--timeout", "120", "run", "word-count", str(tmp_path / "a.txt"), "-p", "top=1")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[0].split() == ["words", "3"]
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        path.name for path in (REPOSITORY / "examples/word-count").iterdir() if path.name != "__pycache__"
    ), "building left something in the folder"

    assert deploy(stack, str(folder)).changes == 0

    module = folder / "word_count.py"
    module.write_text(module.read_text().replace("How many words a text has", "Words, counted anew"))
    changed = deploy(stack, str(folder))
    assert {INSTALL, RESTART} <= set(changed.changed)
    wait_for(lambda: helps(stack, "Words, counted anew"), 120)

    assert {INSTALL, RESTART} <= set(deploy(stack).changed)
    wait_for(lambda: stack.jobfleet("run", "word-count", "--help").returncode == Exit.NOT_OFFERED, 120)
    assert deploy(stack).changes == 0
