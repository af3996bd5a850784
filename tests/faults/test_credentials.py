"""The session token expires under a worker, and new credentials come into its file."""

from collections import Counter
from collections.abc import Callable

from tests.faults.catalogue import Job
from tests.faults.harness import LONG_HOLD, VISIBILITY_TIMEOUT, Baseline, Stack, Systemd

# So late does a worker ask again that does not look for new credentials: no test waits for that.
NEVER = {"FAULTS_CREDENTIALS_RETRY": "36000"}

# While its main thread goes round so often, in three seconds at least, its calls are counted.
QUIET_TURNS = 15
CALLS_WHEN_QUIET = 6


def test_after_its_token_expired_a_worker_waits_and_goes_on_with_new_credentials(
    new_stack: Callable[..., Stack], systemd: Systemd, good: list[Job], baseline: Baseline
) -> None:
    stack = new_stack(max_receives=5, more_environment=NEVER)
    stack.send(good)
    worker = stack.start(systemd)
    stack.until(lambda: stack.proxy.count("PUT outputs/") > 10, 30, "the worker is at work")

    stack.proxy.refused_tokens.add(stack.token)
    stack.until(lambda: "credentials" in systemd.status(), 30, "systemd hears of the credentials")
    # What it held goes back to the queue, and nothing is left to be extended.
    stack.until(lambda: not stack.depth(stack.requests)[1], VISIBILITY_TIMEOUT + 5, "all holds ran out")
    calls = len(stack.proxy.calls)
    stack.until_turned(systemd, QUIET_TURNS, "it waits")
    asked = Counter(call.name.split()[0] for call in stack.proxy.calls[calls:])
    said = [line for line in worker.lines() if line["event"] == "paused"]
    assert worker.alive
    assert stack.left(), "all was done before the token expired; take more jobs"

    second = stack.write_credentials()
    stack.until(lambda: second in stack.proxy.first_use, 15, "the new token is used")
    stack.until_done(60)

    stack.check(baseline)
    assert asked.total() <= CALLS_WHEN_QUIET, f"{asked} in {QUIET_TURNS} turns: it spins"
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
    stack.until(lambda: second in stack.proxy.first_use, 15, "the new token is used")
    stack.until_called(20)
    stack.until(lambda: not stack.proxy.under_way[first], 30, "what was signed with the old one is through")
    stack.proxy.refused_tokens.add(first)
    stack.until_done(60)

    stack.check(baseline)
    assert stack.proxy.injected["expired token"] == 0
