"""One entry of a batch call fails and the others do not."""

import pytest

from tests.faults.acts import fail_entries, fail_one_entry
from tests.faults.calls import Answer, Call, Forward
from tests.faults.catalogue import Job, hostile_jobs
from tests.faults.harness import SHORT_JOBS, VISIBILITY_TIMEOUT, Baseline, Stack


@pytest.mark.parametrize("call", ["DeleteMessageBatch .*-requests", "SendMessageBatch .*-reply-"])
def test_a_failed_entry_is_made_good_and_the_job_not_run_again(
    stack: Stack, stats: list[Job], baseline: Baseline, call: str
) -> None:
    stack.send(stats)
    stack.proxy.inject(f"failed entry of {call.split()[0]}", fail_one_entry, call, times=5)
    stack.start()
    stack.until_done(60)

    figures = stack.check(baseline)
    assert sum(figures.faults.values()) == 5
    assert (figures.run_again, figures.duplicate_answers) == (0, 0)


def test_a_heartbeat_that_hangs_costs_no_message_but_its_own(stack: Stack) -> None:
    # More than a batch of messages in hand, for longer than a hold lasts.
    worker = stack.start_greedy(processes=2)
    jobs = hostile_jobs(f"sleep {VISIBILITY_TIMEOUT / 3:g}", 24, seed=43)
    hung: set[str] = set()

    def hang(call: Call, forward: Forward) -> Answer:
        hung.update(entry["ReceiptHandle"] for entry in call.content["Entries"])
        return stack.proxy.stall(3 * VISIBILITY_TIMEOUT)(call, forward)

    stack.proxy.inject("hung heartbeat", hang, "ChangeMessageVisibilityBatch", times=1)
    stack.send(jobs)
    stack.until_done(90)
    stack.proxy.clear()

    effects, results = stack.effects(list(stack.sent.values()))
    stack.check(effects)
    assert 0 < len(worker.told("lease-lost")) <= len(hung) <= 10
    assert sum(result.attempt > 1 for result in results.values()) <= len(hung)


def test_a_message_whose_hold_could_not_be_extended_is_not_worked_on(stack: Stack) -> None:
    # With two processes, the last of them begin when a hold that is not extended has run out.
    worker = stack.start_greedy(processes=2)
    jobs = hostile_jobs(f"sleep {VISIBILITY_TIMEOUT / 3:g}", 14, seed=41)
    victim: list[str] = []

    def never_extend_the_last(call: Call, forward: Forward) -> Answer:
        if not victim:
            victim.append(stack.proxy.received[-1][1])
        failed = [entry for entry in call.content["Entries"] if entry["ReceiptHandle"] in victim]
        stack.proxy.injected["entry of a heartbeat"] += len(failed)
        return fail_entries(failed, call, forward)

    stack.proxy.inject("heartbeat", never_extend_the_last, "ChangeMessageVisibilityBatch")
    stack.send(jobs)
    stack.until_done(60)
    stack.proxy.clear()

    effects, results = stack.effects(list(stack.sent.values()))
    figures = stack.check(effects)
    assert {result.status for result in results.values()} == {"succeeded"}
    assert sorted(result.attempt for result in results.values()) == [1] * (SHORT_JOBS + 13) + [2]
    assert (figures.run_again, figures.duplicate_answers) == (0, 0)
    assert figures.faults["entry of a heartbeat"] >= 2
    assert len(worker.told("lease-lost")) == 1
