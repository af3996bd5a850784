"""`jobfleet clear` through the installed entry point."""

import json
from typing import Any

from jobfleet.errors import Exit

from tests.client_bench import Jobfleet, says_why
from tests.patience import patience


def fill(stack: Any, requests: int = 3, responses: int = 2, dead: int = 1, replies: int = 1) -> None:
    counts = {stack.requests: requests, stack.responses: responses, stack.dead: dead, stack.replies: replies}
    for url, count in counts.items():
        for _ in range(count):
            stack.sqs.send_message(QueueUrl=url, MessageBody="x")


def left(stack: Any) -> tuple[int, ...]:
    return tuple(map(stack.waiting, (stack.requests, stack.responses, stack.dead, stack.replies)))


def test_requests_and_responses_go_and_dead_letters_and_reply_queues_stay(
    jobfleet: Jobfleet, stack: Any
) -> None:
    fill(stack)
    ran = jobfleet("clear", "--yes")
    assert (ran.returncode, ran.stdout) == (0, "")
    assert "up to 60 s" in ran.stderr
    assert left(stack) == (0, 0, 1, 1)


def test_only_the_queues_that_are_named_go(jobfleet: Jobfleet, stack: Any) -> None:
    fill(stack)
    assert jobfleet("clear", "--dead", "-y").returncode == 0
    assert left(stack) == (3, 2, 0, 1)
    assert jobfleet("clear", "--requests", "-y").returncode == 0
    assert left(stack) == (0, 2, 0, 1)


def test_without_a_terminal_and_without_yes_nothing_goes(jobfleet: Jobfleet, stack: Any) -> None:
    fill(stack)
    ran = jobfleet("clear", stdin="y\n")
    says_why(ran, Exit.USAGE, "no terminal to answer on, so nothing was cleared: give --yes")
    assert f"{stack.names.requests}: 3 messages would be deleted" in ran.stderr
    assert left(stack) == (3, 2, 1, 1)


def test_at_a_terminal_it_says_what_would_go_and_asks(jobfleet: Jobfleet, stack: Any) -> None:
    fill(stack)
    stack.sqs.receive_message(QueueUrl=stack.requests)
    code, shown = jobfleet.at_terminal("clear", types="n\n")
    assert (code, left(stack)) == (Exit.ERROR, (3, 2, 1, 1))
    assert f"{stack.names.requests}: 2 messages would be deleted; 1 job in hand will be finished" in shown
    assert "Clear 4 messages?" in shown
    assert shown.endswith("jobfleet: nothing was cleared\n")
    code, _ = jobfleet.at_terminal("clear", types="y\n")
    assert (code, left(stack)[1:]) == (0, (0, 1, 1))


def test_queues_in_which_nothing_waits_are_left_alone(jobfleet: Jobfleet, stack: Any) -> None:
    fill(stack, requests=1, responses=0, dead=0)
    stack.sqs.receive_message(QueueUrl=stack.requests)
    ran = jobfleet("clear")
    assert (ran.returncode, ran.stdout) == (0, "")
    assert "nothing to clear" in ran.stderr
    assert "PurgeQueue" not in stack.front.calls
    fill(stack, requests=0, responses=2, dead=0)
    assert jobfleet("clear", "-y").returncode == 0
    assert stack.front.calls.count("PurgeQueue") == 1
    assert left(stack)[:2] == (1, 0)


def test_a_second_clearing_within_the_minute_says_when_to_try_again(jobfleet: Jobfleet, stack: Any) -> None:
    fill(stack)
    jobfleet("clear", "--requests", "-y")
    fill(stack)
    ran = jobfleet("clear", "-y", "--no-wait")
    says_why(ran, Exit.ERROR, "once a minute", stack.names.requests, "try again in 60 s", "already emptied")
    assert left(stack)[:2] == (3, 0)


def test_what_was_emptied_before_aws_failed_is_told(jobfleet: Jobfleet, stack: Any) -> None:
    fill(stack)
    stack.front.forbids = lambda call: call == "PurgeQueue" and stack.front.calls.count(call) > 1
    words = f"(already emptied: {stack.names.requests} of 3 messages)"
    says_why(jobfleet("clear", "-y"), Exit.NOT_ALLOWED, "do not allow PurgeQueue (emptying a queue)", words)
    assert left(stack)[:2] == (0, 2)


def test_a_second_clearing_within_the_minute_waits_for_its_turn(jobfleet: Jobfleet, stack: Any) -> None:
    fill(stack)
    stack.sqs.purge_queue(QueueUrl=stack.requests)
    fill(stack)
    process = jobfleet.start("clear", "-y", "--json")
    stack.until(lambda: stack.front.calls.count("PurgeQueue") >= 2)
    stack.forget_purges()
    out, said = process.communicate(timeout=patience(120))
    assert process.returncode == 0
    assert said.count("waiting for up to") == 1
    found = json.loads(out)
    assert {queue["queue"] for queue in found["cleared"]} == {stack.names.requests, stack.names.responses}
    assert left(stack)[:2] == (0, 0)


def test_machines_are_told_what_went(jobfleet: Jobfleet, stack: Any) -> None:
    fill(stack)
    found = json.loads(jobfleet("clear", "-y", "--json", "--quiet").stdout)
    assert found["cleared"][0] == {
        "queue": stack.names.requests, "waiting": 3, "in_flight": 0, "delayed": 0,
    }  # fmt: skip
    assert found["settled"]
    assert json.loads(jobfleet("clear", "-y", "--json").stdout) == {"cleared": [], "settled": None}


def test_who_may_not_clear_is_told_so(jobfleet: Jobfleet, stack: Any) -> None:
    fill(stack)
    stack.front.forbids = lambda call: call == "PurgeQueue"
    says_why(jobfleet("clear", "-y"), Exit.NOT_ALLOWED, "do not allow PurgeQueue")
    assert left(stack) == (3, 2, 1, 1)
