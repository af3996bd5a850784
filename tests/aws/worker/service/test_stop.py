"""How a worker holds on, stops, and says that it lives."""

import io
import json
import signal
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from jobfleet_worker.aws.queues import EntryRefusal
from jobfleet_worker.daemon_pool import DaemonPool
from jobfleet_worker.job.leases import Leases
from PIL import Image

from tests.faults.processes import Systemd
from tests.patience import patience


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 6), (200, 100, 50)).save(out, "PNG")
    return out.getvalue()


class Clock:
    """A clock that is turned by hand."""

    seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def leases(bench: Any) -> Iterator[tuple[Leases, Clock, Any, list[str]]]:
    worker, clock, said = bench(), Clock(), []
    limits = replace(worker.settings, visibility_timeout=6, job_time_limit=120)
    made = Leases(limits, worker.queues, clock, lambda event, **more: said.append(event))  # type: ignore[arg-type]
    with pytest.MonkeyPatch.context() as patch:
        helpers, extend = DaemonPool(1), made.extend
        helpers.start()
        # One round of extensions is over before the next thing happens.
        patch.setattr(made, "extend", lambda: [each.result(patience(60)) for each in extend(helpers)])
        yield made, clock, worker.queues, said
        helpers.stop()


def test_whatever_is_held_is_extended_when_a_third_of_its_time_is_over(stack: Any, leases: Any) -> None:
    made, clock, queues, _ = leases
    for _ in range(12):
        stack.send(stack.request())
    held = [one for _ in range(2) for one in made.take(queues.receive(10, 0), clock.seconds)]
    assert len(held) == 12
    made.extend()
    assert "ChangeMessageVisibilityBatch" not in stack.front.calls
    clock.seconds += 2
    made.extend()
    assert stack.front.calls.count("ChangeMessageVisibilityBatch") == 2
    assert {one.expires for one in held} == {1008}
    made.hand_back(held[:5], 0)
    clock.seconds += 2
    made.extend()
    assert (stack.visible(), len(made)) == (5, 7)


def test_a_hold_that_is_refused_runs_out_or_lasts_too_long_is_lost(
    stack: Any, leases: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, clock, queues, said = leases
    for _ in range(4):
        stack.send(stack.request())
    first, second, third, fourth = made.take(queues.receive(4, 0), clock.seconds)
    third.begun = clock.seconds - 1000
    clock.seconds += 2
    monkeypatch.setattr(
        queues, "hide", lambda messages, seconds: {0: EntryRefusal("x", True), 1: EntryRefusal("y", False)}
    )
    fourth.expires = 2000
    made.extend()
    assert [made.is_lost(one) for one in (first, second, third, fourth)] == [True, False, True, False]
    clock.seconds += 5
    assert [made.is_lost(one) for one in (first, second, third, fourth)] == [True, True, True, False]
    assert said == ["lease-lost"] * 3


def test_a_hold_that_is_refused_while_its_message_is_taken_off_the_queue_is_not_lost(
    stack: Any, leases: Any
) -> None:
    made, clock, queues, said = leases
    stack.send(stack.request())
    [held] = made.take(queues.receive(1, 0), clock.seconds)
    made.leave([held])
    queues.delete([held.message])
    clock.seconds += 2
    made.extend()
    assert "ChangeMessageVisibilityBatch" in stack.front.calls
    assert (made.is_lost(held), said) == (False, [])


# So many that a process which is slow to start does not make the worker think that jobs are long.
SHORT = 20


def test_sigterm_hands_back_at_once_what_was_not_begun(stack: Any) -> None:
    for n in range(SHORT):
        stack.send(stack.request("greyscale", png(), output=f"outputs/short-{n}.png"))
    # So long a hold that what goes back was handed back.
    worker = stack.worker("--config", str(stack.settings_file(processes=1, visibility_timeout=300)))
    # From those it knows that they are short, and takes as many as it has threads.
    stack.until(lambda: stack.waiting(stack.requests) == 0)
    released = stack.front.hold("PUT outputs/")
    for n in range(40):
        stack.send(stack.request("greyscale", png(), output=f"outputs/{n}.png"))
    stack.until(lambda: sum(call.startswith("PUT outputs/") for call in stack.front.calls) == SHORT + 16)
    worker.send_signal(signal.SIGTERM)
    stack.until(lambda: stack.visible() == 24)
    released.set()
    out, _ = worker.communicate(timeout=patience(60))
    assert (worker.returncode, stack.waiting(stack.requests)) == (0, 24)
    assert stack.waiting(stack.replies) == SHORT + 16
    events = [json.loads(line)["event"] for line in out.splitlines()]
    assert events == ["started", *["job"] * (SHORT + 16), "stopped"]


def test_a_second_sigterm_hands_back_what_runs_too(stack: Any, systemd: Systemd) -> None:
    released = stack.front.hold("PUT outputs/")
    stack.send(stack.request("greyscale", png(), output="outputs/x.png"))
    settings = stack.settings_file(visibility_timeout=300)
    worker = stack.worker("--config", str(settings), NOTIFY_SOCKET=str(systemd.path))
    stack.until(lambda: any(call.startswith("PUT outputs/") for call in stack.front.calls))
    worker.send_signal(signal.SIGTERM)
    stack.until(lambda: "STOPPING=1" in systemd.heard)
    turns = systemd.turns()
    stack.until(lambda: systemd.turns() > turns + 30)  # in its wait for what runs
    assert (worker.poll(), stack.visible()) == (None, 0)
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=patience(60))
    assert (worker.returncode, stack.visible()) == (0, 1)
    assert not released.is_set()


def test_the_time_limit_of_a_stop_hands_back_what_runs_too(stack: Any) -> None:
    stack.front.hold("PUT outputs/")
    stack.send(stack.request("greyscale", png(), output="outputs/x.png"))
    settings = stack.settings_file(stop_timeout=2, visibility_timeout=300)
    worker = stack.worker("--config", str(settings))
    stack.until(lambda: any(call.startswith("PUT outputs/") for call in stack.front.calls))
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=patience(40))
    assert (worker.returncode, stack.visible()) == (0, 1)


def test_a_worker_says_that_it_lives_and_what_it_did(stack: Any, bench: Any) -> None:
    last = stack.request()
    stack.send(stack.request("rot13"))
    worker = bench().start()
    stack.until(lambda: any(call == "PUT workers/w1.json" for call in stack.front.calls))
    stack.until(lambda: stack.waiting(stack.requests) == 0)
    stack.send(last)
    stack.until(lambda: stack.waiting(stack.requests) == 0)
    worker.stop()
    sign = json.loads(stack.object("workers/w1.json"))
    assert sign["versions"]["jobfleet"] == "1.2.3"
    assert sign["counts"] == {"failed": 1, "succeeded": 1}
    assert sign["last_job"]["id"] == last.id
    assert (sign["in_flight"], sign["paused"], sign["credentials_age"], sign["stopped"]) == (
        0,
        None,
        None,
        True,
    )
    assert stack.front.calls.count("PUT workers/w1.json") >= 2
