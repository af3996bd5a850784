"""A batch is what the bucket says of it: the same on every host, in few calls, and live for who listens."""

import asyncio
import io
import zipfile
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.message import JobError, Output, Result
from jobfleet_jobs.protocol.names import BatchEntry
from jobfleet_web.model import BatchView, JobView
from jobfleet_web.problems import Problem
from jobfleet_web.settings import WebSettings
from jobfleet_web.work.jobs import following
from jobfleet_web.work.work import Event, Work

from tests.client_run import picture
from tests.patience import patience
from tests.web_uploads import until, upload, with_work

SENDER = "192.0.2.1"


def placed(stack: Any, batch: str, count: int, *, operation: str = "stats") -> list[str]:
    """Put jobs into a batch as another host does; return their ids."""
    ids = sorted(new_job_id() for _ in range(count))
    for number, job in enumerate(ids):
        entry = BatchEntry(batch, job, operation, f"{number}.txt")
        stack.s3.put_object(Bucket=stack.bucket, Key=entry.key, Body=b"")
    return ids


def store(stack: Any, result: Result) -> None:
    stack.s3.put_object(Bucket=stack.bucket, Key=f"results/{result.id}.json", Body=result.to_json().encode())


def done(job_id: str, **more: Any) -> Result:
    return Result(job_id, "stats", "succeeded", "w", 1, **{"result": {"mean": 1}, **more})


async def heard(work: Work, batch: str, enough: Any) -> list[Event]:
    """Listen until there is enough."""
    found: list[Event] = []
    async with asyncio.timeout(patience(20)), aclosing(work.events(batch)) as events:
        async for event in events:
            found.append(event)
            if enough(found):
                break
    return found


def statuses(events: list[Event]) -> list[tuple[str, str]]:
    return [(one.data["name"], one.data["status"]) for one in events if one.name == "job"]


def test_a_batch_larger_than_what_is_kept_of_jobs_is_told_as_it_is(
    stack: Any, web_settings: WebSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "DONE_MAX", 3)
    batch = new_job_id()
    for job in placed(stack, batch, 7):
        store(stack, done(job))

    async def use(work: Work) -> list[int]:
        return [(await work.batch(batch)).counts["succeeded"] for _ in range(3)]

    assert with_work(web_settings, use) == [7, 7, 7]


def test_a_batch_of_another_host_is_told_page_by_page(stack: Any, web_settings: WebSettings) -> None:
    batch = new_job_id()
    ids = placed(stack, batch, 25)
    for job in ids[:20]:
        store(stack, done(job))
    store(stack, Result(ids[20], "stats", "failed", "w", 1, error=JobError("bad-number", "'x'")))

    async def use(work: Work) -> list[BatchView]:
        pages = [await work.batch(batch, limit=10)]
        while pages[-1].next:
            pages.append(await work.batch(batch, pages[-1].next, 10))
        return pages

    pages = with_work(web_settings, use)
    assert [len(page.jobs) for page in pages] == [10, 10, 5]
    assert [job.id for page in pages for job in page.jobs] == ids
    assert {job.name for page in pages for job in page.jobs} == {f"{n}.txt" for n in range(25)}
    assert pages[0].counts == {"total": 25, "waiting": 4, "working": 0, "succeeded": 20, "failed": 1}
    read = [call for call in stack.front.calls if call.startswith("GET results")]
    assert len(read) == len(set(read)) == 21  # each result once, however many pages


def test_who_asks_at_the_same_time_shares_the_calls(stack: Any, web_settings: WebSettings) -> None:
    batch = new_job_id()
    placed(stack, batch, 3)
    stack.front.delays = lambda call: 0.2 if call == "GET " else 0.0

    async def use(work: Work) -> None:
        await asyncio.gather(*(work.batch(batch) for _ in range(20)))

    with_work(web_settings, use)
    # The batch is listed once, and then for each job what may hold its result.
    assert stack.front.calls.count("GET ") < 20


def test_an_empty_batch_is_one_and_a_strange_id_is_none(stack: Any, web_settings: WebSettings) -> None:
    async def use(work: Work) -> None:
        assert (await work.batch(new_job_id())).counts["total"] == 0
        for name in ("x", "../..", "", new_job_id().upper()):
            with pytest.raises(Problem) as caught:
                await work.batch(name)
            assert (caught.value.status, caught.value.code) == (404, "no-such-batch")

    with_work(web_settings, use)


def test_who_listens_hears_of_each_job_and_each_change(stack: Any, web_settings: WebSettings) -> None:
    batch = new_job_id()
    [first] = placed(stack, batch, 1)

    async def use(work: Work) -> list[Event]:
        def enough(found: list[Event]) -> bool:
            return ("numbers.txt", "succeeded") in statuses(found) and ("0.txt", "succeeded") in statuses(
                found
            )

        listening = asyncio.create_task(heard(work, batch, enough))
        await until(lambda: any(call == "GET " for call in stack.front.calls))
        await work.submit([upload()], batch=batch, key=None, sender=SENDER)
        stack.worker()
        store(stack, done(first))
        return await listening

    events = with_work(web_settings, use)
    told = statuses(events)
    for name in ("0.txt", "numbers.txt"):
        mine = [status for job, status in told if job == name]
        assert (mine[0], mine[-1], mine.count("succeeded")) == ("waiting", "succeeded", 1)
    numbers = [event.number for event in events if event.name]
    assert numbers == sorted(set(numbers))
    assert any(event.name == "fleet" for event in events)


def test_many_who_listen_cost_the_looks_of_one(stack: Any, web_settings: WebSettings) -> None:
    batch = new_job_id()
    [job] = placed(stack, batch, 1)

    async def use(work: Work) -> list[list[Event]]:
        def has_ended(found: list[Event]) -> bool:
            return ("0.txt", "succeeded") in statuses(found)

        listening = [asyncio.create_task(heard(work, batch, has_ended)) for _ in range(50)]
        await until(lambda: any(call == "GET " for call in stack.front.calls))
        assert sum("_watch" in repr(task.get_coro()) for task in asyncio.all_tasks()) == 1
        store(stack, done(job))
        found = await asyncio.gather(*listening)
        late = await heard(work, batch, has_ended)
        return [*found, late]

    assert len(with_work(web_settings, use)) == 51
    assert stack.front.calls.count("GET ") < 50


def test_streams_end_when_the_process_is_told_to_stop(stack: Any, web_settings: WebSettings) -> None:
    async def use(work: Work) -> None:
        listening = asyncio.create_task(heard(work, new_job_id(), lambda found: False))
        await until(lambda: any(call == "GET " for call in stack.front.calls))
        work.end_streams()
        await asyncio.wait_for(listening, patience(2))
        assert await heard(work, new_job_id(), lambda found: False) in ([], [Event()])

    with_work(web_settings, use)


def test_all_outputs_come_as_one_zip(stack: Any, web_settings: WebSettings, tmp_path: Path) -> None:
    stack.worker()
    photos = [picture(tmp_path / f"{n}.png", n).read_bytes() for n in range(2)]
    names = ["a/photo.png", "b/PHOTO.png", "../../evil.png"]

    async def use(work: Work) -> tuple[list[JobView], bytes, list[int]]:
        uploads = [
            *(upload("greyscale", photos[n % 2], name) for n, name in enumerate(names)),
            upload(name="numbers.txt"), upload("greyscale", b"no image", "broken.png"),
        ]  # fmt: skip
        sent = await work.submit(uploads, batch=None, key=None, sender=SENDER)
        jobs = await work.wait(sent.job_ids, patience(30))
        waiting = placed(stack, str(sent.batch), 1)
        pieces = [piece async for piece in await work.zip(str(sent.batch))]
        assert waiting[0] in zipfile.ZipFile(io.BytesIO(b"".join(pieces))).read("errors.txt").decode()
        return jobs, b"".join(pieces), [len(piece) for piece in pieces]

    jobs, data, _ = with_work(web_settings, use)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        names_there = archive.namelist()
        assert len({name.lower() for name in names_there}) == len(names_there) == 5
        assert {"evil.png", "numbers.txt.json", "errors.txt"} < set(names_there)
        assert not any("/" in name or ".." in name for name in names_there)
        assert all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())
        evil = next(job for job in jobs if job.name.endswith("evil.png"))
        assert archive.read("evil.png") == stack.object(f"outputs/{evil.id}/evil.png")
        assert "broken.png" in archive.read("errors.txt").decode()
        assert "not-an-image" in archive.read("errors.txt").decode()


def test_a_zip_has_no_more_in_memory_than_some_pieces(stack: Any, web_settings: WebSettings) -> None:
    """The outputs are put here by hand: it is their size that matters."""
    batch, size = new_job_id(), 3 * 1024 * 1024
    for number, job in enumerate(placed(stack, batch, 3, operation="greyscale")):
        key = f"outputs/{job}/{number}.png"
        tag = stack.s3.put_object(Bucket=stack.bucket, Key=key, Body=bytes([number]) * size)["ETag"]
        store(stack, done(job, output=Output(stack.bucket, key, size, tag)))

    async def use(work: Work) -> tuple[bytes, int]:
        pieces = [piece async for piece in await work.zip(batch)]
        return b"".join(pieces), max(map(len, pieces))

    data, largest = with_work(web_settings, use)
    assert largest < 512 * 1024
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert [info.file_size for info in archive.infolist()] == [size] * 3


def test_an_output_that_is_gone_is_a_line_in_the_zip(stack: Any, web_settings: WebSettings) -> None:
    batch = new_job_id()
    [job] = placed(stack, batch, 1, operation="greyscale")
    store(stack, done(job, output=Output(stack.bucket, "outputs/gone.png", 5, '"x"')))

    async def use(work: Work) -> bytes:
        return b"".join([piece async for piece in await work.zip(batch)])

    with zipfile.ZipFile(io.BytesIO(with_work(web_settings, use))) as archive:
        assert archive.namelist() == ["errors.txt"]
        assert "not in the bucket any more" in archive.read("errors.txt").decode()


def test_a_zip_of_nothing_is_a_problem(stack: Any, web_settings: WebSettings) -> None:
    async def use(work: Work) -> None:
        with pytest.raises(Problem) as caught:
            await work.zip(new_job_id())
        assert caught.value.status == 404

    with_work(web_settings, use)
