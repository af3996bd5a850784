"""Jobs as futures: one at a time, as they are done, and awaited."""

import asyncio
import concurrent.futures
import io
import json
import multiprocessing
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jobfleet import Fleet, Job, JobFailed, NoAnswerInTime, Settings, as_completed
from jobfleet.errors import BadInput, FleetError
from jobfleet.sending.sender_group import sender_group
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.message import Result
from jobfleet_jobs.results.result_batches import BATCH_KINDS

from tests.client_run import picture
from tests.patience import patience


def mean(job: Job) -> float:
    return float((job.result(patience(30)).result or {})["mean"])


async def awaited(job: Job, seconds: float) -> Result:
    return await asyncio.wait_for(job, seconds)


def test_jobs_come_as_they_are_done(stack: Any, settings: Settings) -> None:
    stack.worker()
    sent: list[str] = []
    with Fleet(settings, on_sent=lambda jobs: sent.extend(job.id for job in jobs)) as fleet:
        jobs = fleet.submit_many("stats", [[n] for n in range(25)])
        assert sorted(mean(job) for job in as_completed(jobs, patience(60))) == list(range(25))
        assert sent == [job.id for job in jobs]
        assert all(job.done() for job in jobs)
        # What is made for futures takes them.
        done, _ = concurrent.futures.wait(fleet.submit_many("stats", ["1", "2"]), timeout=patience(60))
        assert len(done) == 2
        assert [
            (each.result or {})["mean"] for each in fleet.map("stats", [[1, 3], [5]], timeout=patience(60))
        ] == [
            2,
            5,
        ]
        called: list[Any] = []
        job = fleet.submit("stats", "7")
        job.add_done_callback(called.append)
        assert mean(job) == 7
        stack.until(lambda: called == [job])
        assert (job.cancel(), job.exception()) == (False, None)
        assert repr(job) == f"<Job {job.id} stats: succeeded>"
        assert settings.stack in repr(fleet)
    assert stack.front.calls.count("SendMessage") == 1


def test_jobs_can_be_awaited(stack: Any, settings: Settings) -> None:
    stack.worker()

    async def ask(fleet: Fleet) -> tuple[float, set[float], list[Any]]:
        one = await fleet.submit("stats", "4")
        several = {
            mean(job) async for job in as_completed(fleet.submit_many("stats", ["1", "2", "3"]), patience(60))
        }
        together = await asyncio.gather(*fleet.submit_many("stats", ["8", "9"]))
        return (one.result or {})["mean"], several, [(each.result or {})["mean"] for each in together]

    with Fleet(settings) as fleet:
        assert asyncio.run(ask(fleet)) == (4, {1, 2, 3}, [8, 9])


def test_jobs_sent_without_a_reply_queue_come_as_they_are_done_from_the_bucket(
    stack: Any, settings: Settings
) -> None:
    stack.worker()

    with Fleet(settings, replies=False) as fleet:
        assert {mean(job) for job in as_completed(fleet.submit_many("stats", ["1", "2"]), patience(60))} == {
            1,
            2,
        }
        assert (asyncio.run(awaited(fleet.submit("stats", "5"), 60)).result or {})["mean"] == 5


def test_one_job_may_be_asked_for_twice(stack: Any, settings: Settings) -> None:
    stack.worker()

    with Fleet(settings) as fleet:
        sent = fleet.submit("stats", "4")
        again = fleet.jobs([sent.id, sent.id])
        assert [mean(job) for job in (sent, *again)] == [4, 4, 4]


def test_waiting_in_vain_ends_in_time_and_takes_nothing_back(stack: Any, settings: Settings) -> None:
    async def first_of(jobs: list[Job]) -> None:
        async for _ in as_completed(jobs, patience(0.2)):
            pass

    with Fleet(settings) as fleet:
        jobs = fleet.submit_many("stats", ["1", "2"])
        for wait in (
            lambda: jobs[0].result(0.1),
            lambda: jobs[0].exception(0.1),
            lambda: list(as_completed(jobs, patience(0.1))),
            lambda: asyncio.run(first_of(jobs)),
        ):
            with pytest.raises(NoAnswerInTime) as caught:
                wait()
            assert jobs[0].id in str(caught.value)
            assert isinstance(caught.value, TimeoutError)
        with pytest.raises(TimeoutError):
            asyncio.run(awaited(jobs[0], 0.1))
        assert not jobs[0].done()
        assert repr(jobs[0]) == f"<Job {jobs[0].id} stats: no answer yet>"
        stack.worker()
        assert [mean(job) for job in jobs] == [1, 2]


def test_a_failed_job_says_so_however_it_is_asked(stack: Any, settings: Settings, tmp_path: Path) -> None:
    stack.worker()
    (tmp_path / "words.png").write_text("just words")
    with Fleet(settings) as fleet:
        job = fleet.submit("greyscale", tmp_path / "words.png")
        assert isinstance(job.exception(60), JobFailed)
        with pytest.raises(JobFailed, match="no image"):
            asyncio.run(awaited(job, 60))
        assert "failed: " in repr(job)


def test_inputs_are_taken_as_a_person_has_them_and_refused_in_words(
    stack: Any, settings: Settings, tmp_path: Path
) -> None:
    stack.worker()
    (tmp_path / "n.txt").write_text("1\n2\n")
    photo = picture(tmp_path / "p.png", 1)
    with Fleet(settings) as fleet:
        assert fleet.stats("12 14")["mean"] == 13
        for source in ([1, 2], (1, 2), range(1, 3), np.array([1, 2]), iter([1, 2]), tmp_path / "n.txt",
                       io.BytesIO(b"1 2"), io.StringIO("1 2")):  # fmt: skip
            assert mean(fleet.submit("stats", source)) == 1.5
        for image in (photo, str(photo), io.BytesIO(photo.read_bytes())):
            assert fleet.submit("greyscale", image).result(patience(30)).output is not None
        with photo.open() as text, pytest.raises(BadInput, match="binary"):
            fleet.submit("greyscale", text)  # type: ignore[arg-type]
        before = len(stack.front.calls)
        for wrong in (5, None, b"1 2", 1.5, object(), [None], [[1]], ["x"], [float("inf")], [True], ""):
            with pytest.raises(BadInput):
                fleet.stats(wrong)  # type: ignore[arg-type]
        for wrong in (5, None, b"\x89PNG", [1]):
            with pytest.raises(BadInput):
                fleet.submit("greyscale", wrong)  # type: ignore[arg-type]
            with pytest.raises(BadInput):
                fleet.greyscale(wrong)  # type: ignore[arg-type]
        # The worker may still be at its last deletion and its next receive.
        sent = [
            call for call in stack.front.calls[before:] if call.startswith(("PUT uploads/", "SendMessage"))
        ]
        assert sent == []


def test_a_closed_fleet_leaves_nobody_waiting(stack: Any, settings: Settings) -> None:
    fleet = Fleet(settings)
    job = fleet.submit("stats", "1")
    waiter = threading.Thread(target=job.exception)
    waiter.start()
    fleet.close()
    waiter.join(patience(30))
    assert not waiter.is_alive()
    with pytest.raises(FleetError, match="was closed"):
        job.result()
    stack.worker()
    # It may be used again, and what was sent before is not lost.
    assert fleet.stats([3], timeout=patience(120))["mean"] == 3
    assert mean(fleet.job(job.id)) == 1
    fleet.close()


def test_an_entry_that_sqs_refuses_fails_alone_and_one_it_could_not_take_is_sent_again(
    stack: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answers of SQS are bent here, as neither moto nor SQS can be made to refuse a single entry."""
    fleet = Fleet(settings)
    real = fleet.exchange.account.sqs.send_message_batch
    calls: list[int] = []

    def bent(**asked: Any) -> Any:
        entries = asked["Entries"]
        calls.append(len(entries))
        if len(calls) == 1:
            failed = [
                {"Id": entries[0]["Id"], "SenderFault": True, "Code": "InvalidMessageContents"},
                {"Id": entries[1]["Id"], "SenderFault": False, "Code": "InternalError"},
            ]
            return {**real(QueueUrl=asked["QueueUrl"], Entries=entries[2:]), "Failed": failed}
        return real(**asked)

    monkeypatch.setattr(fleet.exchange.account.sqs, "send_message_batch", bent)
    stack.worker()
    with fleet:
        jobs = fleet.submit_many("stats", [[n] for n in range(4)])
        assert [mean(job) for job in jobs[1:]] == [1, 2, 3]
        assert calls == [4, 1]
        with pytest.raises(FleetError, match="did not take"):
            jobs[0].result()


def test_all_that_a_process_sends_is_in_one_group(stack: Any, settings: Settings) -> None:
    with Fleet(settings) as one, Fleet(settings) as two:
        one.submit("stats", "1")
        one.submit_many("stats", ["1", "2"])
        two.submit("stats", "1")
        [(group, count)] = stack.groups(stack.requests).items()
    assert count == 4
    assert group == sender_group()
    other = subprocess.run(
        [sys.executable, "-c", "from jobfleet.sending.sender_group import *; print(sender_group())"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    assert other not in ("", group)
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as forked:
        assert forked.submit(sender_group).result() not in (other, group)


def test_batches_stay_within_the_bytes_of_a_call(stack: Any, settings: Settings) -> None:
    # Ten of the largest that go in line fit; escapes are counted, and what is longer goes by the bucket.
    line = "1\n" * 21_845
    with Fleet(settings) as fleet:
        jobs = fleet.submit_many("stats", [line[:-3]] * 10)
        assert not [call for call in stack.front.calls if call.startswith("PUT uploads")]
        assert stack.front.calls.count("SendMessageBatch") == 1
        stack.worker()
        assert [mean(job) for job in jobs] == [1.0] * 10
        assert mean(fleet.submit("stats", line)) == 1
        assert len([call for call in stack.front.calls if call.startswith("PUT uploads")]) == 1


def test_a_result_too_large_for_a_message_is_fetched_from_the_bucket(stack: Any, settings: Settings) -> None:
    """The worker's part is played here: a short answer, and the whole result in the bucket."""
    with Fleet(settings) as fleet:
        job = fleet.submit("stats", "1")
        request = json.loads(stack.take(stack.requests)["Body"])
        whole = Result(job.id, "stats", "succeeded", "w", 1, {"mean": 8})
        short = {**json.loads(whole.to_json()), "result": None, "stored": True}
        stack.s3.put_object(Bucket=stack.bucket, Key=f"results/{job.id}.json", Body=whole.to_json().encode())
        url = stack.sqs.get_queue_url(QueueName=request["reply_to"])["QueueUrl"]
        stack.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(short))
        assert mean(job) == 8


def test_many_results_are_found_in_few_calls(stack: Any, settings: Settings) -> None:
    ids = [new_job_id() for _ in range(60)]
    for number, job_id in enumerate(ids[:50]):
        status = "failing" if number == 7 else "succeeded"
        result = Result(job_id, "stats", status, "w", 1, {"mean": number})
        stack.s3.put_object(Bucket=stack.bucket, Key=f"results/{job_id}.json", Body=result.to_json().encode())
    with Fleet(settings) as fleet:
        found = fleet.find_results(ids)
    assert {job_id: (each.result or {})["mean"] for job_id, each in found.items()} == {
        job_id: number for number, job_id in enumerate(ids[:50]) if number != 7
    }
    calls = [call for call in stack.front.calls if call.startswith("GET")]
    assert len(calls) <= 50 + 1 + len(BATCH_KINDS)  # one for each that is there, and the lists


def test_answers_that_trickle_in_are_taken_several_a_call(stack: Any, settings: Settings) -> None:
    """The worker's part is played here, as its pace is what matters."""
    with Fleet(settings) as fleet:
        jobs = fleet.submit_many("stats", [[n] for n in range(60)])
        stack.until(lambda: "ReceiveMessage" in stack.front.calls)
        [url] = [
            url
            for url in stack.sqs.list_queues(QueueNamePrefix=stack.names.replies_prefix)["QueueUrls"]
            if url != stack.replies
        ]
        for job in jobs:
            answer = Result(job.id, "stats", "succeeded", "w", 1, {"mean": 1})
            stack.sqs.send_message(QueueUrl=url, MessageBody=answer.to_json())
            threading.Event().wait(0.05)
        assert [mean(job) for job in jobs] == [1.0] * 60
    assert stack.front.calls.count("ReceiveMessage") < 40
