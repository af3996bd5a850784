"""Runs that are interrupted, and go on where they were."""

import signal
from pathlib import Path
from typing import Any

import pytest
from jobfleet.errors import Exit

from tests.client_batch import files_in, noted_as_sent, sent_ids, start
from tests.client_run import Run, picture
from tests.patience import patience


def test_after_ctrl_c_the_same_command_goes_on_where_it_was(
    stack: Any, home: Path, folder: Path, run: Run
) -> None:
    process = start(stack, home, "greyscale", "in", "-o", "out")
    stack.until(lambda: noted_as_sent(home) == 12)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=patience(120))
    assert process.returncode == Exit.INTERRUPTED
    assert "0 of 12 images done, and 12 more were sent and go on without you" in said
    assert "--resume" in said
    before = len(stack.front.calls)
    stack.worker()
    ran = run("greyscale", "in", "-o", "out", "--resume")
    assert ran.returncode == 0, ran.stderr
    assert "continuing: 12 were sent before" in ran.stderr
    assert len(files_in(home / "out")) == 12
    mine = stack.front.calls[before:]
    assert not [call for call in mine if call.startswith("PUT uploads/")]
    # The ledger is gone with the last image.
    assert "nothing to resume" in run("greyscale", "in", "-o", "out", "--resume").stderr


@pytest.mark.parametrize("moment", ["uploading", "sending", "downloading"])
def test_a_run_that_was_killed_sends_nothing_twice(stack: Any, home: Path, run: Run, moment: str) -> None:
    for number in range(40):
        picture(home / "in" / f"{number}.png", number, (8, 8))
    call, seconds = {
        "uploading": ("PUT uploads", 0.05),
        "sending": ("SendMessageBatch", 0.3),
        "downloading": ("GET outputs", 1.0),
    }[moment]
    stack.front.delays = lambda made: seconds if made.startswith(call) else 0.0
    if moment == "downloading":
        stack.worker()
    process = start(stack, home, "greyscale", "in", "-o", "out")
    stack.until(lambda: sum(made.startswith(call) for made in stack.front.calls) >= 3, 60)
    process.kill()
    process.communicate()
    stack.front.delays = lambda made: 0.0
    have = files_in(home / "out") if (home / "out").exists() else set()
    gets = sum(made.startswith("GET outputs") for made in stack.front.calls)
    if moment != "downloading":
        # Nobody works: what is in the queue after both runs is all that was ever sent.
        ran = run("greyscale", "in", "-o", "out", "--resume", "--timeout", "1")
        assert ran.returncode == Exit.NO_ANSWER, ran.stderr
        ids = sent_ids(stack)
        assert len(ids) == 40
        # A call that was under way when the process died may have reached the queue.
        assert sum(ids.values()) <= 50
        return
    ran = run("greyscale", "in", "-o", "out", "--resume")
    assert ran.returncode == 0, ran.stderr
    whole = {name for name in have if not name.startswith(".jobfleet-")}
    assert have - whole  # half written by the one that died
    assert len(files_in(home / "out")) == 40
    # Those on their way when the process died are fetched again, and no others.
    assert sum(made.startswith("GET outputs") for made in stack.front.calls) - gets <= 40 - len(whole) + 16


def test_two_processes_do_not_do_the_same_at_once(stack: Any, home: Path, folder: Path, run: Run) -> None:
    process = start(stack, home, "greyscale", "in", "-o", "out")
    stack.until(lambda: stack.waiting(stack.requests) == 12)
    ran = run("greyscale", "in", "-o", "out", "--resume")
    assert ran.returncode == Exit.BAD_INPUT
    assert "another jobfleet is running this command" in ran.stderr
    stack.worker()
    # Another command about the same images is another run.
    assert run("threshold", "in", "-o", "out2").returncode == 0
    assert process.wait(patience(120)) == 0


def test_a_changed_file_is_sent_again_and_a_lost_output_fetched_again(
    stack: Any, home: Path, folder: Path, run: Run, worker: Any
) -> None:
    (home / "out").mkdir()
    (home / "out" / "3.png").mkdir()  # in the way of an output
    ran = run("greyscale", "in", "-o", "out")
    assert ran.returncode == Exit.JOB_FAILED
    assert "in/3.png: " in ran.stderr
    assert "with --resume to retry the images" in ran.stderr
    (home / "out" / "3.png").rmdir()
    (home / "out" / "5.png").unlink()
    picture(folder / "7.png", 1234)
    before = len(stack.front.calls)
    ran = run("greyscale", "in", "-o", "out", "--resume")
    assert ran.returncode == 0, ran.stderr
    mine = stack.front.calls[before:]
    assert len([call for call in mine if call.startswith("PUT uploads/")]) == 1
    assert len([call for call in mine if call.startswith("GET outputs/")]) == 3
    assert len(files_in(home / "out")) == 12


def test_without_resume_a_run_begins_anew_and_says_so(stack: Any, home: Path, folder: Path, run: Run) -> None:
    ran = run("greyscale", "in", "-o", "out", "--timeout", "1")
    assert ran.returncode == Exit.NO_ANSWER
    assert "no worker answered within 1 s; 12 jobs are still waiting" in ran.stderr
    ran = run("greyscale", "in", "-o", "out", "--timeout", "1")
    assert "was interrupted (12 sent, 0 done); starting again from the beginning" in ran.stderr
    assert len(sent_ids(stack)) == 24


def test_expired_credentials_end_a_run_that_can_be_resumed(
    stack: Any, home: Path, folder: Path, run: Run
) -> None:
    process = start(stack, home, "greyscale", "in", "-o", "out")
    stack.until(lambda: stack.waiting(stack.requests) == 12)
    stack.front.expired_keys = {"key"}
    _, said = process.communicate(timeout=patience(60))
    assert process.returncode == Exit.CREDENTIALS
    assert "have expired" in said
    assert "--resume" in said
    stack.front.expired_keys = set()
    stack.worker()
    assert run("greyscale", "in", "-o", "out", "--resume").returncode == 0
