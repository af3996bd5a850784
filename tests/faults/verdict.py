"""The one check that every fault test ends with.

It compares with a run of the same jobs without faults: every job has one result, results and
outputs are equal byte for byte, no message is left, no log line is missing. The figures of all
tests stand at the end of pytest's output.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from jobfleet_jobs.protocol.message import Result

from tests.faults.catalogue import Job

if TYPE_CHECKING:
    from tests.faults.harness import Stack


@dataclass(frozen=True)
class Effect:
    """All that a job leaves behind which must not depend on faults."""

    status: str
    result: Any
    error: Any
    key: str | None
    output: bytes | None


Baseline = dict[str, Effect]

# What each test came to, for the summary at the end of the run.
TOLD: list[str] = []


@dataclass(frozen=True)
class Figures:
    """What a run came to."""

    jobs: int
    faults: dict[str, int]
    results: int
    run_again: int
    duplicate_answers: int
    lost: int

    def __str__(self) -> str:
        faults = ", ".join(f"{count} {name}" for name, count in self.faults.items()) or "none"
        return (
            f"jobs {self.jobs}; faults injected: {faults}; results {self.results}; "
            f"jobs run again {self.run_again}; duplicate answers {self.duplicate_answers}; lost {self.lost}"
        )


def effects_of(stack: "Stack", jobs: Sequence[Job]) -> tuple[Baseline, dict[str, Result]]:
    """Return what each job has left behind, and its stored result, found as a client finds it."""
    effects: Baseline = {}
    results: dict[str, Result] = {}
    fleet = stack.fleet()
    for job in jobs:
        result = fleet.find_result(job.id)
        if result is not None and result.status in ("succeeded", "failed"):
            results[job.id] = result
            effects[job.id] = _effect(stack, result)
    fleet.close()
    return effects, results


def _effect(stack: "Stack", result: Result) -> Effect:
    key = result.output.key if result.output else None
    output = stack.object(key) if key else None
    return Effect(result.status, result.result, result.error and asdict(result.error), key, output)


def check(stack: "Stack", baseline: Baseline, doomed: Sequence[Job], *, stop: bool) -> Figures:
    """Assert that the faults left no trace, and tell the figures.

    `doomed` are the jobs meant for the dead-letter queue. The workers are stopped first.
    """
    if stop:
        codes = [worker.stop() for worker in stack.workers if worker.alive]
        assert not any(codes), f"exit codes {codes}"
    fated = {job.id for job in doomed}
    jobs = [job for job in stack.sent.values() if job.id not in fated]
    effects, results = effects_of(stack, jobs)
    answers = stack.collect()
    lines = stack.logged()
    figures = _figures(stack, jobs, effects, answers, lines)
    name = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition("::")[2].partition(" (")[0]
    TOLD.append(f"{name}: {figures}")
    problems = [
        *_wrong_effects(jobs, effects, baseline),
        *_wrong_answers(jobs, results, answers),
        *_wrong_queues(stack, fated),
        *_wrong_logs(stack, results, lines),
    ]
    assert not problems, "\n".join([str(figures), *problems[:20]])
    return figures


def _wrong_effects(jobs: Sequence[Job], effects: Baseline, baseline: Baseline) -> Iterator[str]:
    for job in jobs:
        if job.id not in effects:
            yield f"{job.operation} {job.id}: no stored result"
        elif effects[job.id] != baseline[job.id]:
            yield f"{job.operation} {job.id}: {effects[job.id]} instead of {baseline[job.id]}"[:400]


def _wrong_answers(
    jobs: Sequence[Job], results: dict[str, Result], answers: Sequence[Result]
) -> Iterator[str]:
    answered = {answer.id for answer in answers}
    yield from (f"{job.operation} {job.id}: no answer" for job in jobs if job.id not in answered)
    for answer in answers:
        stored = results.get(answer.id)
        if stored and (answer.status, answer.result, answer.output, answer.error) != (
            stored.status,
            stored.result,
            stored.output,
            stored.error,
        ):
            yield f"{answer.id}: answered {answer}, stored {stored}"[:400]


def _wrong_queues(stack: "Stack", doomed: set[str]) -> Iterator[str]:
    for queue in (stack.requests, stack.responses, stack.replies):
        if any(stack.depth(queue)):
            yield f"{queue.rpartition('/')[2]}: {stack.depth(queue)} messages (visible, in flight) left"
    dead = Counter(json.loads(message["Body"])["id"] for message in stack.take_all(stack.dead))
    if dead != Counter(doomed):
        yield f"dead letters: {dict(dead)} instead of {sorted(doomed)}"


def _wrong_logs(stack: "Stack", results: dict[str, Result], lines: Sequence[dict[str, Any]]) -> Iterator[str]:
    outcomes = {(line.get("job"), line.get("outcome")) for line in lines}
    for result in results.values():
        # Killed between the result and the line, a job is answered again, and that line tells of it.
        if not {(result.id, result.status), (result.id, "answered-again")} & outcomes:
            yield f"{result.operation} {result.id}: no log line says what became of it"
    spooled = [path for one in stack.folder.glob("spool*") for path in one.rglob("*.jsonl")]
    if any(path.stat().st_size for path in spooled):
        yield f"left in the spool: {[path.name for path in spooled]}"
    for key, digests in stack.proxy.stored.items():
        if key.startswith("logs/") and len(digests) > 1:
            yield f"{key} was written with {len(digests)} different contents"


def _figures(
    stack: "Stack",
    jobs: Sequence[Job],
    effects: Baseline,
    answers: Sequence[Result],
    lines: Sequence[dict[str, Any]],
) -> Figures:
    done = Counter(line["job"] for line in lines if line.get("outcome") in ("succeeded", "failed"))
    return Figures(
        jobs=len(stack.sent),
        faults=dict(stack.proxy.injected),
        results=len(effects),
        run_again=sum(count - 1 for count in done.values()),
        duplicate_answers=len(answers) - len({answer.id for answer in answers}),
        lost=len(jobs) - len(effects),
    )
