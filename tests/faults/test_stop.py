"""A worker is told to stop while it has work."""

import signal

from tests.faults.catalogue import Job, hostile_jobs, mixed
from tests.faults.harness import LONG_HOLD, VISIBILITY_TIMEOUT, Baseline, Stack, Systemd
from tests.patience import patience


def test_a_stop_under_load_strands_nothing(
    stack: Stack, good: list[Job], slow: list[Job], baseline: Baseline
) -> None:
    stack.send(mixed(good, slow))
    worker = stack.start(visibility_timeout=LONG_HOLD)
    stack.until(lambda: stack.proxy.count("PUT outputs/") > 10, 30, "the worker is at work")

    code = worker.stop(60)
    stack.proxy.injected["SIGTERM"] += 1
    visible, in_flight = stack.depth(stack.requests)
    effects, results = stack.effects(list(stack.sent.values()))
    logged = {line.get("job") for line in stack.logged()}

    assert code == 0
    assert visible > 0, "all was done before the stop; take more jobs"
    assert (visible, in_flight) == (len(stack.sent) - len(effects), 0)
    assert logged >= set(results)
    stack.start()
    stack.until_done(60)
    figures = stack.check(baseline)
    assert (figures.run_again, figures.duplicate_answers) == (0, 0)


def test_what_a_receive_brings_after_the_stop_goes_back_at_once(
    stack: Stack, good: list[Job], baseline: Baseline
) -> None:
    jobs = good[:10]
    stack.send(jobs)
    stack.proxy.inject(
        "late answer of a receive", stack.proxy.stall(2, after=True), "ReceiveMessage .*-requests"
    )
    worker = stack.start(visibility_timeout=LONG_HOLD)
    stack.until(lambda: stack.depth(stack.requests)[1], 30, "a receive has taken requests")

    code = worker.stop(60)

    assert code == 0
    assert stack.depth(stack.requests) == (len(jobs), 0)
    stack.proxy.clear()
    stack.start()
    stack.until_done(30)
    stack.check(baseline)


def test_what_runs_during_a_stop_stays_held_until_it_is_done(stack: Stack) -> None:
    jobs = hostile_jobs(f"sleep {VISIBILITY_TIMEOUT + 3}", 1, seed=31)
    stack.send(jobs)
    worker = stack.start()
    stack.until(stack.begun, 30, "the job has begun")

    worker.process.send_signal(signal.SIGTERM)
    stack.start(worker_id="w2", spool=str(stack.folder / "spool-2"))  # would take what is not held
    code = worker.wait(patience(60))
    stack.until_done(30)

    effects, results = stack.effects(jobs)
    figures = stack.check(effects)
    assert code == 0
    assert [(result.worker, result.attempt) for result in results.values()] == [("w1", 1)]
    assert (figures.run_again, figures.duplicate_answers) == (0, 0)


def test_a_second_stop_signal_hands_back_what_runs(stack: Stack, systemd: Systemd) -> None:
    # As many as a worker takes that does not know how long they are.
    jobs = hostile_jobs("wait", 6, seed=32)
    stack.send(jobs)
    worker = stack.start(systemd, visibility_timeout=LONG_HOLD, processes=3)
    stack.until(stack.begun, 30, "a job has begun")

    worker.process.send_signal(signal.SIGTERM)
    stack.until(lambda: "STOPPING=1" in systemd.heard, 30, "it stops")
    stack.until_turned(systemd, 30, "it waits for what runs")
    assert worker.alive, "it did not wait for what runs"
    worker.process.send_signal(signal.SIGTERM)
    code = worker.wait(patience(30))
    stack.proxy.injected["SIGTERM"] += 2

    assert code == 0
    assert stack.depth(stack.requests) == (len(jobs), 0)
    (stack.folder / "go").touch()
    stack.start()
    stack.until_done(30)
    effects, results = stack.effects(jobs)
    stack.check(effects)
    assert all(result.attempt > 1 for result in results.values())
