"""Finished jobs on their way to their ends: what waits for what, and what does not.

AWS is played here, because its calls must be held up and let go one by one; `tests/aws` has the real order of
calls. The clock stands still: what waits for time to pass waits for ever.
"""

import io
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jobfleet_jobs.protocol.message import Output, Result
from jobfleet_worker.aws.queues import Passed
from jobfleet_worker.commit.committer import CLEARED_TOGETHER, COMPANY_SECONDS, Committer
from jobfleet_worker.job.in_hand import Finished
from jobfleet_worker.reporting.journal import Journal

from tests.patience import patience, wait_for


class StillClock:
    """A clock that stands."""

    def monotonic(self) -> float:
        return 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


class Aws:
    """Notes calls in their order; those named in `held` wait until they are let go."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, list[str]]] = []
        self.held: dict[str, threading.Event] = {}

    def note(self, call: str, names: Sequence[str]) -> dict[int, Any]:
        self.calls.append((call, list(names)))
        if call in self.held:
            assert self.held[call].wait(patience(30))
        return {}

    def s3(self, _: Any, call: Callable[[], Any]) -> Any:
        return call()

    sqs = s3

    def write_result(self, result: Result) -> None:
        self.note("result", [result.id])

    def write_results(self, results: Sequence[Result], *_: Any) -> None:
        self.note("result", [result.id for result in results])

    def answer(self, _: str, bodies: Sequence[str]) -> dict[int, Any]:
        return self.note("answer", [Result.from_json(body).id for body in bodies])

    def delete(self, messages: Sequence[Any]) -> dict[int, Any]:
        return self.note("delete", [message.receipt for message in messages])

    def pass_on(self, message: Any, *_: Any) -> None:
        self.note("pass on", [message.receipt])

    def log(self, _: str, lines: bytes) -> None:
        self.note("log", [""] * lines.count(b"\n"))

    def of(self, call: str) -> list[list[str]]:
        return [names for name, names in list(self.calls) if name == call]


class Fleet:
    """A committer at work; `busy` tells whether other jobs are, `ended` and `failed` which are over."""

    def __init__(self, folder: Path) -> None:
        self.aws, self.busy = Aws(), True
        self.ended: list[str] = []
        self.failed: list[str] = []
        clock: Any = StillClock()
        settings = SimpleNamespace(batch_max=100, batch_linger=0, processes=2, worker_id="w")
        tools: Any = SimpleNamespace(
            settings=settings, clock=clock, queues=self.aws, storage=self.aws, breaker=self.aws
        )
        self._journal = journal = Journal(folder / "spool", "w", self.aws.log, clock, io.StringIO())
        leases: Any = SimpleNamespace(leave=list)
        endings: Any = SimpleNamespace(
            ended=lambda finished: self.ended.append(finished.result.id),
            broken=lambda finished, problem: self.failed.append(f"{finished.result.id}: {problem}"),
        )
        load: Any = SimpleNamespace(more_may_finish=lambda: self.busy, is_at_work=lambda: self.busy)
        self.committer = Committer(tools, journal, leases, load, endings)
        self._over = threading.Event()

    def start(self) -> None:
        self.committer.start()
        for _, run in self.committer.loops():
            threading.Thread(target=run, args=(self._over, lambda: None), daemon=True).start()

    def stop(self) -> None:
        self._over.set()
        for event in self.aws.held.values():
            event.set()
        self.committer.stop()
        # It closes what was told of single jobs.
        self._journal.upload()

    def finish(self, name: str, *, carried: bool = True, lost: bool = False) -> None:
        """Put an image that is done."""
        job = _job(name, lost=lost)
        output = Output("b", f"outputs/{name}", 1, "e")
        result = Result(_id(name), "greyscale", "succeeded", "w", 1, output=output)
        line = {"job": name, "outcome": "succeeded"}
        self.committer.put(Finished(job, result, "replies", line, stored=False, carried=carried, seconds=0.1))

    def pass_on(self, name: str) -> None:
        """Put a job that goes to another worker."""
        result = Result(_id(name), "own", "failing", "w", 1)
        line = {"job": name, "outcome": "passed-on"}
        self.committer.put(Finished(_job(name), result, None, line, passed=Passed(1, 0.0, 0)))


def _job(name: str, *, lost: bool = False) -> Any:
    message = SimpleNamespace(receipt=name)
    lease = SimpleNamespace(message=message, is_lost=lambda: lost)
    return SimpleNamespace(lease=lease, stop=SimpleNamespace(halted=threading.Event()))


def _id(name: str) -> str:
    return f"0190b3a0-5d3c-7000-8000-{name:>012}"


def ids(*names: str) -> list[str]:
    return [_id(name) for name in names]


def noted_lingers(fleet: Fleet) -> list[float]:
    """Return what grows with every look of who gathers jobs to be answered: how long it would wait."""
    gathering, lingers = fleet.committer._safe, list[float]()
    linger = gathering._linger

    def noted(group: Sequence[Finished], under_way: bool) -> float:
        lingers.append(linger(group, under_way))
        return lingers[-1]

    gathering._linger = noted
    return lingers


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    fleet = Fleet(tmp_path)
    fleet.start()
    yield fleet
    fleet.stop()


def test_an_image_that_is_done_is_answered_however_many_wait_for_a_process(fleet: Fleet) -> None:
    fleet.finish("1")
    wait_for(lambda: fleet.aws.of("answer"))
    assert fleet.aws.calls == [("answer", ids("1"))]


def test_answers_under_way_are_company_for_those_that_come_meanwhile_and_no_others(fleet: Fleet) -> None:
    fleet.aws.held["answer"] = threading.Event()
    fleet.finish("1")
    wait_for(lambda: fleet.aws.of("answer"))
    lingers = noted_lingers(fleet)
    fleet.finish("2")
    wait_for(lambda: lingers)
    fleet.finish("3")
    fleet.finish("4")
    fleet.aws.held["answer"].set()
    wait_for(lambda: len(fleet.aws.of("answer")) == 2)
    assert fleet.aws.of("answer") == [ids("1"), ids("2", "3", "4")]
    assert set(lingers) == {COMPANY_SECONDS, 0.0}


def test_what_was_answered_is_cleared_together_results_first_and_messages_last(fleet: Fleet) -> None:
    names = [str(number) for number in range(CLEARED_TOGETHER)]
    for name in names:
        fleet.finish(name)
    wait_for(lambda: len(fleet.ended) == len(names))
    cleared = [call for call in fleet.aws.calls if call[0] != "answer"]
    assert [name for name, _ in cleared] == ["result", "log", "delete", "delete"]
    assert sorted(cleared[0][1]) == sorted(ids(*names))
    last_answer = max(n for n, (name, _) in enumerate(fleet.aws.calls) if name == "answer")
    assert last_answer < fleet.aws.calls.index(cleared[0])


def test_a_job_for_another_worker_goes_there_at_once_and_takes_along_those_that_wait(fleet: Fleet) -> None:
    fleet.finish("1")
    wait_for(lambda: fleet.aws.of("answer"))
    fleet.pass_on("2")
    wait_for(lambda: fleet.aws.of("pass on"))
    wait_for(lambda: len(fleet.ended) == 2)


def test_when_nobody_else_is_at_work_what_was_answered_is_cleared_at_once(fleet: Fleet) -> None:
    fleet.finish("1")
    wait_for(lambda: fleet.aws.of("answer"))
    fleet.busy = False
    fleet.finish("2")
    wait_for(lambda: len(fleet.ended) == 2)
    # The last one's result lies where everyone finds it before it is answered.
    assert fleet.aws.calls.index(("result", ids("2"))) < fleet.aws.calls.index(("answer", ids("2")))
    assert sorted(name for names in fleet.aws.of("delete") for name in names) == ["1", "2"]


def test_a_result_that_no_output_carries_is_stored_before_it_is_answered(fleet: Fleet) -> None:
    fleet.finish("1", carried=False)
    wait_for(lambda: fleet.aws.of("answer"))
    fleet.busy = False
    wait_for(lambda: fleet.ended)
    assert [name for name, _ in fleet.aws.calls] == ["result", "answer", "log", "delete"]


def test_a_job_whose_lease_is_lost_has_its_result_stored_and_is_left_to_others(fleet: Fleet) -> None:
    fleet.finish("1", lost=True)
    wait_for(lambda: fleet.failed)
    assert fleet.aws.calls == [("result", ids("1"))]
    assert fleet.ended == []
