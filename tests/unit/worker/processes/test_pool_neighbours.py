"""What a job may do to its process costs no job that comes before or after it in the same process.

Each test forces the moment: pebble hears of a process in messages and looks after it in another thread, and
which of the two is first is chance.
"""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from jobfleet_worker.errors import BrokenAttempt
from jobfleet_worker.operations.custom import OwnOperation
from jobfleet_worker.operations.outcome import Outcome
from jobfleet_worker.processes.pool import Pool
from jobfleet_worker.settings import from_mapping
from pebble.pool import process as pebble_process

from tests import neighbours
from tests.patience import patience, wait_for

MEMORY_LIMIT = 512 * 1024**2


class Jobs:
    """Begins jobs in one process, the first and one that lies ready behind it."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        names = ("stack", "region", "bucket", "request_queue", "response_queue", "dead_letter_queue")
        more = {"processes": 1, "job_memory_limit": MEMORY_LIMIT, **settings}
        self._folder = folder
        self._threads = ThreadPoolExecutor(2)
        self._pool = Pool(from_mapping({**dict.fromkeys(names, "st"), **more}))
        self._pool.start()
        [self._slot] = self._pool._slots

    def begin(self, operation: str, name: str = "job") -> "Future[Outcome]":
        """Hand over a job and return once the process has it, or it lies ready behind another."""
        own = OwnOperation(operation, "file", "…", gives="answer", entry=f"{neighbours.__name__}:{operation}")
        more = self._handed_over() + 1
        future = self._threads.submit(self._pool.run, own, {}, str(self._folder / name).encode(), None)
        wait_for(lambda: self._handed_over() >= more or future.done(), seen=f"{operation} is handed over")
        return future

    def has_begun(self, name: str) -> None:
        """Wait until that job runs."""
        wait_for((self._folder / f"{name}.begun").exists, seen=f"{name} has begun")

    def let_go_on(self, name: str) -> None:
        """Let that job go on."""
        (self._folder / name).touch()

    def close(self) -> None:
        """End the process."""
        self._pool.stop()
        self._threads.shutdown()

    def _handed_over(self) -> int:
        pool = self._slot._pool
        return len(pool._pool_manager.task_manager.tasks) if pool else 0


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Callable[..., Jobs]]:
    made: list[Jobs] = []

    def make(**settings: Any) -> Jobs:
        made.append(Jobs(tmp_path, **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


class Messages:
    """Holds back what processes tell pebble. `ended`: pebble has seen that a process is dead, or ended it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._leased, self._noticed, self.ended = Event(), Event(), Event()
        receive = pebble_process.WorkerManager.receive

        def held_back(manager: Any, timeout: float) -> Any:
            if not self._leased.is_set():
                return receive(manager, timeout)
            self._noticed.set()
            time.sleep(0.01)
            return pebble_process.NoMessage()

        monkeypatch.setattr(pebble_process.WorkerManager, "receive", held_back)
        for owner, name in (
            (pebble_process.PoolManager, "handle_worker_expiration"),
            (pebble_process.WorkerManager, "maybe_stop_worker"),
        ):
            monkeypatch.setattr(owner, name, self._noting(getattr(owner, name)))

    def hold(self) -> None:
        """Let nothing through any more."""
        self._leased.set()
        assert self._noticed.wait(patience(60))

    def release(self) -> None:
        """Let everything through again."""
        self._leased.clear()

    def _noting(self, end: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any) -> Any:
            try:
                return end(*arguments)
            finally:
                self.ended.set()

        return noted


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> Messages:
    return Messages(monkeypatch)


def test_where_memory_runs_out_the_kernel_takes_a_job_before_anything_else(
    jobs: Callable[..., Jobs],
) -> None:
    line = jobs()
    job = line.begin("wait", "job")
    line.let_go_on("job")
    child = job.result(patience(60)).result["pid"]
    assert Path(f"/proc/{child}/oom_score_adj").read_text() == "1000\n"
    assert int(Path("/proc/self/oom_score_adj").read_text()) < 1000
    # And the worker's own threads, which answer what is done, go before a job while the host is busy.
    assert os.getpriority(os.PRIO_PROCESS, child) > os.getpriority(os.PRIO_PROCESS, 0)


def test_a_job_that_ended_before_its_process_died_of_the_next_is_not_charged(
    jobs: Callable[..., Jobs], messages: Messages
) -> None:
    line = jobs()
    good = line.begin("wait", "good")
    line.has_begun("good")
    doomed = line.begin("die")
    messages.hold()  # the death is seen before the good job's result is read
    line.let_go_on("good")
    assert messages.ended.wait(patience(60))
    messages.release()

    assert good.result(patience(60)).result["pid"]
    with pytest.raises(BrokenAttempt, match="the job's process was killed from outside"):
        doomed.result(patience(60))


def test_a_job_that_runs_when_the_one_before_it_is_taken_for_late_is_not_charged(
    jobs: Callable[..., Jobs], messages: Messages
) -> None:
    line = jobs(job_time_limit=2)
    first = line.begin("wait", "first")
    line.has_begun("first")
    second = line.begin("wait", "second")
    messages.hold()  # the first one's time runs out before its result is read
    line.let_go_on("first")
    line.has_begun("second")
    assert messages.ended.wait(patience(60))
    line.let_go_on("second")
    messages.release()

    assert first.result(patience(60)).result["pid"] == second.result(patience(60)).result["pid"]


def test_a_job_that_hangs_is_charged_and_the_one_behind_it_is_not(jobs: Callable[..., Jobs]) -> None:
    line = jobs(job_time_limit=2)
    hanging = line.begin("wait", "for ever")
    line.has_begun("for ever")
    line.let_go_on("good")
    good = line.begin("wait", "good")

    with pytest.raises(BrokenAttempt, match="the job took longer than 2 s"):
        hanging.result(patience(60))
    assert good.result(patience(60)).result["pid"]


def test_what_a_job_swelled_to_is_not_taken_from_the_next(jobs: Callable[..., Jobs]) -> None:
    line = jobs()
    swelling = line.begin("swell", "large")
    line.has_begun("large")
    needy = line.begin("need")
    line.let_go_on("large")

    with pytest.raises(BrokenAttempt, match="needs more than the 536,870,912 bytes of memory it may have"):
        swelling.result(patience(60))
    assert needy.result(patience(60)).result["bytes"] == neighbours.MUCH


def test_what_a_job_had_in_hand_when_it_failed_is_not_taken_from_the_next(jobs: Callable[..., Jobs]) -> None:
    line = jobs()
    stumbling = line.begin("stumble", "large")
    line.has_begun("large")
    needy = line.begin("need")
    line.let_go_on("large")

    with pytest.raises(BrokenAttempt, match="ZeroDivisionError"):
        stumbling.result(patience(60))
    assert needy.result(patience(60)).result["bytes"] == neighbours.MUCH
