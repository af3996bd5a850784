"""A job whose process the kernel took, as it does where memory runs out, is done again alone."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from jobfleet_worker.errors import BrokenAttempt, GivenUp
from jobfleet_worker.operations.custom import OwnOperation
from jobfleet_worker.operations.outcome import Outcome
from jobfleet_worker.processes.pool import Pool
from jobfleet_worker.settings import from_mapping

from tests import neighbours
from tests.patience import patience, wait_for


class Jobs:
    """Two processes, and jobs for them that are named by files in a folder."""

    def __init__(self, folder: Path) -> None:
        names = ("stack", "region", "bucket", "request_queue", "response_queue", "dead_letter_queue")
        self._folder, self._threads = folder, ThreadPoolExecutor(4)
        self._pool = Pool(from_mapping({**dict.fromkeys(names, "st"), "processes": 2}))
        self._pool.start()

    def begin(self, operation: str, name: str, **more: Any) -> "Future[Outcome]":
        """Hand a job over."""
        entry = f"{neighbours.__name__}:{operation.replace('-', '_')}"
        own = OwnOperation(operation, "file", "…", gives="answer", entry=entry)
        data = str(self._folder / name).encode()
        return self._threads.submit(self._pool.run, own, {}, data, None, **more)

    def close(self) -> None:
        """End the processes."""
        self._pool.stop()
        self._threads.shutdown()


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    made = Jobs(tmp_path)
    yield made
    made.close()


def test_it_waits_for_its_neighbour_and_succeeds_in_the_same_attempt(jobs: Jobs, tmp_path: Path) -> None:
    neighbour = jobs.begin("wait", "neighbour")
    wait_for((tmp_path / "neighbour.begun").exists)
    begun: list[None] = []
    large = jobs.begin("die-once", "large", begun=lambda: begun.append(None))
    # Its time begins anew while it waits.
    wait_for(lambda: len(begun) >= 3)
    assert not large.done()
    assert not neighbour.done()
    (tmp_path / "neighbour").touch()
    assert large.result(patience(60)).result["pid"]
    assert neighbour.result(patience(60)).result["pid"]
    # Its places are free again.
    (tmp_path / "next").touch()
    following = [jobs.begin("wait", "next") for _ in range(4)]
    assert all(one.result(patience(60)).result["pid"] for one in following)


def test_a_job_that_dies_alone_too_is_a_broken_attempt(jobs: Jobs, tmp_path: Path) -> None:
    with pytest.raises(BrokenAttempt, match="killed from outside, as it is when the host's memory runs out"):
        jobs.begin("die", "alone").result(patience(60))
    (tmp_path / "next").touch()
    assert jobs.begin("wait", "next").result(patience(60)).result["pid"]


def test_a_job_that_waits_to_be_alone_is_given_up_when_the_worker_stops(jobs: Jobs, tmp_path: Path) -> None:
    neighbour = jobs.begin("wait", "neighbour")
    wait_for((tmp_path / "neighbour.begun").exists)
    died = tmp_path / "large.died"
    large = jobs.begin("die-once", "large", given_up=lambda: "the worker stops" if died.exists() else None)
    with pytest.raises(GivenUp, match="the worker stops"):
        large.result(patience(60))
    (tmp_path / "neighbour").touch()
    assert neighbour.result(patience(60)).result["pid"]
