"""A thread that is stuck costs the worker systemd's trust, whichever thread it is."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError
from jobfleet_worker.reporting import systemd
from jobfleet_worker.reporting.systemd import STUCK_SECONDS, Watchdog

from tests.patience import patience

# By the hand-turned clock: longer than anything may take.
LONG_SECONDS = 10 * STUCK_SECONDS


class Clock:
    """A clock that is turned by hand."""

    seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> Any:
        raise NotImplementedError


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the watchdog says to systemd."""
    said: list[str] = []
    monkeypatch.setattr(systemd, "notify", lambda *words: said.extend(words))
    return said


def test_all_is_well_while_every_thread_moves_within_its_own_patience(told: list[str]) -> None:
    clock, waits = Clock(), [False]
    watchdog = Watchdog(clock, lambda: waits[0])
    watchdog.mover("job", patience=100)
    moved = watchdog.mover("hold")

    clock.seconds += STUCK_SECONDS + 50
    moved()
    watchdog.feed()
    assert told == ["WATCHDOG=1"]

    clock.seconds += 51
    watchdog.feed()
    assert told == ["WATCHDOG=1"]

    waits[0] = True  # for AWS, which is no standstill
    watchdog.feed()
    assert told == ["WATCHDOG=1"] * 2


def stuck_in_a_job(worker: Any, stack: Any, standstill: Callable[..., Any]) -> None:
    worker.storage.read_input = standstill
    stack.send(stack.request(source=b"1 2 3"))


def stuck_in_an_answer(worker: Any, stack: Any, standstill: Callable[..., Any]) -> None:
    worker.queues.answer = standstill
    stack.send(stack.request())


def stuck_with_the_log(worker: Any, stack: Any, standstill: Callable[..., Any]) -> None:
    worker.storage.write_heartbeat = worker.heartbeats._write = standstill


@pytest.mark.parametrize(
    ("kind", "stick"),
    [("work-", stuck_in_a_job), ("commit-", stuck_in_an_answer), ("upkeep", stuck_with_the_log)],
)
def test_a_stuck_thread_of_any_kind_ends_the_words_to_the_watchdog(
    stack: Any, bench: Any, told: list[str], kind: str, stick: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    worker, clock = bench(visibility_timeout=300), Clock()
    stuck, released = threading.Event(), threading.Event()

    def standstill(*_: Any) -> Any:
        stuck.set()
        released.wait(patience(120))
        raise BotoCoreError  # it moves again

    watchdog = worker.engine._watchdog
    watchdog._clock = clock
    stick(worker, stack, standstill)
    worker.start()
    stack.until(stuck.is_set)
    stack.until(lambda: "WATCHDOG=1" in told)

    clock.seconds += LONG_SECONDS
    moved = watchdog._moved
    stack.until(lambda: all(name.startswith(kind) for name in moved if moved[name] < clock.seconds))
    told.clear()
    fed: list[None] = []
    feed = watchdog.feed
    monkeypatch.setattr(watchdog, "feed", lambda: (feed(), fed.append(None)))
    stack.until(lambda: len(fed) > 10)
    assert told == []

    released.set()
    stack.until(lambda: "WATCHDOG=1" in told)
