"""Attempts that break, and an AWS that is away or refuses the credentials."""

from pathlib import Path
from typing import Any

import pytest
from jobfleet_worker.aws import circuit_breaker


def test_a_job_that_breaks_again_and_again_ends_in_the_dead_letter_queue_with_every_cause(
    stack: Any, bench: Any
) -> None:
    request = stack.request(source=b"1 2 3")
    stack.send(request)
    worker = bench()
    worker.break_jobs("one", "two", "three")
    worker.work(lambda: stack.waiting(stack.dead))
    assert stack.take(stack.dead)["Body"] == request.to_json()
    assert stack.waiting(stack.requests) == stack.waiting(stack.replies) == 0
    stored = stack.stored(request.id)
    assert (stored.status, stored.attempt) == ("failing", 3)
    assert [(a.attempt, a.cause) for a in stored.attempts] == [
        (1, "RuntimeError: one"), (2, "RuntimeError: two"), (3, "RuntimeError: three"),
    ]  # fmt: skip
    assert worker.events() == ["attempt-broken"] * 3


def test_a_job_that_fails_while_others_pass_is_broken_and_stops_nobody(stack: Any, bench: Any) -> None:
    poison = stack.request(source=b"1 2 3")
    stack.front.fails = lambda call: poison.id in call and call.startswith("GET uploads/")
    stack.send(poison)
    worker = bench().start()

    def one_more() -> bool:
        stack.send(stack.request())
        return "attempt-broken" in worker.events()

    stack.until(one_more)
    stack.front.fails = lambda call: False
    stack.until(lambda: stack.waiting(stack.requests) == 0)
    worker.stop()
    assert stack.stored(poison.id).status == "succeeded"


def test_an_outage_is_said_once_waited_out_and_told_when_over(stack: Any, bench: Any) -> None:
    stack.send(stack.request())
    stack.front.fails = lambda call: True
    worker = bench().start()
    stack.until(lambda: worker.breaker.trouble and worker.breaker.trouble.pause >= 4)
    assert worker.events() == ["paused"]
    stack.front.fails = lambda call: False
    stack.until(lambda: stack.waiting(stack.requests) == 0)
    worker.stop()
    assert worker.events() == ["paused", "resumed", "job"]


@pytest.mark.parametrize("end", ["expired_keys", "cancelled_keys"])
def test_a_job_in_hand_when_the_credentials_end_is_finished_with_new_ones(
    stack: Any, bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    file = tmp_path / "credentials"
    file.write_text("[default]\naws_access_key_id = old\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    request = stack.request(source=b"1 2 3")
    stack.send(request)

    def expire(call: str) -> float:
        if call.startswith("GET uploads/"):
            setattr(stack.front, end, {"old"})
        return 0.0

    stack.front.delays = expire
    # Only a look at the file shall bring it back.
    monkeypatch.setattr(circuit_breaker, "CREDENTIALS_RETRY_SECONDS", 36_000.0)
    worker = bench().start()
    stack.until(lambda: "paused" in worker.events())
    stack.front.delays = lambda call: 0.0
    asked = len(stack.front.calls)
    stack.until(lambda: worker.breaker.trouble is not None)
    assert len(stack.front.calls) - asked <= 2
    file.write_text("[default]\naws_access_key_id = new-one\naws_secret_access_key = s\n")
    worker.credentials = 1
    stack.until(lambda: stack.waiting(stack.replies))
    stack.until(lambda: stack.waiting(stack.requests) == 0)
    worker.stop()
    assert stack.answer().attempt == 1
    assert sorted(worker.events()) == ["job", "paused", "resumed"]
