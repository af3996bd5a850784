"""The worker, in this process, against moto's server over HTTP."""

import io
import json
from typing import Any

import pytest
from jobfleet_jobs.protocol.aws_facts import SQS_MESSAGE_MAX_BYTES
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.message import Result, Stored
from PIL import Image


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 6), (200, 100, 50)).save(out, "PNG")
    return out.getvalue()


def test_numbers_come_back_described_and_the_request_is_gone(stack: Any, bench: Any) -> None:
    request = stack.request(source="1 2 3 6")
    stack.send(request)
    bench().work()
    answer = stack.answer()
    assert answer.result == {"count": 4, "mean": 3, "min": 1, "max": 6, "median": 2.5}
    assert (answer.id, answer.status, answer.worker, answer.attempt) == (request.id, "succeeded", "w1", 1)
    assert stack.stored(request.id) == answer
    assert stack.waiting(stack.requests) == 0
    (line,) = stack.logged()
    assert (line["event"], line["job"], line["outcome"]) == ("job", request.id, "succeeded")
    assert line["attempt"] == 1


@pytest.mark.parametrize("operation", ["greyscale", "threshold", "blackwhite"])
def test_an_image_is_put_where_the_client_said(stack: Any, bench: Any, operation: str) -> None:
    stack.send(stack.request(operation, png(), output="outputs/some/name.png"))
    bench().work()
    answer = stack.answer()
    assert answer.output is not None
    assert (answer.output.bucket, answer.output.key) == (stack.bucket, "outputs/some/name.png")
    assert answer.result is not None
    assert answer.result["format"] == "PNG"
    data = stack.object("outputs/some/name.png")
    assert len(data) == answer.output.bytes
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (8, 6)


def test_the_request_is_deleted_only_after_output_result_answer_and_log(stack: Any, bench: Any) -> None:
    request = stack.request("greyscale", png(), output="outputs/x.png")
    stack.send(request)
    bench().work()
    asides = ("GET", "GetQueueUrl", "ReceiveMessage", "PUT workers/")
    calls = [call for call in stack.front.calls if not call.startswith(asides)]
    log = next(call for call in calls if "logs/" in call)
    assert calls == [
        "PUT outputs/x.png", f"PUT results/{request.id}.json", "SendMessageBatch", log, "DeleteMessageBatch",
    ]  # fmt: skip


@pytest.mark.parametrize("what", ["PUT outputs/", "PUT results/", "PUT logs/", "SendMessageBatch"])
def test_while_something_cannot_be_written_the_request_stays_in_hand(
    stack: Any, bench: Any, what: str
) -> None:
    request = stack.request("greyscale", png(), output="outputs/x.png")
    stack.send(request)
    stack.front.fails = lambda call: call.startswith(what)
    worker = bench().start()
    stack.until(lambda: "paused" in worker.events())
    assert "DeleteMessageBatch" not in stack.front.calls
    assert (stack.waiting(stack.requests), stack.visible()) == (1, 0)
    # Nobody waits for the log.
    assert stack.waiting(stack.replies) == (1 if what == "PUT logs/" else 0)
    stack.front.fails = lambda call: False
    stack.until(lambda: stack.waiting(stack.requests) == 0)
    worker.stop()
    assert stack.answer().attempt == 1
    assert sorted(worker.events()) == ["job", "paused", "resumed"]
    assert [line["job"] for line in stack.logged() if line["event"] == "job"] == [request.id]


def test_a_job_that_was_done_before_is_answered_from_its_stored_result(stack: Any, bench: Any) -> None:
    request = stack.request("greyscale", "an image must not stand here", output="outputs/x.png")
    done = Result(request.id, "greyscale", "succeeded", "another", 1, {"format": "PNG"})
    stack.s3.put_object(Bucket=stack.bucket, Key=f"results/{request.id}.json", Body=done.to_json().encode())
    stack.send(request)
    stack.sqs.receive_message(QueueUrl=stack.requests, VisibilityTimeout=0)  # the first attempt
    bench().work()
    assert stack.answer() == done
    assert stack.waiting(stack.requests) == 0
    assert [line["outcome"] for line in stack.logged()] == ["answered-again"]


def test_bad_jobs_are_answered_at_once_and_never_retried(stack: Any, bench: Any) -> None:
    foreign = Stored("another-bucket", "uploads/x")
    missing = Stored(stack.bucket, "uploads/nothing")
    image = {"output": "outputs/x.png"}
    bad = [
        ("unknown-operation", stack.request("rot13")),
        ("bad-parameter", stack.request("threshold", png(), parameters={"level": 300}, **image)),
        ("bad-parameter", stack.request(parameters={"level": 3})),
        ("bad-number", stack.request(source="1 two 3")),
        ("no-numbers", stack.request(source="")),
        ("not-an-image", stack.request("greyscale", b"words", **image)),
        ("bad-input", stack.request("greyscale", "inline", **image)),
        ("bad-input", stack.request("greyscale", input=foreign, **image)),
        ("bad-input", stack.request("greyscale", input=Stored(stack.bucket, ""), **image)),
        ("bad-input", stack.request("greyscale", input=Stored(stack.bucket, "x" * 1025), **image)),
        ("unknown-operation", stack.request("y" * 50_000)),
        ("bad-parameter", stack.request("threshold", png(), parameters={"level": "z" * 50_000}, **image)),
        ("no-such-input", stack.request("greyscale", input=missing, **image)),
        ("bad-output-name", stack.request("greyscale", png(), output="results/x.json")),
        ("bad-output-name", stack.request("greyscale", png(), output="outputs/../results/x.json")),
        ("bad-output-name", stack.request("greyscale", png())),
        ("too-large", stack.request("greyscale", png() + b"0" * 2000, **image)),
        ("too-large", stack.request(source="1 " * 1001)),
        ("too-many-numbers", stack.request(source="1 " * 101)),
        ("too-many-pixels", stack.request("greyscale", png(), **image)),
    ]
    worker = bench(max_input_bytes=2000, max_numbers=100, max_pixels=47)
    worker.start()
    for code, request in bad:
        stack.send(request)
        stack.until(lambda: stack.waiting(stack.replies))
        answer = stack.answer()
        assert (answer.id, answer.status) == (request.id, "failed"), code
        assert answer.error is not None
        assert answer.error.code == code
        assert stack.stored(request.id) == answer
        assert len(answer.to_json()) < 1000
    stack.until(lambda: stack.waiting(stack.requests) == 0)
    assert stack.waiting(stack.requests) == stack.waiting(stack.dead) == 0
    assert {line["outcome"] for line in stack.logged()} == {"failed"}


def test_a_message_that_is_no_request_is_kept_whole_in_the_dead_letter_queue(stack: Any, bench: Any) -> None:
    stack.send("hello" * 100)
    bench().work()
    dead = stack.take(stack.dead)
    assert dead["Body"] == "hello" * 100
    assert dead["MessageAttributes"]["cause"]["StringValue"].startswith(
        "bad-request: the message is not JSON"
    )
    assert stack.waiting(stack.requests) == stack.waiting(stack.replies) == 0
    (line,) = stack.logged()
    assert len(line["head"]) == 200


@pytest.mark.parametrize("free", [0, 12, 40])
def test_a_full_message_that_is_no_request_is_kept_and_harms_no_neighbour(
    stack: Any, bench: Any, free: int
) -> None:
    unreadable = "\ufffd" + "x" * (SQS_MESSAGE_MAX_BYTES - 3 - free)
    stack.send(unreadable)
    good = [stack.request() for _ in range(5)]
    for request in good:
        stack.send(request)
    worker = bench(batch_linger=1_000).work()
    dead = stack.take(stack.dead)
    assert dead["Body"] == unreadable
    assert bool(dead.get("MessageAttributes")) == (free > 11)
    assert {stack.stored(request.id).status for request in good} == {"succeeded"}
    assert worker.events() == ["job"] * 6
    assert stack.waiting(stack.requests) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"operation": "\ud800"}, {"output": {"key": "outputs/\ud800"}}, {"input": {"inline": "1 \ud800"}},
        {"input": {"bucket": "\ud800", "key": "x"}}, {"parameters": {"\ud800": 1}}, {"reply_to": "\ud800"},
    ],
)  # fmt: skip
def test_text_that_no_file_can_hold_is_a_bad_job_like_any_other(
    stack: Any, bench: Any, change: dict[str, Any]
) -> None:
    on_image = "output" in change or "bucket" in str(change)
    request = stack.request("greyscale" if on_image else "stats", output="outputs/x")
    stack.send(json.dumps(json.loads(request.to_json()) | change))
    worker = bench().work()
    assert stack.stored(request.id).status == "failed"
    assert worker.events() == ["job"]


def test_a_message_nested_beyond_reading_is_no_request(stack: Any, bench: Any) -> None:
    stack.send("[" * 100_000)
    bench().work()
    assert stack.waiting(stack.dead) == 1


def test_a_message_that_is_no_request_is_answered_if_it_says_where_to(stack: Any, bench: Any) -> None:
    job_id = new_job_id()
    stack.send(json.dumps({"version": 99, "id": job_id, "operation": "stats", "reply_to": stack.reply_to}))
    bench().work()
    answer = stack.answer()
    assert answer.error is not None
    assert (answer.id, answer.error.code) == (job_id, "bad-version")
    assert stack.stored(job_id) == answer
    assert stack.waiting(stack.dead) == 1


@pytest.mark.parametrize("parsable", [True, False])
@pytest.mark.parametrize(
    "name", ["someone-elses", "{stack}-requests", "{stack}-dead", "{stack}-reply-a/../x"]
)
def test_a_worker_writes_to_no_queue_but_its_stacks_own(
    stack: Any, bench: Any, name: str, parsable: bool
) -> None:
    foreign = stack.sqs.create_queue(QueueName="someone-elses")["QueueUrl"]
    name = name.format(stack=stack.name)
    request = stack.request(reply_to=name)
    stack.send(request if parsable else json.dumps({"version": 99, "id": request.id, "reply_to": name}))
    bench().work()
    assert stack.waiting(foreign) == stack.waiting(stack.requests) == 0
    assert stack.waiting(stack.dead) == (0 if parsable else 1)
    result = stack.stored(request.id)
    assert result.error is not None
    if parsable:
        assert result.error.code == "bad-reply-to"
        assert stack.answer(stack.responses) == result


def test_without_a_reply_queue_the_answer_goes_to_the_response_queue(stack: Any, bench: Any) -> None:
    request = stack.request(reply_to=None)
    stack.send(request)
    bench().work()
    assert stack.answer(stack.responses).id == request.id


def test_a_client_that_is_gone_is_no_failure(stack: Any, bench: Any) -> None:
    request = stack.request()
    stack.send(request)
    stack.sqs.delete_queue(QueueUrl=stack.replies)
    worker = bench().work()
    assert stack.stored(request.id).status == "succeeded"
    assert stack.waiting(stack.requests) == 0
    assert worker.events() == ["reply-queue-gone", "job"]
    assert "paused" not in worker.events()
