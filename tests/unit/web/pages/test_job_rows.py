"""A row of the table says what a person wants to know at first sight."""

from typing import Any

import pytest
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_web.model import BatchView, JobFailure, JobView
from jobfleet_web.pages.job_rows import is_under_way, rows_of, summary


def job(status: Any = "succeeded", **more: Any) -> JobView:
    """Return a job."""
    return JobView(new_job_id(), "a.png", "any", status, **more)


def batch(*jobs: JobView, **counts: int) -> BatchView:
    """Return a batch."""
    return BatchView(new_job_id(), jobs, counts)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"labels": [{"label": "cat", "score": 0.9}, {"label": "dog", "score": 0.05}]}, "cat 90%; dog 5%"),
        ({"labels": ["odd"]}, "odd"),
        ({"text": "  two\nlines "}, "two"),
        ({"count": 3, "mean": 2.5, "more": True, "list": [1]}, "count: 3; mean: 2.5"),
        ({f"n{n}": n for n in range(20)}, "n0: 0; n1: 1; n2: 2; n3: 3; n4: 4; n5: 5"),
        ({}, ""),
        (None, ""),
    ],
)
def test_results_in_words(result: Any, words: str) -> None:
    (row,) = rows_of(batch(job(result=result)))

    assert row.words.startswith(words)
    assert len(row.words) <= 400


def test_a_failure_says_why_and_what_to_do() -> None:
    (row,) = rows_of(batch(job("failed", failure=JobFailure("not-an-image", "it is none", "Send one."))))

    assert (row.state, row.words) == ("Failed", "it is none Send one.")


def test_times_are_told_of_what_is_done() -> None:
    done, waiting = rows_of(
        batch(job(times={"waiting": 1.0, "working": 2.0}), job("waiting", times={"upload": 1.0}))
    )

    assert (done.seconds, waiting.seconds) == (3.0, None)


def test_the_whole_in_a_sentence() -> None:
    assert summary(batch(succeeded=1_200, failed=2, waiting=3)) == "1,202 of 1,205 done, 2 failed"
    assert summary(batch()) == "0 of 0 done"
    assert is_under_way(batch(job(), job("working")))
    assert not is_under_way(batch(job(), job("failed")))
