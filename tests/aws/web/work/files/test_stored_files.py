"""Files come from the bucket in pieces, in parts if asked, and never as a page that could run scripts."""

from typing import Any

import pytest
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.message import JobError, Output, Result
from jobfleet_web.problems import Problem
from jobfleet_web.settings import WebSettings
from jobfleet_web.work.work import AskedFor, StoredFile, Work

from tests.web_uploads import upload, with_work

DATA = bytes(range(256)) * 3_000


def made(stack: Any, name: str = "photo.png", data: bytes = DATA, **more: Any) -> str:
    """Put the output of a job into the bucket as a worker does; return the job's id."""
    job = new_job_id()
    key = f"outputs/{job}/{name}"
    tag = stack.s3.put_object(Bucket=stack.bucket, Key=key, Body=data)["ETag"]
    fields = {"result": {"format": "PNG"}, "output": Output(stack.bucket, key, len(data), tag), **more}
    result = Result(job, "greyscale", "succeeded", "w", 1, **fields)
    stack.s3.put_object(Bucket=stack.bucket, Key=f"results/{job}.json", Body=result.to_json().encode())
    return job


async def read(file: StoredFile) -> bytes:
    return b"".join([piece async for piece in file.pieces()])


def got(settings: WebSettings, job: str, **asked: Any) -> tuple[int, dict[str, str], bytes]:
    async def use(work: Work) -> tuple[int, dict[str, str], bytes]:
        file = await work.output(job, AskedFor(**asked))
        return file.status, dict(file.headers), await read(file)

    return with_work(settings, use)


def refused(settings: WebSettings, job: str, **asked: Any) -> Problem:
    async def use(work: Work) -> Problem:
        with pytest.raises(Problem) as caught:
            await work.output(job, AskedFor(**asked))
        return caught.value

    return with_work(settings, use)


def test_an_output_comes_whole_with_its_headers(stack: Any, web_settings: WebSettings) -> None:
    status, headers, body = got(web_settings, made(stack, "ä b.png"))
    assert (status, body) == (200, DATA)
    assert headers["Content-Length"] == str(len(DATA))
    assert headers["Content-Type"] == "image/png"
    assert headers["Content-Disposition"] == "inline; filename=\"_ b.png\"; filename*=UTF-8''%C3%A4%20b.png"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox"
    assert "http" not in str(headers)  # no link to the bucket, signed or not


@pytest.mark.parametrize(
    ("span", "status", "body"),
    [
        ("bytes=0-9", 206, DATA[:10]), ("bytes=-5", 206, DATA[-5:]), ("bytes=767990-", 206, DATA[-10:]),
        ("bytes=0-1,5-6", 200, DATA), ("lines=1-2", 200, DATA), ("bytes=a-b", 200, DATA),
    ],
)  # fmt: skip
def test_a_span_of_bytes_comes_alone(
    stack: Any, web_settings: WebSettings, span: str, status: int, body: bytes
) -> None:
    found, headers, data = got(web_settings, made(stack), span=span)
    assert (found, data) == (status, body)
    assert headers["Content-Length"] == str(len(body))
    assert ("Content-Range" in headers) == (status == 206)


def test_a_span_that_is_not_there_is_refused(stack: Any, web_settings: WebSettings) -> None:
    assert refused(web_settings, made(stack), span="bytes=999999999-").status == 416


def test_what_a_browser_has_is_not_sent_again(stack: Any, web_settings: WebSettings) -> None:
    job = made(stack)
    tag = got(web_settings, job)[1]["ETag"]
    stack.front.calls.clear()
    for named in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        assert got(web_settings, job, unless=named)[::2] == (304, b"")
    assert not [call for call in stack.front.calls if call.startswith("GET outputs")]
    assert got(web_settings, job, unless='"other"')[0] == 200
    assert got(web_settings, job, span="bytes=0-1", span_if=tag)[0] == 206
    assert got(web_settings, job, span="bytes=0-1", span_if='"other"')[0] == 200


def test_an_output_that_another_job_overwrote_is_not_that_of_this_job(
    stack: Any, web_settings: WebSettings
) -> None:
    job = made(stack)
    stack.s3.put_object(Bucket=stack.bucket, Key=f"outputs/{job}/photo.png", Body=b"other")
    assert refused(web_settings, job).code == "file-replaced"
    stack.s3.delete_object(Bucket=stack.bucket, Key=f"outputs/{job}/photo.png")
    assert refused(web_settings, job).code == "file-gone"


@pytest.mark.parametrize("name", ["page.html", "picture.svg", "x.txt", "x.hocr", "x"])
def test_nothing_but_pictures_is_shown_in_the_page(stack: Any, web_settings: WebSettings, name: str) -> None:
    _, headers, _ = got(web_settings, made(stack, name, b"<script>", result={}))
    assert headers["Content-Disposition"].startswith("attachment;")
    assert headers["Content-Type"] in ("application/octet-stream", "text/plain; charset=utf-8")


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "text/plain\r\nX-Evil: 1", ""])
def test_an_input_is_sent_back_as_what_it_is_and_never_as_a_page(
    stack: Any, web_settings: WebSettings, kind: str
) -> None:
    async def use(work: Work) -> tuple[StoredFile, bytes]:
        one = upload(name='<b>"x"</b>.html', content_type=kind)
        [job] = (await work.submit([one], batch=None, key=None, sender="x")).job_ids
        file = await work.input(job)
        return file, await read(file)

    file, body = with_work(web_settings, use)
    assert body == b"1 2 3"
    assert file.headers["Content-Type"] == "application/octet-stream"
    assert file.headers["Content-Disposition"].startswith('attachment; filename="')
    assert not any(letter in value for value in file.headers.values() for letter in "<>\r\n")


def test_what_has_no_output_says_why(stack: Any, web_settings: WebSettings) -> None:
    answer = made(stack, output=None)
    assert (refused(web_settings, answer).status, refused(web_settings, answer).code) == (
        404,
        "no-output-file",
    )
    failed = made(stack, output=None, result=None, error=JobError("not-an-image", "no image"))
    stored = stack.object(f"results/{failed}.json").replace(b'"succeeded"', b'"failed"')
    stack.s3.put_object(Bucket=stack.bucket, Key=f"results/{failed}.json", Body=stored)
    problem = refused(web_settings, failed)
    assert (problem.status, problem.code, problem.more["job"]["id"]) == (422, "not-an-image", failed)
    waiting = new_job_id()
    stack.s3.put_object(Bucket=stack.bucket, Key=f"uploads/{waiting}/x", Body=b"1")
    problem = refused(web_settings, waiting)
    assert (problem.status, problem.code) == (409, "not-done")


def test_a_reader_that_goes_away_gives_the_connection_back(stack: Any, web_settings: WebSettings) -> None:
    job = made(stack)

    async def use(work: Work) -> None:
        file = await work.output(job)
        pieces = file.pieces()
        await anext(pieces)
        await pieces.aclose()
        assert file.body._raw_stream.closed

    with_work(web_settings, use)
