"""What a job knows of a worker that has begun with it."""

import logging
from datetime import UTC, datetime
from typing import Any

import pytest
from jobfleet.answers.job import Job
from jobfleet_jobs.protocol.message import Result

ID = "0190b3a0-5d3c-7000-8000-000000000000"
AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def job() -> Job:
    sender: Any = None
    return Job(sender, ID, "greyscale")


def test_a_note_is_told_once_to_all_who_asked(job: Job) -> None:
    told: list[Any] = []
    job.add_started_callback(told.append)
    assert job.started is None
    job.note_started("w1", AT)
    job.note_started("w2", AT)
    assert (job.started, told) == (("w1", AT), [job])
    assert not job.done()
    # Who asks late is told at once.
    job.add_started_callback(told.append)
    assert told == [job, job]


def test_a_note_that_comes_after_the_answer_changes_nothing(job: Job) -> None:
    told: list[Any] = []
    job.add_started_callback(told.append)
    job.settle(Result(ID, "greyscale", "succeeded", "w1", 1))
    job.note_started("w1", AT)
    assert (job.started, told) == (None, [])


def test_a_callback_that_fails_is_logged_and_keeps_no_other_from_being_told(
    job: Job, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[Any] = []

    def stumble(_: Job) -> None:
        raise ValueError("stumbled")

    job.add_started_callback(stumble)
    job.add_started_callback(told.append)
    with caplog.at_level(logging.ERROR):
        job.note_started("w1", AT)
    assert told == [job]
    assert "stumbled" in caplog.text
