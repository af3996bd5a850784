"""A worker, or a process of its pool, is killed without warning."""

# ruff: noqa: S311 - seeded chance, so that a run can be had again; no secrets
import os
import random
import signal
import time
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
        # The start itself takes about a second; some kills hit it.
        time.sleep(chance.uniform(0.6, 2.0))
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
        stack.until(worker.pool, 15, "the worker has a pool")
        with suppress(ProcessLookupError):
            os.kill(chance.choice(worker.pool()), signal.SIGKILL)
            stack.proxy.injected["kill -9 of a pool process"] += 1
            kills += 1
        time.sleep(chance.uniform(0.2, 0.8))
    stack.until_done(60)

    assert kills >= 4, "the jobs were done before the kills; take more jobs"
    assert worker.alive
    stack.check(baseline)
