"""The session token expires under a worker, and new credentials come into its file."""

import time
from collections import Counter
from collections.abc import Callable

from tests.faults.catalogue import Job
from tests.faults.harness import LONG_HOLD, VISIBILITY_TIMEOUT, Baseline, Stack, Systemd

# The promise is 5 s after the new credentials are there, on a machine that does nothing else; a worker that
# did not look for them would ask again after 22 s at the earliest.
BACK_WITHIN_SECONDS = 15

# After this, what the worker held has gone back to the queue, and nothing is left to be extended.
LOST_SECONDS = VISIBILITY_TIMEOUT + 1

# For so long its calls are counted.
QUIET_SECONDS = 3


def test_after_its_token_expired_a_worker_waits_and_goes_on_with_new_credentials(
    new_stack: Callable[..., Stack], systemd: Systemd, good: list[Job], baseline: Baseline
) -> None:
    stack = new_stack(max_receives=5)
    stack.send(good)
    worker = stack.start(systemd)
    stack.until(lambda: stack.proxy.count("PUT outputs/") > 10, 30, "the worker is at work")

    stack.proxy.refused_tokens.add(stack.token)
    stack.until(lambda: "credentials" in systemd.status(), 30, "systemd hears of the credentials")
    time.sleep(LOST_SECONDS)
    calls = len(stack.proxy.calls)
    time.sleep(QUIET_SECONDS)
    asked = Counter(call.name.split()[0] for call in stack.proxy.calls[calls:])
    said = [line for line in worker.lines() if line["event"] == "paused"]
    assert worker.alive
    assert stack.left(), "all was done before the token expired; take more jobs"

    second = stack.write_credentials()
    written = time.monotonic()
    stack.until(lambda: second in stack.proxy.first_use, 60, "the new token is used")
    back_after = stack.proxy.first_use[second] - written
    stack.until_done(60)

    stack.check(baseline)
    assert back_after < BACK_WITHIN_SECONDS
    assert asked.total() <= 2 * QUIET_SECONDS, f"{asked} in {QUIET_SECONDS} s: it spins"
    assert len(said) == 1, said
    assert "credentials" not in systemd.status()
    assert len(stack.workers) == 1


def test_a_stop_while_the_credentials_are_refused_waits_for_nothing_and_loses_nothing(
    stack: Stack, systemd: Systemd, good: list[Job], baseline: Baseline
) -> None:
    stack.send(good)
    worker = stack.start(systemd, visibility_timeout=LONG_HOLD, stop_timeout=LONG_HOLD)
    stack.until(lambda: stack.proxy.count("PUT outputs/") > 10, 30, "the worker is at work")
    stack.proxy.refused_tokens.add(stack.token)
    stack.until(lambda: "credentials" in systemd.status(), 30, "systemd hears of the credentials")

    code = worker.stop()

    stack.proxy.injected["SIGTERM"] += 1
    assert code == 0
    assert stack.depth(stack.requests)[1], "nothing was in hand; take more jobs"
    stack.write_credentials()
    stack.give_back()
    stack.start()
    stack.until_done(60)
    stack.check(baseline)


def test_new_credentials_are_taken_up_before_the_old_ones_expire(
    stack: Stack, good: list[Job], baseline: Baseline
) -> None:
    stack.send(good)
    stack.start()
    stack.until(lambda: stack.proxy.count("PUT outputs/") > 5, 30, "the worker is at work")

    first, second = stack.token, stack.write_credentials()
    stack.until(lambda: second in stack.proxy.first_use, BACK_WITHIN_SECONDS, "the new token is used")
    time.sleep(2)  # what was signed with the old one is through
    stack.proxy.refused_tokens.add(first)
    stack.until_done(60)

    stack.check(baseline)
    assert stack.proxy.injected["expired token"] == 0
