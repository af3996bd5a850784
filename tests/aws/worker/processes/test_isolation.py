"""Jobs that hang, swell, crash or stumble harm nobody but themselves, and leave a word of why."""

import io
import json
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from jobfleet_jobs.protocol.message import Attempt, Result
from jobfleet_worker.daemon_pool import DaemonPool
from jobfleet_worker.errors import BrokenAttempt
from jobfleet_worker.processes.slot import GRACE_SECONDS
from PIL import Image

from tests.patience import patience
from tests.places import REPOSITORY

HOSTILE = str(REPOSITORY / "tests/aws/hostile")


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 6), (200, 100, 50)).save(out, "PNG")
    return out.getvalue()


def hostile_worker(stack: Any, **settings: Any) -> Any:
    given = {"job_time_limit": 60, "job_memory_limit": 700 * 1024**2, "processes": 2, **settings}
    return stack.worker("--config", str(stack.settings_file(**given)), PYTHONPATH=HOSTILE)


def failing(stack: Any, job_id: str) -> Result | None:
    try:
        result: Result = stack.stored(job_id)
    except stack.s3.exceptions.NoSuchKey:
        return None
    return result


@pytest.mark.parametrize(
    ("operation", "cause"),
    [
        ("hang", "BrokenAttempt: the job took longer than 6 s"),
        ("swell", "BrokenAttempt: the job needs more than the 734,003,200 bytes of memory it may have"),
        ("die", "BrokenAttempt: the job's process died with exit code 7"),
        ("quit_cleanly", "BrokenAttempt: the job's process died with exit code 0"),
        ("leave", "BrokenAttempt: the job wanted to end its process: exit code 0"),
    ],
)
def test_a_job_that_does_harm_breaks_alone_and_its_cause_is_stored(
    stack: Any, operation: str, cause: str
) -> None:
    poison = stack.request(operation, png(), output="outputs/poison.png")
    good = [stack.request("greyscale", png(), output=f"outputs/{n}.png") for n in range(12)]
    for request in [*good[:6], poison, *good[6:]]:
        stack.send(request)
    # Only what hangs shall meet the limit, however slow the machine, and a late heartbeat make no attempt.
    limit = 6 if operation == "hang" else 60
    worker = hostile_worker(stack, job_time_limit=limit, visibility_timeout=300)
    stack.until(lambda: stack.waiting(stack.replies) == len(good))
    stack.until(lambda: failing(stack, poison.id))
    stored = failing(stack, poison.id)
    assert stored is not None
    assert (stored.status, stored.attempts[0].cause, stored.attempts[0].attempt) == ("failing", cause, 1)
    assert (stored.attempts[0].worker, stored.error, stored.result) == ("w1", None, None)
    # It waits for its next attempt, or is in it by now.
    stack.until(lambda: (stack.waiting(stack.requests), stack.visible()) == (1, 0))
    assert {stack.stored(request.id).attempt for request in good} == {1}
    worker.terminate()
    out, _ = worker.communicate(timeout=patience(120))
    lines = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    assert min(line["again_in_seconds"] for line in lines if line["event"] == "attempt-broken") >= 2


def test_an_image_that_breaks_its_operation_is_answered_at_once_and_harms_no_other(stack: Any) -> None:
    poison = stack.request("stumble", png(), output="outputs/poison.png")
    good = [stack.request("greyscale", png(), output=f"outputs/{n}.png") for n in range(6)]
    for request in [*good, poison]:
        stack.send(request)
    hostile_worker(stack)
    stack.until(lambda: stack.waiting(stack.replies) == len(good) + 1)
    stored = stack.stored(poison.id)
    assert (stored.status, stored.attempt, stored.attempts) == ("failed", 1, ())
    assert (stored.error.code, "ZeroDivisionError: stumbled" in stored.error.message) == (
        "breaks-the-code",
        True,
    )
    assert {stack.stored(request.id).status for request in good} == {"succeeded"}


def test_a_process_of_the_pool_that_is_killed_takes_no_more_than_its_own_job(stack: Any) -> None:
    for n in range(30):
        stack.send(stack.request("greyscale", png(), output=f"outputs/{n}.png"))
    worker = hostile_worker(stack)
    found: list[int] = []
    for _ in range(3):
        stack.until(lambda: found.extend(children(worker.pid)[:1]) or found)
        with suppress(ProcessLookupError):
            os.kill(found.pop(), signal.SIGKILL)
    stack.until(lambda: stack.waiting(stack.replies) >= 27)
    stack.until(lambda: stack.waiting(stack.requests) <= 3)
    assert worker.poll() is None


def test_a_worker_killed_in_a_job_leaves_its_word_to_the_next_attempt(stack: Any) -> None:
    request = stack.request("hang", png(), output="outputs/x.png")
    stack.send(request)
    first = hostile_worker(stack)
    stack.until(lambda: any(call.startswith("GET uploads/") for call in stack.front.calls))
    first.kill()
    hostile_worker(stack, job_time_limit=1)
    stack.until(lambda: (found := failing(stack, request.id)) and len(found.attempts) == 2)
    stored = failing(stack, request.id)
    assert stored is not None
    assert [attempt.attempt for attempt in stored.attempts] == [1, 2]
    assert "ended without a word" in stored.attempts[0].cause
    assert "longer than 1 s" in stored.attempts[1].cause


def test_a_record_of_broken_attempts_never_takes_the_place_of_a_result(stack: Any, bench: Any) -> None:
    worker = bench()
    attempt = Attempt("2026-01-01T00:00:00.000+00:00", "w2", 1, "broke")
    request = stack.request()
    done = Result(request.id, "stats", "succeeded", "w2", 1, {"count": 3})

    def overtaken(stored: Result | None) -> Result | None:
        if stored and stored.status != "failing":
            return None
        worker.storage.write_result(done)  # another worker is faster
        return Result(request.id, "stats", "failing", "w1", 1, attempts=(attempt,))

    worker.storage.add_attempts(request.id, overtaken)
    assert stack.stored(request.id) == done


def test_a_job_may_lie_ready_as_long_as_the_one_before_it_may_take(
    stack: Any, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, lost = bench(job_time_limit=60, visibility_timeout=300), []
    [slot] = worker.parts.pool._slots

    def wait_and_work(task: Any, begun: Any) -> Any:
        begun()
        [held] = worker.parts.leases.all()
        # All that its own time and the margin let it take, and the time of the one before; then more.
        for seconds in (60 + 60 + 60, 2 * GRACE_SECONDS + 5):
            held.begun -= seconds
            worker.parts.leases.extend(DaemonPool(0))
            lost.append(held.lost)
        raise BrokenAttempt("enough")

    monkeypatch.setattr(slot, "run", wait_and_work)
    stack.send(stack.request("greyscale", png(), output="outputs/x.png"))
    worker.start()
    stack.until(lambda: len(lost) == 2)
    assert lost == [False, True]


def children(worker: int) -> list[int]:
    """The pool's processes, which are children of the server that forks them."""
    parents = {
        int(path.name): int((path / "stat").read_text().rpartition(")")[2].split()[1])
        for path in Path("/proc").iterdir()
        if path.name.isdigit() and (path / "stat").exists()
    }
    servers = [pid for pid, parent in parents.items() if parent == worker]
    return [pid for pid, parent in parents.items() if parent in servers]
