"""The way of an answer to the command that waits for it, and what is said when none comes."""

import json
from datetime import UTC, datetime
from typing import Any

from jobfleet.errors import Exit
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.message import Result

from tests.client_bench import Jobfleet
from tests.client_run import Run, fails


def test_no_reply_queue_is_left_behind(run: Run, worker: Any, stack: Any) -> None:
    for arguments in (("1",), ("x",)):
        run("stats", *arguments)
    left = stack.sqs.list_queues(QueueNamePrefix=stack.names.replies_prefix)["QueueUrls"]
    assert left == [stack.replies]  # the one made by hand


def test_a_round_trip_costs_few_calls(run: Run, stack: Any) -> None:
    stack.worker("--config", str(stack.settings_file(wait_time=5)), AWS_ENDPOINT_URL="")
    stack.until(lambda: "ReceiveMessage" in stack.front.calls)
    before = len(stack.front.calls)
    assert run("stats", "1").returncode == 0
    mine = [call for call in stack.front.calls[before:] if not call.startswith("PUT")]
    assert mine.count("GetQueueUrl") == 1  # the worker's, for the reply queue
    assert [mine.count(name) for name in ("CreateQueue", "GetCallerIdentity", "POST ")] == [1, 0, 0]


def test_where_queues_may_not_be_made_the_answer_is_read_from_the_bucket(
    worker: Any, stack: Any, run: Run
) -> None:
    stack.front.forbids = lambda call: call == "CreateQueue"
    ran = run("stats", "1", "2", "3", "--json")
    assert json.loads(ran.stdout)["result"]["mean"] == 2
    assert stack.waiting(stack.responses) == 1  # where the answer went, for nobody to take


def test_no_worker_in_time(run: Run, stack: Any) -> None:
    ran = run("stats", "1", "--timeout", "1")
    (body,) = (json.loads(stack.take(stack.requests)["Body"]),)
    job_id = body["id"]
    fails(ran, Exit.NO_ANSWER, "within 1 s", "in the bucket", f"jobfleet result {job_id}", "--timeout")
    assert (
        "No worker has sent a heartbeat yet, or those of the last ones have expired: start the instances"
        in ran.stderr
    )


def test_who_waits_is_told_once_how_many_jobs_there_are(run: Run, stack: Any) -> None:
    for _ in range(6):
        stack.send(stack.request())
    stack.sqs.receive_message(QueueUrl=stack.requests, MaxNumberOfMessages=2, VisibilityTimeout=600)
    ran = run("stats", "1", "--timeout", "10", "--json")
    assert ran.returncode == Exit.NO_ANSWER
    said = "busy: up to 4 jobs ahead of yours, and 2 with the workers"
    assert ran.stderr.count(said) == 1
    assert ran.stdout == ""


def test_who_waits_alone_or_may_not_look_is_told_nothing(run: Run, stack: Any) -> None:
    alone = run("stats", "1", "--timeout", "4")
    stack.send(stack.request())
    stack.front.forbids = lambda call: call == "GetQueueAttributes"
    forbidden = run("stats", "1", "--timeout", "4")
    for ran in (alone, forbidden):
        assert ran.returncode == Exit.NO_ANSWER
        assert "busy: up to" not in ran.stderr
    assert stack.front.calls.count("GetQueueAttributes") >= 2


def test_at_a_terminal_the_jobs_ahead_stand_beside_the_wait(jobfleet: Jobfleet, stack: Any) -> None:
    for _ in range(6):
        stack.send(stack.request())
    code, shown = jobfleet.at_terminal("stats", "1", until="up to 6 jobs ahead of yours")
    assert code == Exit.INTERRUPTED
    assert "waiting for a worker; busy: up to 6 jobs ahead of yours" in shown


def test_where_no_answer_comes_it_is_told_whether_a_worker_is_there(run: Run, stack: Any) -> None:
    key = f"workers/{stack.name}.json"
    at = datetime.now(UTC).isoformat()
    stack.s3.put_object(Bucket=stack.bucket, Key=key, Body=json.dumps({"at": at}).encode())
    ran = run("stats", "1", "--timeout", "0")
    fails(ran, Exit.NO_ANSWER, "1 worker is alive and may be busy: 1 waiting job, 0 with the workers")
    assert "`jobfleet result " in ran.stderr
    stack.sqs.purge_queue(QueueUrl=stack.requests)
    gone = run("wait", new_job_id(), "--timeout", "0")
    fails(gone, Exit.NO_ANSWER, "1 worker is alive, and nothing waits or is in work.", "`jobfleet dead list`")
    stack.front.forbids = lambda call: call == "GetQueueAttributes"
    ran = run("stats", "1", "--timeout", "0")
    fails(ran, Exit.NO_ANSWER, "1 worker is alive and may be busy: `jobfleet status`")
    stack.s3.put_object(Bucket=stack.bucket, Key=key, Body=json.dumps({"at": at, "stopped": True}).encode())
    job_id = new_job_id()
    for arguments in (("result", job_id), ("wait", job_id, "--timeout", "0")):
        fails(run(*arguments), Exit.NO_ANSWER, f"No worker is alive; {stack.name} was stopped", "site.yml")
    stack.front.forbids = lambda call: call.startswith("GET") and "workers" in call
    fails(run("result", job_id), Exit.NO_ANSWER, "`jobfleet doctor` tests every link")


def test_a_timeout_that_is_none_is_told_before_anything_is_sent(run: Run, stack: Any) -> None:
    fails(run("stats", "1", JOBFLEET_TIMEOUT="soon"), Exit.SETTINGS, "JOBFLEET_TIMEOUT: 'soon' is no number")
    assert stack.front.calls == []


def test_an_answer_that_missed_the_reply_queue_is_found_in_the_bucket(run: Run, stack: Any) -> None:
    def put_result(call: str) -> float:
        if call == "ReceiveMessage":
            job_id = json.loads(stack.take(stack.requests)["Body"])["id"]
            done = Result(job_id, "stats", "succeeded", "w", 1, {"mean": 8})
            stack.s3.put_object(
                Bucket=stack.bucket, Key=f"results/{job_id}.json", Body=done.to_json().encode()
            )
            stack.front.delays = lambda call: 0.0
        return 0.0

    stack.front.delays = put_result
    assert "mean  8" in run("stats", "1", "--timeout", "2").stdout
