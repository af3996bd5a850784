"""Large inputs go to the bucket while they come in, and nothing is left of those that did not come whole."""

from typing import Any

import pytest
from jobfleet_jobs.protocol.message import LARGE_BYTES
from jobfleet_web.model import InBucket, JobView
from jobfleet_web.problems import Problem
from jobfleet_web.settings import WebSettings
from jobfleet_web.work.work import LargeUpload, Work

from tests.patience import patience
from tests.web_uploads import upload, with_work

# Few numbers in many bytes.
NUMBERS = 10_000
PIECE = b"7".ljust(100) * NUMBERS


def uploads_under_way(stack: Any) -> list[Any]:
    found: list[Any] = stack.s3.list_multipart_uploads(Bucket=stack.bucket).get("Uploads", [])
    return found


def keys(stack: Any) -> list[str]:
    listed = stack.s3.list_objects_v2(Bucket=stack.bucket, Prefix="uploads/").get("Contents", [])
    return [item["Key"] for item in listed]


async def large(work: Work, name: str = "big.txt") -> InBucket:
    one = upload(name=name)
    coming = work.begin_large(one.job_id, name)
    for _ in range(20):
        await coming.write(PIECE)
    body = await coming.finish()
    assert body.bytes == 20 * len(PIECE) > 2 * LARGE_BYTES
    return body


async def rest(coming: LargeUpload) -> None:
    for _ in range(12):
        await coming.write(PIECE)
    await coming.finish()


def test_a_large_input_is_a_job_like_any_other(stack: Any, web_settings: WebSettings) -> None:
    stack.worker()

    async def use(work: Work) -> JobView:
        body = await large(work)
        job_id = body.key.split("/")[1]
        sent = await work.submit(
            [upload(body=body, name="big.txt", job_id=job_id, more=True)], batch=None, key=None, sender="x"
        )
        [job] = await work.wait(sent.job_ids, patience(60))
        return job

    job = with_work(web_settings, use)
    assert (job.status, (job.result or {})["count"]) == ("succeeded", 20 * NUMBERS)
    assert uploads_under_way(stack) == []

    async def after(work: Work) -> JobView:
        return await work.job(job.id)

    # What came behind the file in the form is known too, to whoever asks later.
    told = with_work(web_settings, after)
    assert (told.parameters, told.operation, told.bytes) == ({"more": True}, "stats", 20 * len(PIECE))


def test_a_large_input_that_was_sent_before_is_not_kept_twice(stack: Any, web_settings: WebSettings) -> None:
    async def use(work: Work) -> None:
        for _ in range(2):
            body = await large(work)
            job_id = body.key.split("/")[1]
            await work.submit(
                [upload(body=body, name="big.txt", job_id=job_id)], batch=None, key="k", sender="x"
            )

    with_work(web_settings, use)
    assert len(keys(stack)) == 1


@pytest.mark.parametrize("whole", [False, True])
def test_nothing_is_left_of_an_upload_that_is_aborted(
    stack: Any, web_settings: WebSettings, whole: bool
) -> None:
    async def use(work: Work) -> None:
        one = upload()
        coming = work.begin_large(one.job_id, one.name)
        for _ in range(12):
            await coming.write(PIECE)
        assert uploads_under_way(stack)
        if whole:
            await coming.finish()
        await coming.abort()

    with_work(web_settings, use)
    assert uploads_under_way(stack) == []
    assert keys(stack) == []


def test_a_part_that_aws_does_not_take_ends_the_upload(stack: Any, web_settings: WebSettings) -> None:
    async def use(work: Work) -> None:
        one = upload()
        coming = work.begin_large(one.job_id, one.name)
        await coming.write(PIECE)
        stack.front.fails = lambda call: call.startswith("PUT uploads")
        with pytest.raises(Problem) as caught:
            await rest(coming)
        assert caught.value.code == "aws-unreachable"
        await coming.abort()

    with_work(web_settings, use)
    assert uploads_under_way(stack) == []
