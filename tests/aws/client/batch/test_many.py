"""Many images through one command."""

import json
import os
import pty
import shutil
import subprocess
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from jobfleet.errors import Exit
from PIL import Image

from tests.client_batch import SQS_CALLS, files_in
from tests.client_run import JOBFLEET, Run, environment, picture
from tests.patience import patience


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
