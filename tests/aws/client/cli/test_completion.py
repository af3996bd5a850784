"""Completion, through the installed entry point and through the shells that are here."""

import shutil
import subprocess
from typing import Any

import pytest

from tests.client_bench import JOBFLEET, Jobfleet
from tests.patience import patience


def completed(jobfleet: Jobfleet, line: str, **changes: str) -> list[str]:
    """What stands for choice at the end of a line, as bash asks for it."""
    words = line.split(" ")
    ran = jobfleet(
        COMP_WORDS=line, COMP_CWORD=str(len(words) - 1), _JOBFLEET_COMPLETE="bash_complete", **changes
    )
    return [choice.partition(",")[2] for choice in ran.stdout.splitlines()]


def test_commands_options_and_values_are_completed(jobfleet: Jobfleet, stack: Any) -> None:
    assert completed(jobfleet, "jobfleet sta") == ["stats", "status"]
    assert completed(jobfleet, "jobfleet threshold --le") == ["--level"]
    assert completed(jobfleet, "jobfleet dead re") == ["redrive"]
    assert completed(jobfleet, "jobfleet completion ") == ["bash", "zsh", "fish"]
    assert {"greyscale", "shell", "doctor"} <= set(completed(jobfleet, "jobfleet "))
    assert stack.front.calls == []


def test_completing_imports_nothing_heavy(jobfleet: Jobfleet) -> None:
    ran = jobfleet(
        COMP_WORDS="jobfleet st", COMP_CWORD="1", _JOBFLEET_COMPLETE="bash_complete",
        PYTHONPROFILEIMPORTTIME="1",
    )  # fmt: skip
    imported = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    assert "jobfleet.cli.main" in imported
    assert {"boto3", "botocore", "rich", "yaml", "prompt_toolkit", "asyncio"} & imported == set()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_script_is_one_its_shell_can_read(jobfleet: Jobfleet, shell: str) -> None:
    ran = jobfleet("completion", shell)
    assert ran.returncode == 0
    assert f"_JOBFLEET_COMPLETE={shell}_complete" in ran.stdout
    assert f"jobfleet completion {shell}" in ran.stdout.splitlines()[-1] + ran.stdout.splitlines()[-2]
    if shutil.which(shell):
        read = subprocess.run([shell, "-n"], input=ran.stdout, text=True, capture_output=True, check=False)
        assert (read.returncode, read.stderr) == (0, "")


def test_bash_completes_with_the_script(jobfleet: Jobfleet) -> None:
    program = (
        f'PATH="{JOBFLEET.parent}:$PATH"; source <(jobfleet completion bash); '
        "COMP_WORDS=(jobfleet sta) COMP_CWORD=1; _jobfleet_completion jobfleet sta jobfleet; "
        'echo "${COMPREPLY[@]}"'
    )
    ran = subprocess.run(
        ["bash", "-c", program], cwd=jobfleet.home, env=jobfleet.environment(),
        capture_output=True, text=True, timeout=patience(60), check=False,
    )  # fmt: skip
    assert (ran.stdout, ran.stderr) == ("stats status\n", "")


def test_a_shell_it_does_not_know_is_told(jobfleet: Jobfleet) -> None:
    ran = jobfleet("completion", "csh")
    assert ran.returncode == 2
    assert "'bash', 'zsh', 'fish'" in ran.stderr
