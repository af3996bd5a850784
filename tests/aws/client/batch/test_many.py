"""Many images through one command."""

import json
import os
import pty
import shutil
import signal
import sqlite3
import subprocess
import threading
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jobfleet.errors import Exit
from PIL import Image

from tests.client_run import JOBFLEET, Run, environment, picture
from tests.patience import patience

SQS_CALLS = ("SendMessage", "SendMessageBatch", "ReceiveMessage", "DeleteMessageBatch", "GetQueueUrl",
             "CreateQueue", "DeleteQueue", "TagQueue", "ListQueues")  # fmt: skip


@pytest.fixture
def folder(home: Path) -> Path:
    """A folder with twelve images in it and below, all different, and two other files."""
    for number in range(9):
        picture(home / "in" / f"{number}.png", number)
    for number in range(3):
        picture(home / "in" / "deeper" / f"{number}.jpg", 100 + number)
    (home / "in" / "notes.txt").write_text("words")
    (home / "in" / ".hidden.png").write_text("words")
    return home / "in"


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def sent_ids(stack: Any) -> Counter[str]:
    """Take all requests from the queue; count how often each id was sent."""
    ids: Counter[str] = Counter()
    while True:
        found = stack.sqs.receive_message(QueueUrl=stack.requests, MaxNumberOfMessages=10)
        if "Messages" not in found:
            return ids
        for message in found["Messages"]:
            ids[json.loads(message["Body"])["id"]] += 1
            stack.sqs.delete_message(QueueUrl=stack.requests, ReceiptHandle=message["ReceiptHandle"])


def noted_as_sent(home: Path) -> int:
    """Count what a run that is under way has written down as sent, from a copy: it has its ledger alone."""
    copy = home / "copy" / "ledger.sqlite"
    shutil.rmtree(copy.parent, ignore_errors=True)
    copy.parent.mkdir()
    for ledger in home.rglob("runs/*.sqlite"):
        shutil.copy(ledger, copy)
        with suppress(FileNotFoundError):  # not begun yet
            shutil.copy(f"{ledger}-wal", f"{copy}-wal")
    with closing(sqlite3.connect(copy)) as ledger_copy, suppress(sqlite3.DatabaseError):  # no table yet
        (count,) = ledger_copy.execute("SELECT count(*) FROM items WHERE state = 'sent'").fetchone()
        return int(count)
    return 0


def start(stack: Any, home: Path, *arguments: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [JOBFLEET, *arguments], cwd=home, env=environment(stack, home), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    stack.processes.append(process)
    return process


def test_a_folder_comes_back_under_the_same_paths(run: Run, worker: Any, folder: Path) -> None:
    ran = run("greyscale", "in", "-o", "out")
    assert ran.returncode == 0, ran.stderr
    expected = {f"{n}.png" for n in range(9)} | {f"deeper/{n}.jpg" for n in range(3)}
    assert files_in(folder.parent / "out") == expected
    assert {Path(line) for line in ran.stdout.splitlines()} == {Path("out") / name for name in expected}
    assert "left out 2 files" in ran.stderr
    assert "notes.txt" in ran.stderr
    assert "12 images done" in ran.stderr
    for name in expected:
        with Image.open(folder.parent / "out" / name) as image, Image.open(folder / name) as source:
            assert (image.mode, image.size) == ("L", source.size)


def test_several_files_and_folders_go_where_one_would_look_for_them(
    run: Run, worker: Any, folder: Path, photo: Path
) -> None:
    home = folder.parent
    assert run("threshold", "photo.png", "in/1.png").returncode == 0
    assert {"photo-threshold.png", "1-threshold.png"} <= files_in(home)
    assert run("greyscale", "in/deeper").returncode == 0
    assert files_in(home / "deeper-greyscale") == {"0.jpg", "1.jpg", "2.jpg"}
    assert run("greyscale", "in/deeper", "photo.png", "-o", "both").returncode == 0
    assert files_in(home / "both") == {"deeper/0.jpg", "deeper/1.jpg", "deeper/2.jpg", "photo.png"}
    assert run("greyscale", "photo.png", "-o", "both").returncode == 0
    # What lies in the folder of the outputs is none of the input.
    (home / "in/deeper/out").mkdir()
    ran = run("greyscale", "in/deeper", "-o", "in/deeper/out")
    again = run("greyscale", "in/deeper", "-o", "in/deeper/out")
    assert len(ran.stdout.splitlines()) == len(again.stdout.splitlines()) == 3


def test_outputs_that_would_overwrite_each_other_or_an_input_are_refused(
    run: Run, folder: Path, photo: Path, stack: Any
) -> None:
    for arguments, words in (
        (("in/0.png", "0.png"), "would both be 0-greyscale.png"),
        (("in", "-o", "in"), "is one of the inputs"),
        (("in", "-o", "photo.png"), "is a file"),
    ):
        picture(folder.parent / "0.png", 77)
        ran = run("greyscale", *arguments)
        assert (ran.returncode, ran.stdout) == (Exit.OUTPUT, "")
        assert words in ran.stderr
    ran = run("greyscale", "in", "nothing.png")
    assert ran.returncode == Exit.BAD_INPUT
    assert "there is no file nothing.png" in ran.stderr
    assert stack.front.calls == []


def test_what_failed_is_listed_with_its_cause_and_the_rest_is_done(
    run: Run, worker: Any, folder: Path
) -> None:
    (folder / "4.png").write_text("just words")
    (folder / "deeper" / "1.jpg").write_bytes(b"")
    ran = run("greyscale", "in", "-o", "out", "--json")
    assert ran.returncode == Exit.JOB_FAILED
    told = json.loads(ran.stderr.splitlines()[-1])["error"]
    assert "2 of 12 images failed:" in told
    for name in ("in/4.png", "in/deeper/1.jpg"):
        [line] = [line for line in told.splitlines() if line.startswith(f"  {name}: ")]
        assert "no image" in line or "empty" in line, line
    found = [json.loads(line) for line in ran.stdout.splitlines()]
    assert Counter(each["status"] for each in found) == {"succeeded": 10, "failed": 2}
    assert {each["input"] for each in found} == {f"in/{name}" for name in files_in(folder)} - {
        "in/notes.txt", "in/.hidden.png"
    }  # fmt: skip
    assert len(files_in(folder.parent / "out")) == 10


def test_names_in_the_bucket_and_no_download(run: Run, worker: Any, folder: Path, stack: Any) -> None:
    ran = run("greyscale", "in", "--name", "holiday", "--no-download")
    assert ran.returncode == 0, ran.stderr
    listed = stack.s3.list_objects_v2(Bucket=stack.bucket, Prefix="outputs/")["Contents"]
    expected = {f"outputs/holiday/{n}.png" for n in range(9)} | {
        f"outputs/holiday/deeper/{n}.jpg" for n in range(3)
    }
    assert {item["Key"] for item in listed} == expected
    assert set(ran.stdout.splitlines()) == {f"s3://{stack.bucket}/{key}" for key in expected}
    assert not list(folder.parent.glob("in-*"))
    one = run("greyscale", "in/0.png", "--no-download")
    assert "bucket  s3://" in one.stdout
    assert "file" not in one.stdout


def test_images_of_the_same_content_are_uploaded_and_done_once(
    run: Run, worker: Any, home: Path, stack: Any
) -> None:
    for number in range(20):
        picture(home / "in" / f"{number}.png", number % 2)
    shutil.copy(home / "in/0.png", home / "in/other.webp")
    ran = run("greyscale", "in", "-o", "out")
    assert ran.returncode == 0, ran.stderr
    puts = [call for call in stack.front.calls if call.startswith("PUT uploads/")]
    assert len(puts) == 3  # two contents, and one of them to be written as another format
    assert len(files_in(home / "out")) == 21
    for number in range(20):
        same = (home / f"out/{number}.png").read_bytes() == (home / f"out/{number % 2}.png").read_bytes()
        assert same


def test_twins_under_names_of_their_own_share_the_upload(
    run: Run, worker: Any, home: Path, stack: Any
) -> None:
    for number in range(6):
        picture(home / "in" / f"{number}.png", 1)
    assert run("greyscale", "in", "--name", "n", "--no-download").returncode == 0
    listed = stack.s3.list_objects_v2(Bucket=stack.bucket, Prefix="outputs/n/")["Contents"]
    assert len(listed) == 6
    assert len([call for call in stack.front.calls if call.startswith("PUT uploads/")]) == 1


def test_many_jobs_take_less_than_one_call_of_sqs_each(run: Run, stack: Any, home: Path) -> None:
    worker = stack.worker("--config", str(stack.settings_file(endpoint_url=stack.s3.meta.endpoint_url)))
    for number in range(100):
        picture(home / "in" / f"{number}.png", number, (8, 8))
    ran = run("greyscale", "in", "-o", "out")
    assert ran.returncode == 0, ran.stderr
    assert worker.poll() is None
    calls = Counter(call for call in stack.front.calls if call in SQS_CALLS)
    assert calls["SendMessage"] == 0
    assert calls["SendMessageBatch"] <= 30
    assert sum(calls.values()) < 100, calls


def test_after_ctrl_c_the_same_command_goes_on_where_it_was(
    stack: Any, home: Path, folder: Path, run: Run
) -> None:
    process = start(stack, home, "greyscale", "in", "-o", "out")
    stack.until(lambda: noted_as_sent(home) == 12)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=patience(120))
    assert process.returncode == Exit.INTERRUPTED
    assert "0 of 12 images done, and 12 more sent, which go on without you" in said
    assert "--resume" in said
    before = len(stack.front.calls)
    stack.worker()
    ran = run("greyscale", "in", "-o", "out", "--resume")
    assert ran.returncode == 0, ran.stderr
    assert "going on: 12 were sent before" in ran.stderr
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
    assert "another jobfleet is at this very command" in ran.stderr
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
    assert "--resume tries those again" in ran.stderr
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
    assert "no worker answered within 1 s; still in line: 12 jobs" in ran.stderr
    ran = run("greyscale", "in", "-o", "out", "--timeout", "1")
    assert "did not end (12 sent, 0 done); beginning anew" in ran.stderr
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


def test_an_image_through_standard_input_and_output(run: Run, worker: Any, photo: Path) -> None:
    ran = run("greyscale", "-", stdin=photo.read_bytes(), text=False)
    assert ran.returncode == 0, ran.stderr
    (photo.parent / "piped.png").write_bytes(ran.stdout)
    with Image.open(photo.parent / "piped.png") as image:
        assert (image.mode, image.size) == ("L", (60, 40))
    assert run("greyscale", "photo.png", "-o", "-", text=False).stdout == ran.stdout
    named = run("greyscale", "-", "-o", "named.png", stdin=photo.read_bytes(), text=False)
    assert named.returncode == 0
    assert (photo.parent / "named.png").read_bytes() == ran.stdout
    for arguments in (("-", "photo.png"), ("photo.png", "a.png", "-o", "-"), ("-", "--json"),
                      ("photo.png", "-o", "x.png", "--no-download")):  # fmt: skip
        assert run("greyscale", *arguments).returncode == Exit.USAGE, arguments


def test_names_that_no_key_can_hold_are_no_hindrance(run: Run, worker: Any, photo: Path) -> None:
    (photo.parent / "in").mkdir()
    for name in (b"line\nbreak.png", b"no\xffutf8.png", "ümläut ß.png".encode()):
        shutil.copy(photo, photo.parent / "in" / os.fsdecode(name))
    ran = run("greyscale", "in", "-o", "out", PYTHONIOENCODING="utf-8:strict")
    assert ran.returncode == 0, ran.stderr
    assert len(files_in(photo.parent / "out")) == 3


def test_a_terminal_sees_a_bar_with_rate_and_time_left(
    stack: Any, home: Path, folder: Path, worker: Any
) -> None:
    reading, writing = pty.openpty()
    process = subprocess.Popen(
        [JOBFLEET, "greyscale", "in", "-o", "out"], cwd=home, stderr=writing, stdout=subprocess.PIPE,
        env=environment(stack, home, TERM="xterm", COLUMNS="120", NO_COLOR="1"), text=True,
    )  # fmt: skip
    stack.processes.append(process)
    os.close(writing)
    seen: list[bytes] = []

    def read() -> None:
        try:
            while data := os.read(reading, 65536):
                seen.append(data)
        except OSError:
            pass  # the terminal's other side was closed

    reader = threading.Thread(target=read)
    reader.start()
    out, _ = process.communicate(timeout=patience(60))
    reader.join(patience(10))
    os.close(reading)
    said = b"".join(seen).decode()
    assert process.returncode == 0, said
    assert "12/12" in said
    assert "left" in said
    assert "\x1b[3" not in said  # no colour
    assert len(out.splitlines()) == 12


def test_a_quiet_run_says_nothing_but_results(run: Run, worker: Any, folder: Path) -> None:
    ran = run("greyscale", "in", "-o", "out", "--quiet")
    assert (ran.returncode, ran.stderr, len(ran.stdout.splitlines())) == (0, "", 12)
    assert np.asarray(Image.open(folder.parent / "out" / "0.png")).shape == (40, 60)
