"""A job that failed is tried again once, however often the request for it comes."""

from typing import Any

import pytest
from jobfleet_jobs.protocol.names import BatchEntry
from jobfleet_web.model import JobView
from jobfleet_web.problems import Problem
from jobfleet_web.settings import WebSettings
from jobfleet_web.work.work import Work

from tests.patience import patience
from tests.web_uploads import upload, with_work


async def failed(work: Work) -> JobView:
    """Have a job of a batch fail."""
    words = upload("greyscale", b"no picture", "a.png", content_type="image/png")
    sent = await work.submit([words], batch=None, key=None, sender="192.0.2.1", new_batch=True)
    [job] = await work.wait(sent.job_ids, patience(30))
    assert job.status == "failed"
    return job


def test_the_same_request_once_more_is_the_same_try_on_each_host_and_after_a_restart(
    stack: Any, web_settings: WebSettings
) -> None:
    stack.worker()

    async def use(work: Work) -> None:
        job = await failed(work)
        other = Work(web_settings)
        try:
            tries = [await work.retry(job.id, "k-1"), await work.retry(job.id, "k-1")]
            tries += [await other.retry(job.id, "k-1")]
            await other.wait([tries[0].id], patience(30))
            tries += [await other.retry(job.id, "k-1")]
        finally:
            await other.close()
        assert {one.id for one in tries} == {tries[0].id} != {job.id}
        assert {one.retry_of for one in tries} == {job.id}
        assert len((await work.batch(str(job.batch))).jobs) == 2
        assert (await work.retry(job.id, "k-2")).id != tries[0].id

    with_work(web_settings, use)


def test_a_try_that_was_cut_off_goes_on_under_its_key(stack: Any, web_settings: WebSettings) -> None:
    stack.worker()

    async def use(work: Work) -> None:
        job = await failed(work)
        stack.front.fails = lambda call: call.startswith("PUT web/batches")
        with pytest.raises(Problem):
            await work.retry(job.id, "k-3")
        stack.front.fails = lambda call: False
        other = Work(web_settings)
        try:
            again = await other.retry(job.id, "k-3")
            [done] = await other.wait([again.id], patience(30))
        finally:
            await other.close()
        place = BatchEntry(str(job.batch), done.id, done.operation, done.name, job.id)
        assert stack.object(place.key) == b""

    with_work(web_settings, use)


def test_the_key_of_another_job_is_refused(stack: Any, web_settings: WebSettings) -> None:
    stack.worker()

    async def use(work: Work) -> None:
        one, other = await failed(work), await failed(work)
        await work.retry(one.id, "k-4")
        with pytest.raises(Problem) as refused:
            await work.retry(other.id, "k-4")
        assert (refused.value.status, refused.value.code) == (422, "idempotency-key-reused")

    with_work(web_settings, use)
