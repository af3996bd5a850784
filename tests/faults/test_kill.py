"""A worker, or a process of its pool, is killed without warning."""

# ruff: noqa: S311 - seeded chance, so that a run can be had again; no secrets
import os
import random
import signal
from contextlib import suppress

from tests.faults.catalogue import Job, mixed
from tests.faults.harness import SOAK, Baseline, Stack


def test_a_worker_killed_at_random_instants_leaves_one_effect_of_every_job(
    stack: Stack, good: list[Job], baseline: Baseline
) -> None:
    chance = random.Random(11)
    stack.send(good)

    kills = 0
    while kills < 5 * SOAK and stack.left():
        worker = stack.start()
        # Wherever it is by then; some kills hit the start itself.
        stack.until_called(chance.randint(0, 40))
        worker.kill()
        stack.proxy.injected["kill -9 of the worker"] += 1
        kills += 1
    stack.start()
    stack.until_done(60)

    assert kills >= 4, "the jobs were done before the kills; take more jobs"
    stack.check(baseline)


def test_a_killed_pool_process_harms_no_job(
    stack: Stack, good: list[Job], slow: list[Job], baseline: Baseline
) -> None:
    chance = random.Random(12)
    stack.send(mixed(good, slow))
    worker = stack.start()

    kills = 0
    while kills < 6 * SOAK and stack.left():
        pool = stack.until(worker.pool, 15, "the worker has a pool")
        with suppress(ProcessLookupError):
            os.kill(chance.choice(pool), signal.SIGKILL)
            stack.proxy.injected["kill -9 of a pool process"] += 1
            kills += 1
        stack.until_called(chance.randint(2, 20))
    stack.until_done(60)

    assert kills >= 4, "the jobs were done before the kills; take more jobs"
    assert worker.alive
    stack.check(baseline)
