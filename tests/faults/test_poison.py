"""Jobs that cannot succeed, or harm what works on them, in the middle of good ones."""

import json
import math
from collections.abc import Callable
from typing import Any

from jobfleet_jobs.protocol.message import Result

from tests.faults.catalogue import Job, hostile_jobs, mixed
from tests.faults.harness import LONG_HOLD, Baseline, Stack
from tests.patience import PATIENCE

# The time is more than any good job takes on a machine that does much else. What goes back to the queue was
# handed back, and was not held too short a while.
LIMITS: dict[str, Any] = {
    "job_time_limit": math.ceil(6 * PATIENCE),
    "job_memory_limit": 512 * 1024**2,
    "visibility_timeout": LONG_HOLD,
}

# What a job does to its process, and the word that the cause of its failed attempts holds.
CAUSES = {
    "hang": "longer than",
    "memory 1500": "memory",
    "kill": "killed from outside",
    "exit 3": "died with exit code 3",
    "exit 0": "died with exit code 0",
}


def test_bad_jobs_are_answered_at_once_and_harm_no_good_one(
    stack: Stack, good: list[Job], bad: list[Job], baseline: Baseline
) -> None:
    stack.send(mixed(good, bad))
    stack.proxy.injected["bad job"] += len(bad)
    stack.start(visibility_timeout=LONG_HOLD)
    stack.until_done(60)

    stack.check(baseline)
    _, results = stack.effects(list(stack.sent.values()))
    assert {results[job.id].status for job in good} == {"succeeded"}
    for job in bad:
        assert (results[job.id].status, results[job.id].attempt) == ("failed", 1), job
    assert all(key.startswith("outputs/folder") for key in stack.keys("outputs/"))


def test_jobs_that_take_their_process_with_them_are_failed_attempts_of_those_jobs_alone(
    new_stack: Callable[..., Stack], good: list[Job], baseline: Baseline
) -> None:
    max_receives = 2
    stack = new_stack(max_receives=max_receives)
    doomed = {what: hostile_jobs(what, 1)[0] for what in CAUSES}
    neighbours = good[:60]
    stack.send(mixed(neighbours, list(doomed.values())))
    for what in doomed:
        stack.proxy.injected[f"job that does {what}"] += 1
    worker = stack.start(**LIMITS)
    stack.until_done(60, dead=len(doomed))

    assert worker.alive
    stack.check(baseline, doomed=list(doomed.values()))
    _, results = stack.effects(neighbours)
    assert {result.attempt for result in results.values()} == {1}
    for what, job in doomed.items():
        record = json.loads(stack.object(f"results/{job.id}.json"))
        told = [(one["worker"], CAUSES[what] in one["cause"]) for one in record["attempts"]]
        assert record["status"] == "failing"
        assert told == [("w1", True)] * max_receives, (what, record["attempts"])


def test_messages_that_are_no_requests_end_in_the_dead_letter_queue_at_once(
    stack: Stack, good: list[Job], baseline: Baseline
) -> None:
    jobs = good[:30]
    job_id = "0190b3a0-5d3c-7000-8000-000000000001"
    answerable: dict[str, Any] = {"version": 99, "id": job_id, "operation": "x", "reply_to": stack.reply_to}
    bodies = [
        "not JSON " + "x" * 3_000,
        "[1, 2]",
        "{}",
        '{"version": 1}',
        "[" * 5_000,
        json.dumps(answerable),
        json.dumps({"version": 1, "id": "../../x", "operation": "stats"}),
    ]
    stack.send(jobs[:15])
    stack.send_bodies(bodies)
    stack.send(jobs[15:])
    stack.proxy.injected["message that is no request"] += len(bodies)
    stack.start()
    stack.until_done(40, dead=len(bodies))

    dead = [message["Body"] for message in stack.take_all(stack.dead)]
    assert sorted(dead) == sorted(bodies)
    stack.check(baseline)
    [answer] = [answer for answer in stack.answers if answer.id == job_id]
    assert (answer.status, answer.error and answer.error.code) == ("failed", "bad-version")
    heads = {line["head"][:60] for line in stack.logged() if "head" in line}
    assert heads == {body[:60] for body in bodies}
    assert isinstance(answer, Result)
    assert all(len(json.dumps(line)) < 2_000 for line in stack.logged()), "a body is logged beyond its head"
