"""How long answers wait for each other. The account and the queue are played here: only the pause counts."""

import itertools
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from jobfleet.answers import collector
from jobfleet.answers.collector import MANY, Collector
from jobfleet.answers.job import Job
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.message import Result


class OneByOne:
    """A reply queue that brings one answer a call, until there are none."""

    def __init__(self, ids: list[str]) -> None:
        self.bodies = [Result(one, "stats", "succeeded", "w", 1, {"mean": 2}).to_json() for one in ids]

    def receive(self, seconds: int) -> list[str]:
        return [self.bodies.pop(0)]


class Sent:
    """Who sent the jobs; their answers are collected already."""

    def collect(self) -> None:
        return None

    def clock(self) -> float:
        return 0.0

    def look_once_more(self, job: Job, timeout: float) -> None:
        raise AssertionError(f"job {job.id} has no answer")

    def download(self, result: Result, path: Any) -> Any:
        raise AssertionError("nothing is downloaded")


class Pauses(threading.Condition):
    """Notes how long it is to wait, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.noted.append(timeout)
        return True


@pytest.mark.parametrize("longest", [2.0, 0.02])
def test_answers_wait_for_each_other_no_longer_than_the_client_allows(
    longest: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each call takes ten seconds, so ten answers would have the next one wait for long.
    ticks = itertools.count(0, 10)
    monkeypatch.setattr(collector, "time", SimpleNamespace(monotonic=lambda: float(next(ticks))))
    ids = [new_job_id() for _ in range(MANY + 5)]
    nothing: Any = None
    queue: Any = OneByOne(ids)
    collecting = Collector(nothing, queue, nothing, longest)
    pauses = collecting._changed = Pauses()
    jobs = [Job(Sent(), one, "stats") for one in ids]
    for job in jobs:
        collecting.expect(job, by_queue=True)

    collecting.start()

    assert [job.exception(60) for job in jobs] == [None] * len(jobs)
    assert len(pauses.noted) == 5  # as long as there are many
    assert set(pauses.noted) == {longest}
