"""One entry of a batch call fails and the others do not."""

import pytest

from tests.faults.catalogue import Job, hostile_jobs
from tests.faults.harness import Baseline, Stack
from tests.faults.proxy import fail_one_entry


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


def test_a_hold_that_was_not_extended_is_extended_before_it_runs_out(stack: Stack) -> None:
    jobs = hostile_jobs("sleep 1.5", 12, seed=41)
    stack.send(jobs)
    stack.proxy.inject(
        "failed entry of ChangeMessageVisibilityBatch",
        fail_one_entry,
        "ChangeMessageVisibilityBatch",
        times=2,
    )
    stack.start()
    stack.until_done(60)

    effects, results = stack.effects(jobs)
    figures = stack.check(effects)
    assert {result.status for result in results.values()} == {"succeeded"}
    assert sum(figures.faults.values()) == 2
    assert (figures.run_again, figures.duplicate_answers) == (0, 0)
