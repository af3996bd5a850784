"""Requests come twice: sent twice, given out twice, or done and then not deleted."""

# ruff: noqa: S311 - seeded chance, so that a run can be had again; no secrets
import json
import random
from contextlib import suppress

from tests.faults.acts import server_error
from tests.faults.calls import Answer, Call, Forward
from tests.faults.catalogue import Job, hostile_jobs, mixed
from tests.faults.harness import VISIBILITY_TIMEOUT, Baseline, Stack


def test_a_request_sent_twice_has_one_effect(stack: Stack, good: list[Job], baseline: Baseline) -> None:
    stack.send(mixed(good, good))
    stack.proxy.injected["request sent twice"] += len(good)
    stack.start()
    stack.start(worker_id="w2", spool=str(stack.folder / "spool-2"))
    stack.until_done(60)

    stack.check(baseline)


def test_a_request_given_out_while_another_worker_has_it_has_one_effect(
    stack: Stack, good: list[Job], slow: list[Job], baseline: Baseline
) -> None:
    chance = random.Random(21)

    def give_out_again(call: Call, forward: Forward) -> Answer:
        """Let others have some of the messages that a receive is about to bring."""
        answer = forward(call)
        for message in json.loads(answer.body).get("Messages", []):
            # One that the other worker has just deleted is given to nobody.
            if chance.random() < 0.3:
                with suppress(stack.sqs.exceptions.ReceiptHandleIsInvalid):
                    stack.sqs.change_message_visibility(
                        QueueUrl=stack.requests, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
                    )
                    stack.proxy.injected["visibility set to 0"] += 1
        return answer

    stack.proxy.inject("receive with duplicates", give_out_again, "ReceiveMessage")
    stack.send(mixed(good, slow))
    stack.start()
    stack.start(worker_id="w2", spool=str(stack.folder / "spool-2"))
    stack.until_done(90)

    figures = stack.check(baseline)
    assert figures.faults["visibility set to 0"] >= len(good) // 10


def test_a_request_done_but_not_deleted_is_answered_from_its_result_and_not_done_again(
    stack: Stack, good: list[Job], baseline: Baseline
) -> None:
    jobs = good[:20]
    stack.send(jobs)
    stack.proxy.inject("delete failed", server_error, "DeleteMessage")
    worker = stack.start()
    fleet = stack.fleet()
    stack.until(lambda: all(fleet.find_result(job.id) for job in jobs), 60, "all jobs have results")
    fleet.close()
    worker.kill()
    stack.proxy.clear()
    assert stack.left() == len(jobs)
    outputs = stack.proxy.count("PUT outputs/")

    stack.start()
    stack.until_done(90)

    stack.check(baseline)
    assert stack.proxy.count("PUT outputs/") == outputs


def test_requests_that_wait_inside_a_worker_stay_held(stack: Stack, baseline: Baseline) -> None:
    # Together they take longer than a hold lasts, on however many cores there are.
    stack.start_greedy()
    stack.send(hostile_jobs(f"sleep {VISIBILITY_TIMEOUT / 4:g}", 16, seed=22))
    stack.until_done(60)

    effects, results = stack.effects(list(stack.sent.values()))
    figures = stack.check(effects)
    assert {result.status for result in results.values()} == {"succeeded"}
    assert {result.attempt for result in results.values()} == {1}
    assert (figures.run_again, figures.duplicate_answers) == (0, 0)
