"""Uploads are in the bucket and in the queue when they are acknowledged, and are done once."""

from pathlib import Path
from typing import Any

from jobfleet_jobs.protocol.names import BatchEntry
from jobfleet_web.model import JobView
from jobfleet_web.settings import WebSettings
from jobfleet_web.work.work import Work

from tests.client_run import picture
from tests.patience import patience
from tests.web_uploads import upload, with_work


def test_uploads_of_one_request_are_stored_sent_and_answered(
    stack: Any, web_settings: WebSettings, tmp_path: Path
) -> None:
    stack.worker()
    photo = picture(tmp_path / "photo.png", 1).read_bytes()

    async def use(work: Work) -> list[JobView]:
        uploads = [upload(), upload("greyscale", photo, "holiday/ä b.png", content_type="image/png")]
        sent = await work.submit(uploads, batch=None, key=None, sender="192.0.2.1")
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
