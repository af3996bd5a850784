"""Jobs brought to their end together: fewer calls, and each entry of a call for itself."""

import io
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from jobfleet import Fleet
from jobfleet.settings.settings import Settings
from jobfleet_jobs.protocol.aws_facts import SQS_MESSAGE_MAX_BYTES
from jobfleet_jobs.protocol.batches import batches_by_size
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.message import ANSWER_MAX_BYTES, Request, Result
from jobfleet_jobs.results.result_batches import RESULT_BATCH_MAX
from jobfleet_worker.aws.queues import EntryRefusal, Message
from PIL import Image

from tests.places import REPOSITORY

THROTTLED = EntryRefusal("InternalError", final=False)
REFUSED = EntryRefusal("AccessDenied", final=True)


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 6), (200, 100, 50)).save(out, "PNG")
    return out.getvalue()


def send_all(stack: Any, requests: Sequence[Request]) -> None:
    for start in range(0, len(requests), 10):
        entries = [
            {"Id": str(n), "MessageBody": r.to_json()} for n, r in enumerate(requests[start : start + 10])
        ]
        stack.sqs.send_message_batch(QueueUrl=stack.requests, Entries=entries)


def calls(stack: Any, start: str = "") -> list[str]:
    return [call for call in stack.front.calls if call.startswith(start) and call != "GetQueueUrl"]


@pytest.fixture
def fleet(stack: Any, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    return Fleet(Settings(stack=stack.name, region="us-east-1", endpoint_url=stack.front.url))


def test_small_jobs_share_calls_and_an_object_and_anyone_finds_each(
    stack: Any, bench: Any, fleet: Fleet
) -> None:
    requests = [stack.request(source=f"{n} 2 3") for n in range(300)]
    send_all(stack, requests)
    # However slowly they come, a group waits until it is full, and no hold must be extended meanwhile.
    worker = bench(batch_linger=10_000, visibility_timeout=120).work()
    assert len(calls(stack)) / len(requests) <= 0.5
    assert len(calls(stack, "PUT results/")) <= 2 * len(requests) / RESULT_BATCH_MAX
    for request in (requests[0], requests[77], requests[-1]):
        stored = worker.storage.find_result(request.id)
        assert (stored.id, stored.status) == (request.id, "succeeded")
        assert fleet.find_result(request.id) == stored
    assert fleet.find_result(stack.request().id) is None
    assert sorted(line["job"] for line in stack.logged()) == sorted(request.id for request in requests)


def test_what_was_sent_long_before_the_others_has_its_result_for_itself(
    stack: Any, bench: Any, fleet: Fleet
) -> None:
    now = time.time()
    old = [stack.request(id=new_job_id(now - age)) for age in (7_200, 60, 59)]
    requests = [*old, *(stack.request() for _ in range(7))]
    send_all(stack, requests)
    worker = bench(batch_linger=1_000, visibility_timeout=120).work()
    assert stack.object(f"results/{old[0].id}.json")
    assert len(calls(stack, "PUT results/within-")) >= 1
    assert not calls(stack, "PUT results/batches/")
    ids = [request.id for request in requests]
    assert all(worker.storage.find_result(one) == fleet.find_result(one) for one in ids)
    assert sorted(fleet.find_results(ids)) == sorted(ids)


def test_a_job_alone_waits_for_nobody_and_has_its_result_for_itself(stack: Any, bench: Any) -> None:
    request = stack.request()
    stack.send(request)
    worker, lingers = bench(batch_linger=10_000), list[float]()
    for gathering in (worker.parts.committer._new, worker.parts.committer._answered):
        linger = gathering._linger

        def noted(group: Any, under_way: bool, linger: Any = linger) -> float:
            lingers.append(linger(group, under_way))
            return lingers[-1]

        gathering._linger = noted
    worker.work()
    assert stack.stored(request.id).status == "succeeded"
    assert lingers == [0.0, 0.0]


def test_a_job_done_with_others_is_not_done_again_when_it_comes_again(stack: Any, bench: Any) -> None:
    requests = [stack.request() for _ in range(20)]
    send_all(stack, requests)
    bench().work()
    stack.send(requests[7])
    stack.sqs.receive_message(QueueUrl=stack.requests, VisibilityTimeout=0)  # the first attempt
    worker = bench(worker_id="w2").work()
    assert [line["outcome"] for line in worker.lines()] == ["answered-again"]
    assert worker.storage.find_result(requests[7].id).worker == "w1"


def test_one_id_received_twice_at_once_is_done_once(stack: Any, bench: Any) -> None:
    request = stack.request("greyscale", png(), output="outputs/x.png")
    send_all(stack, [request, request, request])
    worker = bench().work()
    assert len(calls(stack, "PUT outputs/")) == 1
    assert sorted(line["outcome"] for line in worker.lines()) == ["answered-again"] * 2 + ["succeeded"]


def test_an_entry_that_was_not_deleted_is_tried_again_by_itself(
    stack: Any, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_all(stack, [stack.request() for _ in range(10)])
    worker, tried = bench(), []
    delete = worker.queues.delete

    def refuse_one(messages: Sequence[Message]) -> dict[int, EntryRefusal]:
        tried.append(len(messages))
        if len(messages) == 1:
            return dict(delete(messages))
        delete(messages[1:])
        return {0: THROTTLED}

    monkeypatch.setattr(worker.queues, "delete", refuse_one)
    worker.work()
    assert 1 in tried
    assert stack.waiting(stack.replies) == 10
    assert "not-deleted" not in worker.events()


def test_a_call_that_fails_breaks_the_jobs_of_its_own_batch_and_no_other(
    stack: Any, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [stack.request() for _ in range(40)]
    send_all(stack, requests)
    worker, failed = bench(batch_linger=1_000), []
    answer = worker.queues.answer

    def fail_once(queue: str, bodies: Sequence[str]) -> dict[int, EntryRefusal]:
        if not failed and any(requests[17].id in body for body in bodies):
            failed.extend(bodies)
            raise RuntimeError("no such luck")
        return dict(answer(queue, bodies))

    monkeypatch.setattr(worker.queues, "answer", fail_once)
    worker.work()
    broken = [line["job"] for line in worker.lines() if line["event"] == "attempt-broken"]
    assert 1 < len(failed) <= 10
    assert sorted(broken) == sorted(Result.from_json(body).id for body in failed)
    outcomes = Counter(line["outcome"] for line in worker.lines() if line["event"] == "job")
    assert outcomes == {"succeeded": 40, "answered-again": len(failed)}
    assert stack.waiting(stack.replies) == 40


def test_a_message_that_cannot_be_buried_breaks_its_own_job_and_no_other(
    stack: Any, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [stack.request() for _ in range(9)]
    send_all(stack, requests)
    stack.send("no request")
    worker, failed = bench(batch_linger=1_000), []
    bury = worker.queues.bury

    def fail_once(message: Message, cause: str) -> None:
        failed.append(message)
        if len(failed) == 1:
            raise RuntimeError("no such luck")
        bury(message, cause)

    monkeypatch.setattr(worker.queues, "bury", fail_once)
    worker.work(lambda: len(failed) == 2)
    assert worker.events().count("attempt-broken") == 1
    outcomes = Counter(line["outcome"] for line in worker.lines() if line["event"] == "job")
    assert outcomes["answered-again"] == 0
    assert stack.waiting(stack.replies) == 9
    assert stack.waiting(stack.dead) == 1


def test_an_answer_refused_for_good_breaks_its_own_job_and_no_other(
    stack: Any, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [stack.request() for _ in range(10)]
    send_all(stack, requests)
    worker = bench()
    answer = worker.queues.answer

    def refuse_one(queue: str, bodies: Sequence[str]) -> dict[int, EntryRefusal]:
        refused = {n for n, body in enumerate(bodies) if requests[3].id in body}
        if set(range(len(bodies))) - refused:
            answer(queue, [body for n, body in enumerate(bodies) if n not in refused])
        return dict.fromkeys(refused, REFUSED)

    monkeypatch.setattr(worker.queues, "answer", refuse_one)
    worker.work(lambda: "attempt-broken" in worker.events())
    stack.until(lambda: stack.waiting(stack.replies) == 9)
    stack.until(lambda: stack.waiting(stack.requests) <= 1)
    (line,) = [line for line in worker.lines() if line["event"] == "attempt-broken"][:1]
    assert (line["job"], line["cause"]) == (
        requests[3].id, "BrokenAttempt: the answer was not taken: AccessDenied",
    )  # fmt: skip


def test_batches_hold_ten_and_no_more_than_sqs_takes_at_once() -> None:
    small = [(n, "x") for n in range(25)]
    assert [len(batch) for batch in batches_by_size(small)] == [10, 10, 5]
    large = [(n, "ä" * (SQS_MESSAGE_MAX_BYTES // 5)) for n in range(5)]
    assert [len(batch) for batch in batches_by_size(large)] == [2, 2, 1]


def test_a_result_too_long_for_a_message_is_announced_and_lies_whole_in_the_bucket(
    stack: Any, fleet: Fleet
) -> None:
    lengths = [3, ANSWER_MAX_BYTES - 2_000, ANSWER_MAX_BYTES, 3 * ANSWER_MAX_BYTES]
    requests = [stack.request("recite", str(length)) for length in lengths]
    send_all(stack, requests)
    hostile = str(REPOSITORY / "tests/aws/hostile")
    stack.worker("--config", str(stack.settings_file()), PYTHONPATH=hostile)
    answers: dict[str, Result] = {}

    def all_came() -> bool:
        got = stack.sqs.receive_message(QueueUrl=stack.replies, MaxNumberOfMessages=10).get("Messages", ())
        answers.update({(answer := Result.from_json(message["Body"])).id: answer for message in got})
        return len(answers) == len(requests)

    stack.until(all_came)
    told = [answers[request.id] for request in requests]
    assert [(answer.status, answer.stored, answer.result is None) for answer in told] == [
        ("succeeded", False, False), ("succeeded", False, False),
        ("succeeded", True, True), ("succeeded", True, True),
    ]  # fmt: skip
    for request, length in zip(requests, lengths, strict=True):
        stored = fleet.find_result(request.id)
        assert stored
        assert stored.result == {"words": "x" * length}
        assert not stored.stored
    stack.until(lambda: stack.waiting(stack.requests) == 0)
