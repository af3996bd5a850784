"""`jobfleet dead` through the installed entry point, with letters that real workers buried."""

import json
from typing import Any

import pytest
from jobfleet.aws.account import Account
from jobfleet.errors import Exit
from jobfleet.queues import borrowed_messages
from jobfleet.queues.dead_letters import DeadLetters
from jobfleet_jobs.protocol.message import Attempt, Request, Result
from jobfleet_jobs.protocol.names import result_key

from tests.client_bench import Jobfleet, says_why
from tests.patience import patience


def bury(stack: Any, *requests: Request) -> None:
    """Put requests among the dead letters."""
    for request in requests:
        stack.sqs.send_message(QueueUrl=stack.dead, MessageBody=request.to_json())


def failing(stack: Any, request: Request, *causes: str) -> None:
    attempts = tuple(
        Attempt(f"2026-01-01T00:0{number}:00+00:00", f"w{number}", number, cause)
        for number, cause in enumerate(causes, 1)
    )
    result = Result(request.id, request.operation, "failing", "w1", len(causes), attempts=attempts)
    stack.s3.put_object(Bucket=stack.bucket, Key=result_key(request.id), Body=result.to_json().encode())


def listed(jobfleet: Jobfleet) -> list[dict[str, Any]]:
    ran = jobfleet("dead", "list", "--json")
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


def visible(stack: Any, queue: str) -> int:
    """How many messages anybody could take this moment."""
    names = ["ApproximateNumberOfMessages"]
    return int(stack.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"][names[0]])


def test_a_job_that_broke_in_a_worker_is_listed_with_its_cause_redriven_and_done(
    jobfleet: Jobfleet, stack: Any, bench: Any
) -> None:
    request = stack.request(source=b"1 2 3")
    stack.send(request)
    worker = bench()
    worker.break_jobs("one", "two", "three")
    worker.work(lambda: stack.waiting(stack.dead))
    (letter,) = listed(jobfleet)
    assert (letter["id"], letter["status"]) == (request.id, "failing")
    assert letter["cause"] == "attempt 3 on w1: RuntimeError: three"
    ran = jobfleet("dead", "redrive", request.id)
    assert (ran.returncode, ran.stdout) == (0, request.id + "\n")
    assert stack.waiting(stack.dead) == 0
    stack.worker()
    stack.until(lambda: stack.waiting(stack.requests) == 0)
    assert stack.stored(request.id).status == "succeeded"
    assert stack.answer().id == request.id


def test_looking_takes_nothing_away_and_hides_nothing(jobfleet: Jobfleet, stack: Any) -> None:
    requests = [stack.request() for _ in range(23)]
    bury(stack, *requests)
    failing(stack, requests[0], "first", "last\x1b[2J")
    for _ in range(2):
        assert {letter["id"] for letter in listed(jobfleet)} == {request.id for request in requests}
        assert visible(stack, stack.dead) == 23
    ran = jobfleet("dead", "list")
    assert "attempt 2 on w2: last\\x1b[2J" in ran.stdout
    assert "no attempt reported a cause" in ran.stdout
    assert ran.stderr == ""
    # Who asks for its result is told where it lies.
    says_why(jobfleet("result", requests[0].id), Exit.NO_ANSWER, "attempt 2 broke", "`jobfleet dead list`")


def test_a_look_that_goes_wrong_hands_back_too(jobfleet: Jobfleet, stack: Any) -> None:
    bury(stack, *(stack.request() for _ in range(12)))
    calls = stack.front.calls
    stack.front.fails = lambda call: call == "ReceiveMessage" and calls.count("ReceiveMessage") > 1
    says_why(jobfleet("dead", "list"), Exit.UNREACHABLE, "AWS failed at ReceiveMessage")
    assert visible(stack, stack.dead) == 12


def test_ctrl_c_in_a_look_hands_back_too(jobfleet: Jobfleet, stack: Any) -> None:
    bury(stack, *(stack.request() for _ in range(12)))
    calls = stack.front.calls
    stack.front.delays = lambda call: 3.0 if call == "ReceiveMessage" and calls.count(call) > 1 else 0.0
    process = jobfleet.start("dead", "list")
    stack.until(lambda: calls.count("ReceiveMessage") > 1)
    process.send_signal(2)
    process.communicate(timeout=patience(120))
    assert process.returncode == Exit.INTERRUPTED
    # One receive may have been under way when the client went, and its messages come back by themselves.
    assert "ChangeMessageVisibilityBatch" in calls
    assert visible(stack, stack.dead) >= 10


def test_what_is_in_other_hands_is_told(jobfleet: Jobfleet, stack: Any) -> None:
    bury(stack, stack.request(), stack.request(), stack.request())
    held = stack.sqs.receive_message(QueueUrl=stack.dead, MaxNumberOfMessages=1)["Messages"][0]
    ran = jobfleet("dead", "list", "--json")
    assert len(ran.stdout.splitlines()) == 2
    assert "AWS counts 1 more dead letter" in ran.stderr
    job = json.loads(held["Body"])["id"]
    for command in (("show",), ("redrive",), ("drop", "--yes")):
        says_why(jobfleet("dead", *command, job), Exit.BAD_INPUT, job, "1 more is in other hands")
    assert stack.waiting(stack.dead) == 3


def test_a_message_that_is_no_request_can_be_dropped_and_not_redriven(
    jobfleet: Jobfleet, stack: Any, bench: Any
) -> None:
    # C1 controls begin escape codes too, and SQS takes them.
    stack.send("hello\x9b2J" * 100)
    bench().work()
    (letter,) = listed(jobfleet)
    assert letter["request"] is False
    assert letter["cause"].startswith("bad-request: the message is not JSON")
    ran = jobfleet("dead", "list")
    assert "[hello\\x9b2Jhello" in ran.stdout
    assert len(ran.stdout) < 500
    ran = jobfleet("dead", "redrive", letter["id"])
    assert (ran.returncode, ran.stdout) == (Exit.ERROR, "")
    assert "is not a request" in ran.stderr
    assert jobfleet("dead", "redrive", "--all").returncode == 0
    assert (visible(stack, stack.dead), stack.waiting(stack.requests)) == (1, 0)
    ran = jobfleet("dead", "drop", letter["id"], "--yes", "--json")
    assert (ran.returncode, json.loads(ran.stdout)) == (0, {"dropped": letter["id"]})
    assert stack.waiting(stack.dead) == 0


def test_a_job_whose_result_is_stored_is_not_done_twice(jobfleet: Jobfleet, stack: Any) -> None:
    request, other = stack.request(), stack.request()
    bury(stack, request, other)
    done = Result(request.id, "stats", "succeeded", "w1", 1)
    stack.s3.put_object(Bucket=stack.bucket, Key=result_key(request.id), Body=done.to_json().encode())
    ran = jobfleet("dead", "redrive", "--all")
    assert (ran.returncode, ran.stdout) == (0, other.id + "\n")
    assert f"{request.id}: not redriven: its result is stored already (succeeded)" in ran.stderr
    assert stack.waiting(stack.requests) == visible(stack, stack.dead) == 1
    (letter,) = listed(jobfleet)
    assert letter["cause"] == "the job is done: its result is stored (succeeded)"


def test_all_are_redriven_as_they_were_and_one_id_once(jobfleet: Jobfleet, stack: Any) -> None:
    # Ten of these are more than SQS takes in one call.
    requests = [stack.request(source="1 " * 60_000) for _ in range(24)]
    bury(stack, *requests, requests[3])
    ran = jobfleet("dead", "redrive", "--all")
    assert ran.returncode == 0, ran.stderr
    assert (stack.waiting(stack.dead), stack.waiting(stack.requests)) == (0, 24)
    message = stack.sqs.receive_message(QueueUrl=stack.requests)["Messages"][0]
    assert message["Body"] in {request.to_json() for request in requests}


def test_a_redriven_job_stays_in_the_group_of_its_sender(jobfleet: Jobfleet, stack: Any) -> None:
    for group in ("one", "two"):
        body = stack.request().to_json()
        stack.sqs.send_message(QueueUrl=stack.dead, MessageBody=body, MessageGroupId=group)
    bury(stack, *(stack.request() for _ in range(3)))
    ran = jobfleet("dead", "redrive", "--all")
    assert ran.returncode == 0, ran.stderr
    groups = stack.groups(stack.requests)
    assert (groups.pop("one"), groups.pop("two")) == (1, 1)
    # Those without one are in one group together, as one person has sent them anew.
    assert list(groups.values()) == [3]
    assert None not in groups


def test_a_letter_whose_request_was_not_taken_stays(jobfleet: Jobfleet, stack: Any) -> None:
    bury(stack, stack.request())
    stack.front.forbids = lambda call: call == "SendMessageBatch"
    says_why(jobfleet("dead", "redrive", "--all"), Exit.NOT_ALLOWED, "do not allow SendMessageBatch")
    assert (visible(stack, stack.dead), stack.waiting(stack.requests)) == (1, 0)
    assert "DeleteMessageBatch" not in stack.front.calls


def test_dropping_asks_first_and_takes_only_what_was_named(jobfleet: Jobfleet, stack: Any) -> None:
    one, two, three = stack.request(), stack.request(), stack.request()
    bury(stack, one, two, three)
    ran = jobfleet("dead", "drop", one.id, stdin="y\n")
    says_why(ran, Exit.USAGE, "no terminal to answer on")
    code, shown = jobfleet.at_terminal("dead", "drop", one.id, two.id, types="n\n")
    assert code == Exit.ERROR
    assert "Drop 2 dead letters for good?" in shown
    assert one.id in shown
    assert three.id not in shown
    assert shown.endswith("nothing was dropped\n")
    assert stack.waiting(stack.dead) == 3
    code, _ = jobfleet.at_terminal("dead", "drop", one.id, two.id, types="y\n")
    assert (code, [letter["id"] for letter in listed(jobfleet)]) == (0, [three.id])
    assert jobfleet("dead", "drop", "--all", "-y").stdout == three.id + "\n"
    assert stack.waiting(stack.dead) == 0
    assert jobfleet("dead", "drop", "--all").returncode == 0


def test_ids_that_no_letter_has_drop_nothing(jobfleet: Jobfleet, stack: Any) -> None:
    one = stack.request()
    bury(stack, one)
    says_why(
        jobfleet("dead", "drop", "-y", one.id, "nobody"), Exit.BAD_INPUT, "nobody", "nothing was dropped"
    )
    assert visible(stack, stack.dead) == 1
    for command in (("redrive",), ("redrive", "--all", one.id), ("drop",), ("drop", "--all", one.id)):
        assert jobfleet("dead", *command).returncode == Exit.USAGE


def test_one_letter_is_shown_whole(jobfleet: Jobfleet, stack: Any) -> None:
    request = stack.request("greyscale", b"x", output="outputs/grey.png")
    bury(stack, request)
    failing(stack, request, "first", "second")
    ran = jobfleet("dead", "show", request.id)
    assert (ran.returncode, ran.stderr) == (0, "")
    for words in (
        "greyscale",
        "outputs/grey.png",
        "attempt 2 on w2: second",
        "w1      first",
        request.to_json(),
    ):
        assert words in ran.stdout
    assert json.loads(jobfleet("dead", "show", request.id, "--json").stdout)["body"] == request.to_json()
    says_why(
        jobfleet("dead", "show", "nobody"), Exit.BAD_INPUT, "no dead letter is called nobody", "dead list"
    )


def test_no_dead_letters(jobfleet: Jobfleet, stack: Any) -> None:
    ran = jobfleet("dead", "list")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "there are no dead letters\n")


def test_no_more_are_looked_at_than_can_be_held(
    account: Account, stack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(borrowed_messages, "MESSAGES_MAX", 20)
    bury(stack, *(stack.request() for _ in range(35)))
    look = DeadLetters(account).look()
    assert (len(look.letters), look.unseen) == (20, 15)
    assert visible(stack, stack.dead) == 35
