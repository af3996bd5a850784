"""A client that wants to know when a worker has begun."""

from typing import Any

from jobfleet import Fleet, Job, Settings
from jobfleet_jobs.protocol.message import Request
from jobfleet_jobs.protocol.started_note import StartedNote

from tests.client_run import picture
from tests.patience import patience


def test_who_asks_is_told_while_the_worker_is_at_it_and_gets_the_answer_all_the_same(
    stack: Any, settings: Settings, tmp_path: Any
) -> None:
    released = stack.front.hold("GET uploads/")
    image = picture(tmp_path / "a.png", 1)
    told: list[Job] = []
    with Fleet(settings) as fleet:
        asked = fleet.submit("greyscale", image, tell_started=True)
        same = fleet.jobs([asked.id, asked.id], "greyscale")
        other = fleet.submit("greyscale", image)
        asked.add_started_callback(told.append)
        stack.worker()
        stack.until(lambda: told == [asked] and all(job.started for job in same))
        assert asked.started is not None
        assert asked.started[0]
        assert not asked.done()
        released.set()
        assert asked.result(patience(60)).status == other.result(patience(60)).status == "succeeded"
        assert [job.result(patience(60)).id for job in same] == [asked.id] * 2
        assert other.started is None


def test_a_note_to_a_client_that_did_not_expect_it_settles_nothing(stack: Any, settings: Settings) -> None:
    """The worker's part is played here."""
    with Fleet(settings) as fleet:
        job, bystander = fleet.submit("stats", "1"), fleet.submit("stats", "2")
        request = Request.from_json(
            stack.sqs.receive_message(QueueUrl=stack.requests, VisibilityTimeout=0)["Messages"][0]["Body"]
        )
        url = stack.sqs.get_queue_url(QueueName=request.reply_to)["QueueUrl"]
        for at in ("2026-01-01T00:00:00Z", "never"):
            note = f'{{"version":1,"id":"{job.id}","status":"working","worker":"w","at":"{at}"}}'
            stack.sqs.send_message(QueueUrl=url, MessageBody=note)
        stack.until(lambda: job.started)
        assert not job.done()
        assert bystander.started is None
        stack.worker()
        assert job.result(patience(60)).result is not None
    assert StartedNote.read(note) is None
