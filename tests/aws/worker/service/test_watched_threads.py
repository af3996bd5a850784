"""A thread of the worker that dies is told of at once, and a whole worker takes over."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from jobfleet_worker.__main__ import Exit

from tests.faults.processes import Systemd
from tests.patience import patience
from tests.pictures import saved, smooth
from tests.places import REPOSITORY

MAIMED = REPOSITORY / "tests/aws/maimed"


def once(thread: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that raises the first time a thread of that name calls it."""
    lock, died = threading.Lock(), []

    def maimed(*arguments: Any, **named: Any) -> Any:
        with lock:
            mine = threading.current_thread().name.startswith(thread) and not died
            if mine:
                died.append(True)
        if mine:
            raise ZeroDivisionError("a fault of the worker's own")
        return method(*arguments, **named)

    return maimed


@pytest.mark.parametrize(
    ("thread", "part", "method"),
    [
        ("receive-", "receivers", "_receive"),
        ("lease", "leases", "extend"),
        *((thread, "committer", "_run") for thread in ("commit-", "answer-", "clear-")),
        ("notes", "notes", "run"),
        ("upkeep", "upkeep", "_do_what_is_due"),
    ],
)
def test_a_thread_of_any_kind_that_dies_is_told_of_and_stops_the_worker(
    stack: Any, bench: Any, thread: str, part: str, method: str
) -> None:
    stack.send(stack.request())
    worker = bench(wait_time=1)
    owner = getattr(worker.parts, part)
    setattr(owner, method, once(thread, getattr(owner, method)))

    worker.start().wait()

    assert worker.well is False
    (said,) = [line for line in worker.lines() if line["event"] == "thread-died"]
    assert said["thread"].startswith(thread)
    assert said["cause"] == "ZeroDivisionError: a fault of the worker's own"
    assert "in maimed" in said["trace"]
    # What it had in hand is done, or there for the next worker at once.
    assert stack.waiting(stack.replies) + stack.visible() == 1


def test_the_job_of_a_thread_that_dies_is_handed_back(stack: Any, bench: Any) -> None:
    stack.send(stack.request("greyscale", saved(smooth(6, 8)), output="outputs/x.png"))
    # So long a hold that what goes back was handed back.
    worker = bench(stop_timeout=1, visibility_timeout=300)
    worker.parts.leases.is_lost = once("work-", worker.parts.leases.is_lost)
    worker.start().wait()
    assert worker.well is False
    assert stack.visible() == 1


def test_its_process_finishes_what_was_begun_and_tells_systemd_by_its_exit_code(
    stack: Any, systemd: Systemd
) -> None:
    released = stack.front.hold("PUT outputs/")
    stack.send(stack.request("greyscale", saved(smooth(6, 8)), output="outputs/x.png"))
    settings = stack.settings_file(visibility_timeout=300)
    worker = stack.worker("--config", str(settings), NOTIFY_SOCKET=str(systemd.path), PYTHONPATH=f"{MAIMED}")
    stack.until(lambda: "STOPPING=1" in systemd.heard)
    released.set()
    out, _ = worker.communicate(timeout=patience(60))
    assert worker.returncode == Exit.BROKEN
    assert stack.answer().status == "succeeded"
    events = [json.loads(line)["event"] for line in out.splitlines()]
    assert events == ["started", "thread-died", "job", "stopped"]


def test_a_job_that_fails_in_no_known_way_leaves_where_it_did_in_the_log(stack: Any, bench: Any) -> None:
    def stumble(*_: Any) -> Any:
        raise ZeroDivisionError("stumbled")

    worker = bench()
    worker.storage.read_input = stumble
    stack.send(stack.request(source=b"1 2 3"))
    worker.work(lambda: "attempt-broken" in worker.events())
    broken = next(line for line in worker.lines() if line["event"] == "attempt-broken")
    assert broken["cause"] == "ZeroDivisionError: stumbled"
    assert "in stumble" in broken["trace"]
