"""Uploads are in the bucket and in the queue when they are acknowledged, and are done once."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.names import BatchEntry, sent_once_key
from jobfleet_web.model import JobView
from jobfleet_web.problems import Problem
from jobfleet_web.settings import WebSettings
from jobfleet_web.work.sends import submissions
from jobfleet_web.work.work import Submitted, Work

from tests.client_run import picture
from tests.patience import patience
from tests.web_uploads import until, upload, with_work

SENDER = "192.0.2.1"


async def send(work: Work, *uploads: Any, **more: Any) -> Submitted:
    return await work.submit(list(uploads), **{"batch": None, "key": None, "sender": SENDER, **more})


def requests(stack: Any) -> list[dict[str, Any]]:
    """Take all requests that wait."""
    found = []
    while True:
        answer = stack.sqs.receive_message(QueueUrl=stack.requests, MaxNumberOfMessages=10)
        if not answer.get("Messages"):
            return found
        found += [json.loads(one["Body"]) for one in answer["Messages"]]


def test_uploads_of_one_request_are_stored_sent_and_answered(
    stack: Any, web_settings: WebSettings, tmp_path: Path
) -> None:
    stack.worker()
    photo = picture(tmp_path / "photo.png", 1).read_bytes()

    async def use(work: Work) -> list[JobView]:
        uploads = [upload(), upload("greyscale", photo, "holiday/ä b.png", content_type="image/png")]
        sent = await send(work, *uploads)
        assert sent.job_ids == [one.job_id for one in uploads]
        for job in sent.jobs:
            entry = BatchEntry(str(sent.batch), job.id, job.operation, job.name)
            assert stack.object(entry.key) == b""
        return await work.wait(sent.job_ids, patience(30))

    numbers, grey = with_work(web_settings, use)
    assert (numbers.status, numbers.name) == ("succeeded", "numbers.txt")
    assert (numbers.result or {})["mean"] == 2
    assert (grey.status, grey.name, grey.bytes) == ("succeeded", "holiday/ä b.png", len(photo))
    assert grey.batch == numbers.batch is not None
    assert grey.output is not None
    assert (grey.output.name, grey.output.content_type) == ("ä b.png", "image/png")
    assert grey.times["upload"] == 0.25
    assert grey.times["working"] > 0


def test_an_upload_is_acknowledged_only_after_input_request_and_place_in_the_batch(
    stack: Any, web_settings: WebSettings
) -> None:
    batch = new_job_id()

    async def use(work: Work) -> str:
        sent = await send(work, upload(), batch=batch)
        [job] = sent.job_ids
        made = [call for call in stack.front.calls if job in call or call.startswith("SendMessage")]
        place = f"PUT web/batches/{batch}/{job}/stats/numbers.txt"
        assert made == [f"PUT uploads/{job}/numbers.txt", "SendMessage", place]
        return job

    job = with_work(web_settings, use)
    [request] = requests(stack)
    assert request["id"] == job
    assert request["input"] == {"bucket": stack.bucket, "key": f"uploads/{job}/numbers.txt"}


@pytest.mark.parametrize("broken", ["PUT uploads", "SendMessage"])
def test_what_could_not_be_stored_or_sent_is_an_error_that_can_be_retried(
    stack: Any, web_settings: WebSettings, broken: str
) -> None:
    stack.front.fails = lambda call: call.startswith(broken)

    async def use(work: Work) -> None:
        with pytest.raises(Problem) as caught:
            await send(work, upload())
        assert (caught.value.status, caught.value.code) == (503, "aws-unreachable")
        assert caught.value.headers["Retry-After"]
        stack.front.fails = lambda call: False
        await send(work, upload())

    with_work(web_settings, use)
    assert len(requests(stack)) == 1


def test_requests_of_a_crowd_of_uploads_share_calls(stack: Any, web_settings: WebSettings) -> None:
    # The first one goes alone, at once. While it is under way, the others gather.
    stack.front.delays = lambda call: 0.3 if call.startswith("SendMessage") else 0.0

    async def use(work: Work) -> None:
        await asyncio.gather(*(send(work, upload(data=b"%d" % n)) for n in range(61)))

    with_work(web_settings, use)
    assert len({request["id"] for request in requests(stack)}) == 61
    assert sum(call.startswith("SendMessage") for call in stack.front.calls) <= 10


def test_the_same_upload_of_one_sender_meets_the_job_that_is_under_way(
    stack: Any, web_settings: WebSettings
) -> None:
    async def use(work: Work) -> None:
        first, second = await asyncio.gather(send(work, upload()), send(work, upload()))
        assert first.job_ids == second.job_ids
        assert (await send(work, upload())).job_ids == first.job_ids
        for other in (
            upload(name="other.txt"), upload(data=b"1 2 4"), upload(more=True),
        ):  # fmt: skip
            assert (await send(work, other)).job_ids != first.job_ids
        assert (await send(work, upload(), sender="192.0.2.2")).job_ids != first.job_ids
        assert (await send(work, upload(), batch=new_job_id())).job_ids != first.job_ids
        stack.worker()
        await work.wait(first.job_ids, patience(30))
        assert (await send(work, upload())).job_ids != first.job_ids

    with_work(web_settings, use)


def test_an_upload_whose_job_is_never_done_can_be_sent_again_in_a_while(
    stack: Any, web_settings: WebSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(work: Work) -> None:
        first = await send(work, upload())
        stack.sqs.purge_queue(QueueUrl=stack.requests)
        with monkeypatch.context() as later:
            later.setattr(submissions, "MEETS_SECONDS", 0.0)
            second = await send(work, upload())
        assert second.job_ids != first.job_ids
        assert (await send(work, upload())).job_ids == second.job_ids
        stack.worker()
        await work.wait(second.job_ids, patience(30))
        assert (await send(work, upload())).job_ids not in (first.job_ids, second.job_ids)

    with_work(web_settings, use)


def test_the_same_files_of_one_sender_meet_the_batch_that_is_under_way(
    stack: Any, web_settings: WebSettings
) -> None:
    async def use(work: Work) -> None:
        first = await send(work, upload(), upload(name="b.txt"))
        again = await send(work, upload(), upload(name="b.txt"))
        assert again.batch == first.batch is not None
        assert again.job_ids == first.job_ids

    with_work(web_settings, use)
    assert len(requests(stack)) == 2


def test_a_key_meets_its_jobs_on_every_host_and_after_a_restart(
    stack: Any, web_settings: WebSettings
) -> None:
    stack.worker()

    async def first(work: Work) -> Submitted:
        sent = await send(work, upload(), upload(name="b.txt"), key="k-1")
        await work.wait(sent.job_ids, patience(30))
        return sent

    async def again(work: Work) -> Submitted:
        return await send(work, upload(), upload(name="b.txt"), key="k-1", sender="192.0.2.9")

    sent, met = with_work(web_settings, first), with_work(web_settings, again)
    assert (met.batch, met.job_ids) == (sent.batch, sent.job_ids)
    assert [job.status for job in met.jobs] == ["succeeded", "succeeded"]
    assert sum(call.startswith("PUT uploads") for call in stack.front.calls) == 2


def test_a_key_whose_jobs_were_never_sent_has_them_sent_under_the_same_ids(
    stack: Any, web_settings: WebSettings
) -> None:
    stack.front.fails = lambda call: call.startswith("SendMessage")

    async def broken(work: Work) -> None:
        with pytest.raises(Problem):
            await send(work, upload(), key="k-2")

    async def again(work: Work) -> Submitted:
        return await send(work, upload(), key="k-2")

    with_work(web_settings, broken)
    stack.front.fails = lambda call: False
    [job] = with_work(web_settings, again).job_ids
    [request] = requests(stack)
    recorded = json.loads(stack.object(sent_once_key("k-2")))
    assert recorded["jobs"] == [request["id"]] == [job]
    assert request["input"]["key"].startswith(f"uploads/{job}/")


def test_a_job_that_was_done_before_it_had_its_place_in_the_batch_gets_it_by_a_retry(
    stack: Any, web_settings: WebSettings
) -> None:
    stack.worker()
    batch = new_job_id()
    stack.front.fails = lambda call: call.startswith("PUT web/batches")

    async def broken(work: Work) -> None:
        with pytest.raises(Problem):
            await send(work, upload(), key="k-4", batch=batch)

    async def again(work: Work) -> Submitted:
        [job] = json.loads(stack.object(sent_once_key("k-4")))["jobs"]
        await work.wait([job], patience(30))
        return await send(work, upload(), key="k-4", batch=batch)

    with_work(web_settings, broken)
    stack.front.fails = lambda call: False
    [job] = with_work(web_settings, again).jobs
    assert job.status == "succeeded"
    assert stack.object(BatchEntry(batch, job.id, job.operation, job.name).key) == b""


def test_another_payload_under_a_key_is_refused_also_at_the_same_moment(
    stack: Any, web_settings: WebSettings
) -> None:
    async def use(work: Work) -> None:
        ended = await asyncio.gather(
            *(send(work, upload(data=b"%d" % (n % 2)), key="k-3") for n in range(6)), return_exceptions=True
        )
        refused = [one for one in ended if isinstance(one, Problem)]
        assert [(one.status, one.code) for one in refused] == [(422, "idempotency-key-reused")] * 3
        assert len({one.job_ids[0] for one in ended if isinstance(one, Submitted)}) == 1

    with_work(web_settings, use)
    assert len(requests(stack)) == 1


def test_two_hosts_that_get_a_key_at_the_same_moment_have_one_job(
    stack: Any, web_settings: WebSettings
) -> None:
    async def use(work: Work) -> None:
        other = Work(web_settings)
        try:
            first, second = await asyncio.gather(*(send(one, upload(), key="k-4") for one in (work, other)))
        finally:
            await other.close()
        assert first.job_ids == second.job_ids

    with_work(web_settings, use)
    # Both may have sent it, as neither knows how far the other is: a worker does an id once.
    assert len({request["id"] for request in requests(stack)}) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb"])
def test_what_can_be_no_key_is_refused(stack: Any, web_settings: WebSettings, key: str) -> None:
    async def use(work: Work) -> None:
        with pytest.raises(Problem) as caught:
            await send(work, upload(), key=key)
        assert (caught.value.status, caught.value.code) == (400, "bad-idempotency-key")

    with_work(web_settings, use)


def test_a_sender_that_goes_away_leaves_nothing_half_done(stack: Any, web_settings: WebSettings) -> None:
    stack.front.delays = lambda call: 0.3 if call.startswith("PUT uploads") else 0.0

    async def use(work: Work) -> None:
        going = asyncio.create_task(send(work, upload()))
        await until(lambda: any(call.startswith("PUT uploads") for call in stack.front.calls))
        going.cancel()
        await send(work, upload())

    with_work(web_settings, use)
    assert len(requests(stack)) == 1


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..", "", "a\nb\x00.txt", "\ud800.txt", "é" * 400, "C:\\x\\y.txt"]
)
def test_a_hostile_name_stays_a_name(stack: Any, web_settings: WebSettings, name: str) -> None:
    async def use(work: Work) -> JobView:
        sent = await send(work, upload(name=name), batch=new_job_id())
        return sent.jobs[0]

    job = with_work(web_settings, use)
    [request] = requests(stack)
    kept = request["input"]["key"].removeprefix(f"uploads/{job.id}/")
    assert kept.isprintable()
    assert kept not in ("", ".", "..")
    assert "/" not in kept
    assert len(kept.encode()) <= 255
    assert stack.object(request["input"]["key"]) == b"1 2 3"
