"""`jobfleet jobs` through the installed entry point, and the history it reads."""

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jobfleet.aws import bucket
from jobfleet.aws.account import Account
from jobfleet.errors import Exit
from jobfleet.stack import recent_jobs, sent_history
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.message import Attempt, JobError, Output, Result
from jobfleet_jobs.protocol.names import result_key
from jobfleet_jobs.results.result_batches import result_batch_key

from tests.client_bench import Jobfleet


def id_of(age: float) -> str:
    """An id made `age` seconds ago."""
    return new_job_id((datetime.now(UTC) - timedelta(seconds=age)).timestamp())


def store(stack: Any, *results: Result, together: bool = False) -> None:
    if together:
        key = result_batch_key([result.id for result in results], "w1", datetime.now(UTC))
        body = "".join(result.to_json() + "\n" for result in results)
        stack.s3.put_object(Bucket=stack.bucket, Key=key, Body=body.encode())
        return
    for result in results:
        stack.s3.put_object(Bucket=stack.bucket, Key=result_key(result.id), Body=result.to_json().encode())


def done(age: float, status: Any = "succeeded", **more: Any) -> Result:
    return Result(
        id_of(age), "stats", status, "w1", 1, **{"timings": {"input": 0.5, "operation": 1.0}, **more}
    )


def found(jobfleet: Jobfleet, *arguments: str) -> list[dict[str, Any]]:
    ran = jobfleet("jobs", "--json", *arguments)
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


def ids(jobs: list[dict[str, Any]]) -> list[str]:
    return [job["id"] for job in jobs]


def test_a_job_is_unanswered_until_a_worker_has_done_it(jobfleet: Jobfleet, stack: Any) -> None:
    assert jobfleet("stats", "1", "2", "--timeout", "0").returncode == Exit.NO_ANSWER
    (job,) = found(jobfleet)
    assert (job["operation"], job["status"], job["seconds"]) == ("stats", "unanswered", None)
    assert ids(found(jobfleet, "--status", "unanswered")) == [job["id"]]
    assert found(jobfleet, "--status", "succeeded") == []
    stack.worker()
    stack.until(lambda: stack.waiting(stack.requests) == 0)
    (after,) = found(jobfleet)
    assert (after["id"], after["status"], after["worker"]) == (job["id"], "succeeded", "w1")


def test_jobs_of_anybody_are_shown_newest_first(jobfleet: Jobfleet, stack: Any) -> None:
    old = done(90_000)
    single = done(600, output=Output(stack.bucket, "outputs/grey.png", 5))
    failed = done(400, "failed", error=JobError("not-an-image", "words\x1b[2J"))
    attempts = (Attempt("2026-01-01T00:00:00Z", "w2", 3, "MemoryError: too much"),)
    failing = done(300, "failing", attempts=attempts)
    newer, older = done(200), done(480)
    store(stack, old, single, failed, failing)
    store(stack, newer, older, together=True)
    expected = [newer.id, failing.id, failed.id, older.id, single.id, old.id]
    assert ids(found(jobfleet)) == expected
    assert ids(found(jobfleet, "--limit", "2")) == expected[:2]
    assert ids(found(jobfleet, "--since", "1h")) == expected[:5]
    assert ids(found(jobfleet, "--since", "9min")) == expected[:4]
    assert ids(found(jobfleet, "--status", "failed", "-s", "failing")) == [failing.id, failed.id]
    ran = jobfleet("jobs")
    assert ran.stderr == ""
    lines = ran.stdout.splitlines()
    assert lines[0].split() == [
        "id",
        "operation",
        "status",
        "sent",
        "took",
        "worker",
        "output",
        "or",
        "cause",
    ]
    assert lines[2].endswith("attempt 3: MemoryError: too much")
    assert lines[3].endswith("w1      words\\x1b[2J")
    assert "1.5 s  w1      outputs/grey.png" in lines[5]
    assert "1 d 1 h ago" in lines[6]


@pytest.mark.parametrize("age_of_the_other", [20, 40])
def test_a_final_result_wins_over_a_failing_one_whichever_is_read_first(
    jobfleet: Jobfleet, stack: Any, age_of_the_other: float
) -> None:
    failing = done(30, "failing", attempts=(Attempt("2026-01-01T00:00:00Z", "w2", 1, "x"),))
    store(stack, failing)
    store(stack, Result(failing.id, "stats", "succeeded", "w1", 2), done(age_of_the_other), together=True)
    assert [job["status"] for job in found(jobfleet)] == ["succeeded", "succeeded"]


def test_foreign_objects_among_the_results_are_passed_over(jobfleet: Jobfleet, stack: Any) -> None:
    store(stack, done(5))
    for key in ("results/0.json", "results/batches/0", f"results/{new_job_id()}.json", "results/readme"):
        stack.s3.put_object(Bucket=stack.bucket, Key=key, Body=b'{"version": 1}\n[\n')
    assert len(found(jobfleet)) == 1


def test_no_jobs_at_all(jobfleet: Jobfleet, stack: Any) -> None:
    ran = jobfleet("jobs")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "no such jobs\n")


def test_many_results_are_not_all_looked_at(
    account: Account, stack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket, "PAGE_KEYS", 5)
    monkeypatch.setattr(bucket, "PAGES_MAX", 2)
    results = [done(300 - 10 * number) for number in range(30)]
    store(stack, *results)
    newest = [result.id for result in reversed(results)]
    some = recent_jobs.find_jobs(account, 4)
    assert ([job.id for job in some.jobs], some.whole) == (newest[:4], True)
    assert sum(call.startswith("GET results/") for call in stack.front.calls) <= 20
    # More were asked for than are listed: the newest, and that there are others.
    some = recent_jobs.find_jobs(account, 30)
    assert not some.whole
    assert [job.id for job in some.jobs] == newest[: len(some.jobs)]
    assert 4 <= len(some.jobs) <= 10


def test_looking_for_what_is_rare_ends(account: Account, stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_jobs, "READ_MAX", 20)
    store(
        stack, *(done(1_000 - 10 * number, "failed" if number == 0 else "succeeded") for number in range(60))
    )
    some = recent_jobs.find_jobs(account, 1, ("failed",))
    assert (some.jobs, some.whole) == ([], False)
    assert sum(call.startswith("GET results/") for call in stack.front.calls) == 20


def test_what_is_rare_is_looked_for_behind_many_others(account: Account, stack: Any) -> None:
    rare = done(3_000, "failed")
    store(stack, rare)
    for _ in range(15):
        store(stack, *(done(5) for _ in range(100)), together=True)
    some = recent_jobs.find_jobs(account, 1, ("failed",))
    assert ([job.id for job in some.jobs], some.whole) == ([rare.id], True)


def test_the_history_holds_no_inputs(jobfleet: Jobfleet, stack: Any) -> None:
    jobfleet("stats", "271828", "--timeout", "0")
    (file,) = jobfleet.home.glob(".local/state/jobfleet/*/sent.jsonl")
    assert file.parent.name == stack.bucket
    assert sorted(json.loads(file.read_text())) == ["at", "id", "operation"]
    assert file.stat().st_mode & 0o77 == 0


def test_a_history_that_cannot_be_written_fails_no_job(jobfleet: Jobfleet, stack: Any) -> None:
    stack.worker()
    (jobfleet.home / "state").write_text("a file where a folder should be")
    where = {"XDG_STATE_HOME": str(jobfleet.home / "state")}
    ran = jobfleet("stats", "1", **where)
    assert ran.returncode == 0
    assert ran.stderr.count("cannot be written") == 1
    assert found(jobfleet) == found(jobfleet, "--since", "1h") != []
    assert jobfleet("jobs", **where).returncode == 0


def test_a_history_of_many_jobs_stays_small_and_keeps_the_newest(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(sent_history, "FILE_MAX_BYTES", 2_000)
    said: list[str] = []
    kept = sent_history.History("a-bucket", said.append)
    sent = [sent_history.Sent(new_job_id(), "stats", datetime.now(UTC)) for _ in range(300)]
    for job in sent:
        kept.note([job])
    found = [job.id for job in kept.sent()]
    assert found == [job.id for job in sent][-len(found) :]
    assert 60 <= len(found) <= 110
    assert sum(path.stat().st_size for path in kept.folder.iterdir()) < 5 * 2_200
    assert said == []


def test_many_who_write_the_history_at_once_lose_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    sent = [
        [sent_history.Sent(new_job_id(), "stats", datetime.now(UTC)) for _ in range(50)] for _ in range(8)
    ]

    def note(jobs: list[sent_history.Sent]) -> None:
        for job in jobs:
            sent_history.History("a-bucket").note([job])

    threads = [threading.Thread(target=note, args=(jobs,)) for jobs in sent]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {job.id for job in sent_history.History("a-bucket").sent()} == {
        job.id for jobs in sent for job in jobs
    }


def test_lines_of_the_history_that_cannot_be_read_are_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    kept = sent_history.History("a-bucket")
    job = sent_history.Sent(new_job_id(), "stats", datetime.now(UTC))
    kept.note([job])
    with kept.file.open("ab") as file:
        file.write(b'[]\n{"id": 3}\n\xff\xfe\n{"id": "a", "operation": "b", "at": "soon"}\n')
    assert [one.id for one in kept.sent()] == [job.id]
