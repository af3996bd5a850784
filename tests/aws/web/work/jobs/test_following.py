"""Jobs are followed until they are done, whoever sent them and whichever way their answers come."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.message import Attempt, JobError, Result
from jobfleet_web.model import JobView
from jobfleet_web.problems import Problem
from jobfleet_web.settings import WebSettings
from jobfleet_web.work.gateway import PUTS, READS, SENDS
from jobfleet_web.work.jobs import following
from jobfleet_web.work.work import Work

from tests.patience import patience
from tests.pictures import noise, saved
from tests.web_uploads import until, upload, with_work


async def send(work: Work, *uploads: Any) -> list[str]:
    return (await work.submit(list(uploads), batch=None, key=None, sender="192.0.2.1")).job_ids


def store(stack: Any, result: Result) -> None:
    stack.s3.put_object(Bucket=stack.bucket, Key=f"results/{result.id}.json", Body=result.to_json().encode())


def succeeded(job_id: str) -> Result:
    return Result(job_id, "stats", "succeeded", "w", 1, {"mean": 8})


def test_a_job_of_before_a_restart_is_told_whole_and_waited_for(
    stack: Any, web_settings: WebSettings
) -> None:
    async def before(work: Work) -> list[str]:
        return await send(work, upload(name="ü.txt", more=True), upload(name="b.txt"))

    async def after(work: Work) -> tuple[JobView, list[JobView]]:
        waiting = await work.job(jobs[0])
        stack.worker()
        return waiting, await work.wait(jobs, patience(30))

    jobs = with_work(web_settings, before)
    waiting, done = with_work(web_settings, after)
    assert (waiting.status, waiting.name, waiting.operation) == ("waiting", "ü.txt", "stats")
    assert (waiting.bytes, waiting.parameters, waiting.times) == (5, {"more": True}, {"upload": 0.25})
    assert waiting.batch
    assert [(job.status, job.name, job.batch) for job in done] == [
        ("succeeded", "ü.txt", waiting.batch), ("succeeded", "b.txt", waiting.batch),
    ]  # fmt: skip
    assert "waiting" not in done[0].times  # nobody measured it
    assert done[0].times["working"] > 0


def test_all_who_wait_for_jobs_of_others_share_the_looks(stack: Any, web_settings: WebSettings) -> None:
    jobs = [new_job_id() for _ in range(20)]
    for job in jobs:
        stack.s3.put_object(Bucket=stack.bucket, Key=f"uploads/{job}/n.txt", Body=b"1")

    async def use(work: Work) -> list[list[JobView]]:
        await asyncio.gather(*(work.job(job) for job in jobs))
        waiting = [asyncio.create_task(work.wait([job], patience(30))) for job in jobs]
        # Each is asked for by itself to know it, and with the others from then on.
        await until(lambda: sum(call.startswith("HEAD uploads") for call in stack.front.calls) == 40)
        seen = len(stack.front.calls)
        for job in jobs:
            store(stack, succeeded(job))
        found = await asyncio.gather(*waiting)
        assert len(stack.front.calls) - seen < 6 * len(jobs)
        return found

    found = with_work(web_settings, use)
    assert [(one.id, one.status) for [one] in found] == [(job, "succeeded") for job in jobs]


def test_waiting_in_vain_ends_in_time(stack: Any, web_settings: WebSettings) -> None:
    async def use(work: Work) -> None:
        sent = await send(work, upload())
        assert [job.status for job in await work.wait(sent, 0.05)] == ["waiting"]
        assert [job.status for job in await work.wait(sent, 0)] == ["waiting"]

    with_work(web_settings, use)


def test_a_job_whose_answer_the_credentials_end_kept_away_is_found_when_there_are_new_ones(
    stack: Any, web_settings: WebSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "credentials"
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))

    def write(key: str) -> None:
        new = tmp_path / "new"
        new.write_text(f"[default]\naws_access_key_id={key}\naws_secret_access_key=secret\n")
        new.rename(file)

    async def use(work: Work) -> None:
        [job] = await send(work, upload())
        waiting = asyncio.create_task(work.wait([job], patience(60)))
        stack.front.expired_keys.add("KEYOFBEFORE")
        with pytest.raises(Problem) as caught:
            await send(work, upload(name="b.txt"))
        assert (caught.value.status, caught.value.code) == (503, "session-over")
        assert "credentials.yml" in caught.value.mend
        assert caught.value.headers["Retry-After"]
        store(stack, succeeded(job))
        write("KEYOFAFTER")
        [view] = await waiting
        assert (view.status, view.result) == ("succeeded", {"mean": 8})
        assert await send(work, upload(name="b.txt"))

    write("KEYOFBEFORE")
    with_work(web_settings, use)


def test_hundreds_who_wait_take_no_thread_each(stack: Any, web_settings: WebSettings) -> None:
    async def use(work: Work) -> None:
        jobs = await send(work, *(upload(name=f"{n}.txt") for n in range(50)))
        waiting = [asyncio.create_task(work.wait(jobs, patience(30))) for _ in range(500)]
        await asyncio.sleep(0)
        # The client's own beside those of the pools; the test's server has one for each connection.
        mine = [one for one in threading.enumerate() if one.name.startswith(("web-", "jobfleet-"))]
        assert len(mine) <= PUTS + SENDS + READS + 2
        for job in jobs:
            store(stack, succeeded(job))
        found = await asyncio.gather(*waiting)
        assert {view.status for views in found for view in views} == {"succeeded"}

    with_work(web_settings, use)


def test_what_was_waited_for_is_told_also_where_it_is_not_kept(
    stack: Any, web_settings: WebSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "DONE_MAX", 1)
    stack.worker()

    async def use(work: Work) -> list[JobView]:
        jobs = await send(work, *(upload(data=b"%d" % n) for n in range(5)))
        return await work.wait(jobs, patience(30))

    assert [view.status for view in with_work(web_settings, use)] == ["succeeded"] * 5


def test_no_more_jobs_are_followed_than_may_be(
    stack: Any, web_settings: WebSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "UNDER_WAY_MAX", 3)

    async def use(work: Work) -> None:
        jobs = [(await send(work, upload(data=b"%d" % n)))[0] for n in range(6)]
        assert len(work.following) == 3
        assert [(await work.job(job)).status for job in jobs] == ["waiting"] * 6
        # What is not followed any more is not met any more, either, but kept all the same.
        assert await send(work, upload(data=b"5")) == jobs[5:]
        assert await send(work, upload(data=b"0")) != jobs[:1]

    with_work(web_settings, use)


def test_a_job_that_a_worker_began_with_is_at_work(stack: Any, web_settings: WebSettings) -> None:
    async def use(work: Work) -> JobView:
        [job] = await send(work, upload("greyscale", saved(noise(8, 8, 3)), "a.png"))
        released = stack.front.hold("GET uploads/")
        stack.worker()
        await until(lambda: (known := work.following.known(job)) and known.status == "working")
        released.set()
        [done] = await work.wait([job], patience(30))
        return done

    times = with_work(web_settings, use).times
    assert set(times) == {"upload", "waiting", "working", "answering"}


def test_a_failed_job_says_why_and_what_to_do(stack: Any, web_settings: WebSettings) -> None:
    stack.worker()

    async def use(work: Work) -> JobView:
        [job] = await work.wait(await send(work, upload("greyscale", b"no image", "x.png")), patience(30))
        return job

    job = with_work(web_settings, use)
    assert job.status == "failed"
    assert job.failure is not None
    assert (job.failure.code, job.result) == ("not-an-image", None)
    assert "JPEG" in job.failure.mend


def test_a_job_whose_attempt_broke_waits_and_says_so(stack: Any, web_settings: WebSettings) -> None:
    broken = Attempt("2026-01-01T00:00:00Z", "w7", 2, "the process was killed")

    async def use(work: Work) -> JobView:
        [job] = await send(work, upload())
        store(stack, Result(job, "stats", "failing", "w7", 2, attempts=(broken,)))
        return job

    async def after(work: Work) -> JobView:
        return await work.job(job)

    job = with_work(web_settings, use)
    view = with_work(web_settings, after)
    assert view.status == "waiting"
    assert view.attempts[0]["cause"] == "the process was killed"
    assert "attempt 2 broke on worker w7" in view.notes[0]


def test_what_nobody_sent_is_not_found(stack: Any, web_settings: WebSettings) -> None:
    async def use(work: Work) -> None:
        for job in (new_job_id(), "x", "../web/access.json", ""):
            with pytest.raises(Problem) as caught:
                await work.job(job)
            assert (caught.value.status, caught.value.code) == (404, "no-such-job")

    with_work(web_settings, use)


def test_a_failed_job_is_sent_again_with_its_input_and_parameters(
    stack: Any, web_settings: WebSettings
) -> None:
    async def use(work: Work) -> tuple[JobView, JobView]:
        sent = await work.submit(
            [upload(name="ü.txt", quantiles=4)], batch=new_job_id(), key=None, sender="192.0.2.1"
        )
        [job] = sent.jobs
        store(
            stack, Result(job.id, "stats", "failed", "w", 1, error=JobError("bad-number", "'x' is no number"))
        )
        return job, await work.retry(job.id)

    job, again = with_work(web_settings, use)
    assert again.id != job.id
    assert (again.name, again.batch, again.parameters) == (job.name, job.batch, job.parameters)
    assert (job.retry_of, again.retry_of) == (None, job.id)
    assert again.to_json()["retry_of"] == job.id

    async def after(work: Work) -> JobView:
        # Another process: a listing alone tells it.
        calls = len(stack.front.calls)
        listed = (await work.batch(str(job.batch))).jobs
        assert [(one.id, one.retry_of) for one in listed] == [(job.id, None), (again.id, job.id)]
        assert not [call for call in stack.front.calls[calls:] if call.startswith(("HEAD", "GET uploads"))]
        latest = await work.latest(str(job.batch))
        assert [one.id for one in latest.jobs] == [again.id]
        assert (latest.tries, latest.counts["total"]) == ({again.id: 2}, 1)
        # And so do the metadata of its input, asked for alone.
        assert (await work.job(again.id)).retry_of == job.id
        stack.worker()
        [done] = await work.wait([again.id], patience(30))
        return done

    done = with_work(web_settings, after)
    assert (done.status, done.name, done.bytes, done.retry_of) == ("succeeded", "ü.txt", 5, job.id)
    assert "quantiles" in (done.result or {})


def test_a_job_that_succeeded_is_not_done_again(stack: Any, web_settings: WebSettings) -> None:
    stack.worker()

    async def use(work: Work) -> None:
        [job] = await work.wait(await send(work, upload()), patience(30))
        assert job.status == "succeeded"
        with pytest.raises(Problem) as caught:
            await work.retry(job.id)
        assert (caught.value.status, caught.value.code) == (409, "no-retry")
        assert job.id in caught.value.detail

    with_work(web_settings, use)


def test_what_others_sent_cannot_be_sent_again_from_here(stack: Any, web_settings: WebSettings) -> None:
    request = stack.request(source=b"1 2")

    async def use(work: Work) -> None:
        with pytest.raises(Problem) as caught:
            await work.retry(request.id)
        assert (caught.value.status, caught.value.code) == (409, "no-retry")
        with pytest.raises(Problem) as caught:
            await work.retry(new_job_id())
        assert caught.value.status == 404

    with_work(web_settings, use)
