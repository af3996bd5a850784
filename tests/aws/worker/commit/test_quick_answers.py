"""Images that are answered as soon as their outputs are stored: few calls each, and nothing is lost."""

import io
import json
from collections import Counter
from typing import Any

import pytest
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.message import Request, Result
from jobfleet_worker.service import backlog
from PIL import Image

IMAGES = 120
CLEARING = "jobfleet_worker.commit.committer.CLEARING_SECONDS"


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 6), (200, 100, 50)).save(out, "PNG")
    return out.getvalue()


def calls(stack: Any, start: str = "") -> list[str]:
    return [call for call in stack.front.calls if call.startswith(start) and call != "GetQueueUrl"]


def images(stack: Any, count: int) -> list[Request]:
    ids = [new_job_id() for _ in range(count)]
    requests = [stack.request("greyscale", png(), id=one, output=f"outputs/{one}/a.png") for one in ids]
    for request in requests:
        stack.send(request)
    stack.front.calls.clear()
    return requests


def test_an_image_of_a_backlog_takes_three_calls_and_a_half(
    stack: Any, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However slow this machine is: places wait for each other as long as it takes.
    monkeypatch.setattr(backlog, "FILLED_TOGETHER_SECONDS", 60.0)
    monkeypatch.setattr(CLEARING, 60.0)
    images(stack, IMAGES)
    bench(visibility_timeout=300).work()
    counted = Counter(call.partition("/")[0] for call in calls(stack) if "workers/" not in call)
    assert counted.total() / IMAGES <= 3.5, counted


def test_an_answer_goes_out_after_the_output_and_before_the_result_is_stored_with_others(
    stack: Any, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (request,) = images(stack, 1)
    worker = bench()
    monkeypatch.setattr(worker.parts.backlog, "is_at_work", lambda: True)
    monkeypatch.setattr(CLEARING, 0.1)
    worker.work()
    order = [call for call in calls(stack) if call.startswith(("PUT outputs", "PUT results", "SendM", "Del"))]
    assert order == [
        f"PUT {request.output}", "SendMessageBatch", f"PUT results/{request.id}.json", "DeleteMessageBatch",
    ]  # fmt: skip


def test_what_was_answered_and_not_stored_is_found_at_its_output_by_who_gets_it_next(
    stack: Any, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (request,) = images(stack, 1)
    worker, failed = bench(), []
    monkeypatch.setattr(worker.parts.backlog, "is_at_work", lambda: not failed)
    monkeypatch.setattr(CLEARING, 0.1)
    write_result = worker.storage.write_result

    def fail_once(result: Result) -> None:
        if not failed:
            failed.append(result)
            # As a client may, that has its answer.
            stack.s3.delete_object(Bucket=stack.bucket, Key=request.input.key)
            raise RuntimeError("no such luck")
        write_result(result)

    monkeypatch.setattr(worker.storage, "write_result", fail_once)
    worker.work(lambda: stack.waiting(stack.requests) == 0 and failed)
    outcomes = [line["outcome"] for line in worker.lines() if line["event"] == "job"]
    assert outcomes == ["succeeded", "answered-again"]
    assert len(calls(stack, "PUT outputs/")) == 1
    messages = stack.sqs.receive_message(QueueUrl=stack.replies, MaxNumberOfMessages=10)["Messages"]
    answers = [Result.from_json(message["Body"]) for message in messages]
    stored = stack.stored(request.id)
    assert [answer.status for answer in answers] == ["succeeded", "succeeded"]
    assert stored.output == answers[0].output
    assert stored.result == answers[0].result


def test_a_result_is_stored_before_its_answer_where_another_job_may_overwrite_the_output(
    stack: Any, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = stack.request("greyscale", png(), output="outputs/mine.png")
    stack.send(request)
    stack.front.calls.clear()
    worker = bench()
    monkeypatch.setattr(worker.parts.backlog, "is_at_work", lambda: True)
    monkeypatch.setattr(CLEARING, 0.1)
    worker.work()
    order = [call for call in calls(stack) if call.startswith(("PUT outputs", "PUT results", "SendM"))]
    assert order == [f"PUT {request.output}", f"PUT results/{request.id}.json", "SendMessageBatch"]
    assert stack.s3.head_object(Bucket=stack.bucket, Key=request.output)["Metadata"] == {}


def test_what_an_output_carries_of_another_job_is_not_taken_for_its_own(stack: Any, bench: Any) -> None:
    (first,) = images(stack, 1)
    second = stack.request("threshold", png(), output=first.output)
    bench().work()
    head = stack.s3.head_object(Bucket=stack.bucket, Key=first.output)
    assert json.loads(head["Metadata"]["jobfleet-result"])["id"] == first.id
    stack.send(second)
    stack.sqs.receive_message(QueueUrl=stack.requests, VisibilityTimeout=0)  # the first attempt
    bench(worker_id="w2").work()
    assert stack.stored(second.id).operation == "threshold"
    assert stack.s3.head_object(Bucket=stack.bucket, Key=first.output)["Metadata"] == {}
