"""A job whose request somebody has deleted is told as lost, and can be tried again."""

from datetime import timedelta
from typing import Any

import pytest
from jobfleet_jobs.protocol.message import Result
from jobfleet_web.model import BatchView, JobView
from jobfleet_web.problems import Problem
from jobfleet_web.settings import WebSettings
from jobfleet_web.work import fleet_state, quiet_line
from jobfleet_web.work import work as work_module
from jobfleet_web.work.work import Work

from tests.patience import patience
from tests.web_uploads import upload, with_work


def test_jobs_of_an_emptied_queue_are_told_as_lost_and_tried_again(
    stack: Any, web_settings: WebSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the minutes had gone by that SQS's counts may lag.
    for module, name in ((fleet_state, "KEPT_SECONDS"), (quiet_line, "QUIET"), (quiet_line, "LAG")):
        monkeypatch.setattr(module, name, 0.0 if module is fleet_state else timedelta(0))

    async def lose(work: Work) -> tuple[JobView, JobView, BatchView, list[JobView]]:
        sent = await work.submit([upload(), upload()], batch=None, key=None, sender="192.0.2.1")
        await work.fleet()
        before = await work.job(sent.job_ids[0])
        stack.sqs.purge_queue(QueueUrl=stack.requests)
        await work.fleet()
        after = await work.job(sent.job_ids[0])
        assert sent.batch
        batch = await work.latest(sent.batch)
        again = await work.retry(sent.job_ids[0])
        stack.worker()
        return before, after, batch, await work.wait([again.id], patience(30))

    before, after, batch, [again] = with_work(web_settings, lose)
    assert (before.is_lost, before.notes) == (False, [])
    assert (after.is_lost, after.status, after.notes) == (True, "waiting", [quiet_line.LOST])
    assert "retry" in after.to_json()["links"]
    assert [job.is_lost for job in batch.jobs] == [True, True]
    assert (again.status, again.is_lost, again.retry_of) == ("succeeded", False, after.id)


def test_a_program_that_asks_for_a_job_alone_learns_that_it_is_lost_and_not_of_one_that_is_done(
    stack: Any, web_settings: WebSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the minutes had gone by; an upload's own quarter of a second counts, too.
    for module, name in ((work_module, "QUIET"), (quiet_line, "QUIET")):
        monkeypatch.setattr(module, name, timedelta(0))
    monkeypatch.setattr(quiet_line, "LAG", timedelta(minutes=-1))
    monkeypatch.setattr(fleet_state, "KEPT_SECONDS", 0.0)

    async def use(work: Work) -> None:
        sent = await work.submit([upload(), upload()], batch=None, key=None, sender="192.0.2.1")
        lost, done = sent.job_ids
        stack.sqs.purge_queue(QueueUrl=stack.requests)
        assert [(await work.job(lost)).is_lost for _ in range(2)] == [True, True]
        with pytest.raises(Problem, match="is lost") as refused:
            await work.output(lost)
        assert f"/api/v1/jobs/{lost}/retry" in refused.value.mend
        # Its answer missed this process: the bucket has the last word.
        result = Result(done, "stats", "succeeded", "w", 1, result={"mean": 2})
        stack.s3.put_object(Bucket=stack.bucket, Key=f"results/{done}.json", Body=result.to_json().encode())
        assert (await work.job(done)).status == "succeeded"

    with_work(web_settings, use)
