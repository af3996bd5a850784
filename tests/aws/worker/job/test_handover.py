"""Jobs for another worker: passed on until it has them, whoever dies, and refused if there is none."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.aws.worker.offers.test_packages import HARMS, sign
from tests.packages import WORD_COUNT, install


@pytest.fixture
def packages(stack: Any) -> Path:
    return install(Path(stack.folder) / "packages", "words", WORD_COUNT, "it = words:word_count")


def start(stack: Any, name: str, *packages: Path, **settings: Any) -> Any:
    config = stack.settings_file(worker_id=name, spool=str(stack.folder / name), **settings)
    worker = stack.worker("--config", str(config), PYTHONPATH=":".join(map(str, packages)))
    stack.until(lambda: sign(stack, name), 60)
    return worker


def say(stack: Any, worker: str, *operations: str) -> None:
    """Leave the heartbeat of a worker that is not there."""
    body = {"worker": worker, "at": datetime.now(UTC).isoformat(), "operations": operations}
    stack.s3.put_object(Bucket=stack.bucket, Key=f"workers/{worker}.json", Body=json.dumps(body))


def outcomes(stack: Any, worker: str) -> list[str]:
    lines = [line for line in stack.logged() if line.get("event") == "job" and line.get("worker") == worker]
    return [str(line["outcome"]) for line in lines]


def test_a_job_comes_to_the_worker_that_does_it(stack: Any, packages: Path) -> None:
    plain = start(stack, "plain")
    say(stack, "able", "word-count")
    for _ in range(5):
        stack.send(stack.request("word-count", b"a b"))
    # Each is passed on more often than the queue would let it be received.
    stack.until(lambda: outcomes(stack, "plain").count("passed-on") >= 5 * (stack.max_attempts + 1), 120)
    assert stack.waiting(stack.dead) == 0
    assert stack.waiting(stack.replies) == 0
    start(stack, "able", packages)
    # Whose turn it is, is chance; both at work, it comes to some.
    stack.until(lambda: stack.waiting(stack.replies), 120)
    plain.terminate()
    stack.until(lambda: stack.waiting(stack.replies) == 5, 120)
    stack.until(lambda: stack.waiting(stack.requests) == 0, 60)
    answers = [
        json.loads(message["Body"])
        for message in stack.sqs.receive_message(QueueUrl=stack.replies, MaxNumberOfMessages=10)["Messages"]
    ]
    assert {(answer["status"], answer["worker"]) for answer in answers} == {("succeeded", "able")}
    # Passing on is no attempt; what the worker that stops hands back unbegun counts as received, once.
    assert {answer["attempt"] for answer in answers} <= {1, 2}
    assert stack.waiting(stack.dead) == 0


def test_what_is_passed_on_stays_in_the_group_of_its_sender(stack: Any) -> None:
    plain = start(stack, "plain")
    say(stack, "able", "word-count")
    stack.send(stack.request("word-count", b"a b"), "client-1")
    stack.until(lambda: "passed-on" in outcomes(stack, "plain"), 60)
    plain.terminate()
    plain.wait()
    groups: list[str | None] = []
    stack.until(lambda: groups.extend(stack.groups(stack.requests)) or groups, 60)
    assert groups == ["client-1"]


def test_one_that_nobody_does_is_refused_at_once(stack: Any) -> None:
    start(stack, "plain")
    stack.send(stack.request("word-count", b"a b"))
    stack.until(lambda: stack.waiting(stack.replies))
    answer = stack.answer()
    assert answer.error is not None
    assert answer.error.code == "unknown-operation"
    assert answer.error.message.endswith("and no live worker offers more")


def test_a_worker_that_dies_between_copy_and_deletion_leaves_one_effect(stack: Any, packages: Path) -> None:
    say(stack, "able", "word-count")
    stack.front.fails = lambda call: call == "DeleteMessageBatch"
    plain = start(stack, "plain")
    request = stack.request("word-count", b"a b")
    stack.send(request)
    stack.until(lambda: stack.waiting(stack.requests) == 2, 60)  # the request and its copy
    plain.kill()
    plain.wait()
    stack.front.fails = lambda call: False
    start(stack, "able", packages)
    stack.until(lambda: stack.waiting(stack.requests) == 0, 90)
    stack.until(lambda: sorted(outcomes(stack, "able")) == ["answered-again", "succeeded"], 60)
    # A copy may come last, too; it is a new message to SQS.
    stack.sqs.send_message(
        QueueUrl=stack.requests, MessageBody=request.to_json(),
        MessageAttributes={"passed": {"DataType": "String", "StringValue": "1 2000000000 0"}},
    )  # fmt: skip
    stack.until(lambda: len(outcomes(stack, "able")) == 3, 60)
    assert outcomes(stack, "able").count("succeeded") == 1
    assert stack.stored(request.id).status == "succeeded"
    assert stack.waiting(stack.dead) == 0


def test_numbers_that_were_passed_on_are_not_done_twice_either(stack: Any) -> None:
    start(stack, "able")
    request = stack.request()
    stack.send(request)
    stack.until(lambda: stack.waiting(stack.requests) == 0, 60)
    stack.until(lambda: outcomes(stack, "able") == ["succeeded"], 60)
    stack.send(stack.request())  # when that is done too, the first is not in hand any more
    stack.until(lambda: len(outcomes(stack, "able")) == 2 and stack.waiting(stack.requests) == 0, 60)
    stack.sqs.send_message(
        QueueUrl=stack.requests, MessageBody=request.to_json(),
        MessageAttributes={"passed": {"DataType": "String", "StringValue": "1 2000000000 0"}},
    )  # fmt: skip
    stack.until(lambda: len(outcomes(stack, "able")) == 3, 60)
    assert sorted(outcomes(stack, "able")) == ["answered-again", "succeeded", "succeeded"]


def test_passing_on_gives_a_job_that_breaks_no_more_attempts(stack: Any) -> None:
    harms = install(Path(stack.folder) / "harms", "harms", HARMS, "stumble = harms:stumble")
    request = stack.request("stumble", b"x")
    # It was received as often as the queue allows before it was passed on for the last time.
    stack.sqs.send_message(
        QueueUrl=stack.requests, MessageBody=request.to_json(),
        MessageAttributes={"passed": {"DataType": "String", "StringValue": f"4 {2_000_000_000} 3"}},
    )  # fmt: skip
    start(stack, "able", harms)
    stack.until(lambda: stack.waiting(stack.dead) == 1, 60)
    dead = stack.take(stack.dead)
    assert json.loads(dead["Body"])["id"] == request.id
    assert "as often as the queue allows" in dead["MessageAttributes"]["cause"]["StringValue"]
    stack.until(lambda: stack.waiting(stack.requests) == 0)
    assert stack.waiting(stack.replies) == 0
