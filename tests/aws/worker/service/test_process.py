"""The worker as a process of its own: signals, sudden death, new credentials, systemd."""

import io
import json
import signal
import socket
from pathlib import Path
from typing import Any

from PIL import Image

from tests.faults.processes import Systemd
from tests.patience import patience
from tests.places import REPOSITORY

# On PYTHONPATH, it keeps a worker from asking again, with credentials that were refused, for hours.
PATIENT = str(REPOSITORY / "tests/aws/patient")

# So often is a hold extended in one visibility timeout.
BEATS = 3


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 6), (200, 100, 50)).save(out, "PNG")
    return out.getvalue()


def called(stack: Any, start: str) -> bool:
    return any(call.startswith(start) for call in stack.front.calls)


def test_a_stack_name_is_enough_to_run_a_worker(stack: Any) -> None:
    stack.send(stack.request())
    worker = stack.worker("--stack", stack.name, "--region", "us-east-1")
    stack.until(lambda: stack.waiting(stack.replies))
    assert stack.answer().status == "succeeded"
    assert worker.poll() is None


def test_sigterm_lets_the_job_in_hand_finish_and_the_worker_exits_with_0(
    stack: Any, systemd: Systemd
) -> None:
    released = stack.front.hold("PUT outputs/")
    stack.send(stack.request("greyscale", png(), output="outputs/x.png"))
    # So long a hold that what goes back was handed back.
    settings = stack.settings_file(visibility_timeout=300)
    worker = stack.worker("--config", str(settings), NOTIFY_SOCKET=str(systemd.path))
    stack.until(lambda: called(stack, "PUT outputs/"))
    worker.send_signal(signal.SIGTERM)
    stack.until(lambda: "STOPPING=1" in systemd.heard)
    stack.send(stack.request())
    released.set()
    out, _ = worker.communicate(timeout=patience(60))
    assert worker.returncode == 0
    assert stack.answer().operation == "greyscale"
    assert stack.visible() == 1  # the job that was not begun is there for another worker at once
    events = [json.loads(line)["event"] for line in out.splitlines()]
    assert events == ["started", "job", "stopped"]
    logged = sorted(stack.logged(), key=lambda line: str(line["time"]))
    assert [line["event"] for line in logged] == events
    assert list((stack.folder / "spool").iterdir()) == []


def test_a_job_whose_worker_is_killed_comes_back_and_is_done(stack: Any) -> None:
    released = stack.front.hold("GET uploads/")
    stack.send(stack.request("greyscale", png(), output="outputs/x.png"))
    first = stack.worker()
    stack.until(lambda: called(stack, "GET uploads/"))
    first.kill()
    first.wait()
    released.set()
    stack.worker()
    stack.until(lambda: stack.waiting(stack.replies))
    answer = stack.answer()
    assert (answer.status, answer.attempt) == ("succeeded", 2)
    stack.until(lambda: stack.waiting(stack.requests) == 0)
    # What the killed one had written of its log is in the bucket too.
    assert [line["event"] for line in stack.logged()].count("started") == 2


def test_a_job_longer_than_the_visibility_timeout_is_done_once(stack: Any) -> None:
    released = stack.front.hold("PUT outputs/")
    stack.send(stack.request("greyscale", png(), output="outputs/x.png"))
    stack.worker()
    stack.until(lambda: called(stack, "PUT outputs/"))
    # Each a third of the visibility timeout after the last: without them, the request would be free again.
    stack.until(lambda: stack.front.calls.count("ChangeMessageVisibilityBatch") > BEATS)
    assert stack.visible() == 0
    released.set()
    stack.until(lambda: stack.waiting(stack.requests) == 0)
    assert stack.answer().attempt == 1


def test_new_credentials_in_the_file_are_used_without_a_restart(stack: Any, systemd: Systemd) -> None:
    file = Path(stack.folder) / "credentials"

    def write(key: str) -> None:
        new = file.with_suffix(".new")
        new.write_text(
            f"[default]\naws_access_key_id = {key}\naws_secret_access_key = s\naws_session_token = t\n"
        )
        new.replace(file)

    write("old")
    stack.front.expired_keys = {"old"}
    stack.send(stack.request())
    worker = stack.worker(
        AWS_SHARED_CREDENTIALS_FILE=str(file), AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="",
        NOTIFY_SOCKET=str(systemd.path), PYTHONPATH=PATIENT,
    )  # fmt: skip
    stack.until(lambda: "credentials" in systemd.status())
    turns = systemd.turns()
    stack.until(lambda: systemd.turns() > turns + 10)  # two seconds at least
    assert stack.front.calls.count("GetQueueUrl") == 1  # it does not hammer
    write("new")
    stack.until(lambda: stack.waiting(stack.replies))
    worker.send_signal(signal.SIGTERM)
    out, _ = worker.communicate(timeout=patience(60))
    assert worker.returncode == 0
    assert [json.loads(line)["event"] for line in out.splitlines()] == [
        "started", "paused", "resumed", "job", "stopped",
    ]  # fmt: skip
    assert "secret" not in out


def test_systemd_hears_ready_the_watchdogs_word_and_stopping(stack: Any) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(stack.folder / "notify"))
        systemd.settimeout(60)
        worker = stack.worker(NOTIFY_SOCKET=str(stack.folder / "notify"), WATCHDOG_USEC="300000")
        assert systemd.recv(500).startswith(b"READY=1\nSTATUS=")
        assert systemd.recv(500) == b"WATCHDOG=1"
        worker.send_signal(signal.SIGINT)
        heard = {systemd.recv(500)}
        while b"STOPPING=1" not in heard:
            heard.add(systemd.recv(500))
    assert worker.wait(patience(60)) == 0


def test_settings_that_cannot_work_end_the_worker_with_a_sentence(stack: Any) -> None:
    worker = stack.worker("--config", str(stack.settings_file(wait_time=99)))
    out, _ = worker.communicate(timeout=patience(60))
    assert worker.returncode == 78
    assert "wait_time = 99 cannot work: give a whole number from 0 to 20" in out
    assert "Traceback" not in out
    worker = stack.worker("--config", "/nowhere/worker.toml")
    out, _ = worker.communicate(timeout=patience(60))
    assert worker.returncode == 78
    assert "/nowhere/worker.toml" in out


def test_what_a_crash_left_in_the_spool_is_uploaded_at_the_start(stack: Any) -> None:
    spool = stack.folder / "spool"
    spool.mkdir()
    (spool / "20260101-000000-000007.jsonl").write_text('{"event": "job", "job": "left over"}\n')
    stack.worker()
    stack.until(lambda: {"event": "job", "job": "left over"} in stack.logged())
