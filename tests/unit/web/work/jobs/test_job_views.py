"""A job's view says what the worker said, with honest times and a way out of each failure."""

import pytest
from jobfleet_jobs.protocol.ids import derived_job_id
from jobfleet_jobs.protocol.message import Attempt, JobError, Output, Result
from jobfleet_web.work.jobs.job_facts import JobFacts
from jobfleet_web.work.jobs.job_views import done_view, waiting_view
from starlette.responses import JSONResponse

JOB = derived_job_id(1_767_225_600_000, bytes(10))
FACTS = JobFacts(JOB, "photo.png", "greyscale", {}, None, 10, "image/png", 0.5, "uploads/x/photo.png")
TIMINGS = {"input": 0.1, "wait": 0.4, "operation": 0.2, "output": 0.1}


def result(**more: object) -> Result:
    return Result(JOB, "greyscale", "succeeded", "w", 1, timings=TIMINGS, **more)  # type: ignore[arg-type]


def test_times_are_told_apart_where_the_worker_told_when_it_began() -> None:
    times = done_view(FACTS, result(), since_sent=2.0, began=1.3).times
    assert times == pytest.approx({"upload": 0.5, "waiting": 1.3, "working": 0.4, "answering": 0.3})


def test_what_was_not_work_is_waiting_where_nobody_told() -> None:
    times = done_view(FACTS, result(), since_sent=2.0, began=None).times
    assert times == pytest.approx({"upload": 0.5, "waiting": 1.6, "working": 0.4})


def test_times_of_a_job_of_others_are_those_that_lie_with_it() -> None:
    assert done_view(FACTS, result(), None, None).times == pytest.approx({"upload": 0.5, "working": 0.4})


def test_no_time_is_negative() -> None:
    assert min(done_view(FACTS, result(), since_sent=0.1, began=0.3).times.values()) >= 0


def test_notes_stand_beside_the_result() -> None:
    view = done_view(FACTS, result(result={"format": "PNG", "notes": ["it was grey"]}), None, None)
    assert (view.result, view.notes) == ({"format": "PNG"}, ["it was grey"])


@pytest.mark.parametrize(
    ("operation", "name", "written", "kind"),
    [
        ("greyscale", "x.png", "PNG", "image/png"), ("convert", "x.png", "JPEG", "image/jpeg"),
        ("greyscale", "x", "WEBP", "image/webp"), ("greyscale", "x", "ODD", "application/octet-stream"),
        ("greyscale", "IMG.HEIC", "HEIC", "image/heic"), ("convert", "x", "AVIF", "image/avif"),
        ("histogram", "x.png", "JPEG", "image/png"), ("text", "x.txt", "PNG", "text/plain; charset=utf-8"),
        ("own", "x.html", "", "application/octet-stream"), ("own", "x.svg", "", "application/octet-stream"),
    ],
)  # fmt: skip
def test_an_output_is_sent_as_what_was_written(operation: str, name: str, written: str, kind: str) -> None:
    output = Output("b", f"outputs/{JOB}/{name}", 5)
    one = Result(JOB, operation, "succeeded", "w", 1, {"format": written}, output)
    view = done_view(FACTS, one, None, None)
    assert view.output is not None
    assert (view.output.name, view.output.content_type) == (name, kind)


def test_each_failure_has_a_way_out() -> None:
    for code in ("not-an-image", "something-new"):
        failed = Result(JOB, "greyscale", "failed", "w", 1, error=JobError(code, "no"))
        view = done_view(FACTS, failed, None, None)
        assert view.failure is not None
        assert (view.status, view.result, view.failure.code) == ("failed", None, code)
        assert view.failure.mend


def test_a_package_that_breaks_is_not_laid_to_the_file() -> None:
    def mend(operation: str) -> str:
        failed = Result(JOB, operation, "failed", "w", 1, error=JobError("breaks-the-code", "no"))
        failure = done_view(FACTS, failed, None, None).failure
        assert failure
        return failure.mend

    assert "save it anew" in mend("blur")
    assert "save it anew" not in mend("count-cells")
    assert "package" in mend("count-cells")


def test_what_a_worker_says_can_be_sent_whatever_it_is() -> None:
    odd, odder = "\ud83d\ude00", "a\ud800"
    error, attempt = JobError("odd", odder), Attempt("2026-01-01T00:00:00Z", "w", 1, odder)
    for view in (
        done_view(FACTS, result(result={"text": odder, odder: [odd], "notes": [odder]}), None, None),
        done_view(FACTS, Result(JOB, "own", "failed", "w", 1, error=error), None, None),
        waiting_view(FACTS, failing=Result(JOB, "own", "failing", "w", 1, attempts=(attempt,))),
    ):
        assert JSONResponse(view.to_json()).body
    smile = {"text": "\U0001f600"}
    assert done_view(FACTS, result(result=smile), None, None).result == smile


def test_a_job_that_waits_says_when_it_was_sent() -> None:
    view = waiting_view(FACTS)
    assert (view.status, view.submitted_at) == ("waiting", "2026-01-01T00:00:00.000+00:00")
    assert waiting_view(FACTS, working=True).status == "working"
