"""`jobfleet status` through the installed entry point."""

import json
import signal
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from jobfleet.errors import Exit
from jobfleet_jobs.credentials.end_notes import END_NOTES
from jobfleet_jobs.version import __version__

from tests.client_bench import Jobfleet, says_why
from tests.patience import patience


def sign(stack: Any, worker: str, age: float = 5, **more: Any) -> None:
    """Leave a worker's heartbeat, as one that is `age` seconds old."""
    at = (datetime.now(UTC) - timedelta(seconds=age)).isoformat(timespec="milliseconds")
    body = {
        "worker": worker, "at": at, "started": at, "stopped": False, "counts": {"succeeded": 3, "failed": 1},
        "versions": {"jobfleet": "1.0", "python": "3.11.2"}, "in_flight": 2, "paused": None,
        "credentials_age": None, "last_job": None, **more,
    }  # fmt: skip
    stack.s3.put_object(Bucket=stack.bucket, Key=f"workers/{worker}.json", Body=json.dumps(body).encode())


def seen(jobfleet: Jobfleet) -> dict[str, Any]:
    ran = jobfleet("status", "--json")
    assert (ran.returncode, ran.stderr) == (0, "")
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def test_a_stack_with_a_worker_at_work_is_shown_whole(jobfleet: Jobfleet, stack: Any) -> None:
    stack.worker()
    assert jobfleet("stats", "1", "2").returncode == 0
    stack.until(lambda: "PUT workers/w1.json" in stack.front.calls)
    ran = jobfleet("status")
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = ran.stdout.splitlines()
    assert lines[0] == f"stack        {stack.name} in account 123456789012, region us-east-1"
    assert lines[1] == f"bucket       {stack.bucket}"
    assert "accepted, arn:aws:sts::123456789012:" in lines[2]
    assert "from the environment; without an end" in lines[2]
    assert any(line.split()[:4] == ["requests", "0", "0", "0"] for line in lines)
    assert any(line.startswith("w1      alive  ") for line in lines)
    (entry,) = stack.s3.list_objects_v2(Bucket=stack.bucket, Prefix="workers/w1/")["Contents"]
    assert entry["Key"].startswith("workers/w1/alive/")
    assert entry["Key"].endswith(f"/{__version__}")


def test_where_the_page_is_is_shown_if_there_is_one(jobfleet: Jobfleet, stack: Any) -> None:
    assert seen(jobfleet)["web"] == []
    assert "page" not in jobfleet("status").stdout
    web = [{"url": "http://203.0.113.7", "host": "i-1"}, {"url": "https://203.0.113.8", "host": "i-2"}]
    body = json.dumps({"version": "1", "web": web}).encode()
    stack.s3.put_object(Bucket=stack.bucket, Key="config/stack.json", Body=body)

    assert seen(jobfleet)["web"] == web
    assert "page         http://203.0.113.7, https://203.0.113.8\n" in jobfleet("status").stdout


def test_queues_are_counted_and_nothing_is_received_for_it(jobfleet: Jobfleet, stack: Any) -> None:
    for _ in range(3):
        stack.sqs.send_message(QueueUrl=stack.requests, MessageBody="x")
    stack.sqs.receive_message(QueueUrl=stack.requests)
    stack.sqs.send_message(QueueUrl=stack.responses, MessageBody="x", DelaySeconds=600)
    stack.sqs.send_message(QueueUrl=stack.dead, MessageBody="x")
    counts = {
        queue["kind"]: (queue["waiting"], queue["in_flight"], queue["delayed"])
        for queue in seen(jobfleet)["queues"]
    }
    assert counts == {"requests": (2, 1, 0), "responses": (0, 0, 1), "dead letters": (1, 0, 0)}
    assert "ReceiveMessage" not in stack.front.calls


def test_the_oldest_age_is_cloudwatchs_or_unknown(jobfleet: Jobfleet, stack: Any, moto_port: int) -> None:
    stack.sqs.send_message(QueueUrl=stack.requests, MessageBody="x")
    stack.sqs.send_message(QueueUrl=stack.dead, MessageBody="x")
    cloudwatch = boto3.Session("key", "secret", region_name="us-east-1").client(
        "cloudwatch", endpoint_url=f"http://127.0.0.1:{moto_port}"
    )
    for minutes, age in ((7, 999), (3, 7500)):
        cloudwatch.put_metric_data(
            Namespace="AWS/SQS",
            MetricData=[
                {
                    "MetricName": "ApproximateAgeOfOldestMessage", "Value": age,
                    "Timestamp": datetime.now(UTC) - timedelta(minutes=minutes),
                    "Dimensions": [{"Name": "QueueName", "Value": stack.names.requests}],
                }
            ],
        )  # fmt: skip
    cloudwatch.close()
    rows = {line.split()[0]: line for line in jobfleet("status").stdout.splitlines() if line}
    assert "2 h 5 min, " in rows["requests"]
    assert rows["requests"].endswith("min ago")
    assert rows["dead"].endswith("unknown")
    assert rows["responses"].endswith("-")
    stack.front.forbids = lambda call: call == "GetMetricData"
    assert all(queue["oldest_seconds"] is None for queue in seen(jobfleet)["queues"])


def test_each_state_of_a_worker_is_told_with_the_way_out(jobfleet: Jobfleet, stack: Any) -> None:
    sign(stack, "a-alive", credentials_age=12_965)
    sign(stack, "b-paused", paused="credentials")
    sign(stack, "c-busy-aws", paused="ServiceUnavailable")
    sign(stack, "d-late", age=365, credentials_age=14_340)
    sign(stack, "e-stopped", age=4000, stopped=True)
    sign(stack, "f-other", versions={"jobfleet": "2.0", "python": "3"})
    stack.s3.put_object(Bucket=stack.bucket, Key="workers/g-broken.json", Body=b"[")
    found = seen(jobfleet)
    assert {worker["id"][0]: worker["state"] for worker in found["workers"]} == {
        "a": "alive", "b": "paused", "c": "paused", "d": "late", "e": "stopped", "f": "alive", "g": "alive",
    }  # fmt: skip
    warnings = "\n".join(found["warnings"])
    assert "different versions (1.0, 2.0)" in warnings
    assert "credentials of worker a-alive are 3 h 36 min old" in warnings
    assert (
        "b-paused is paused: AWS refuses its credentials: run `ansible-playbook playbooks/credentials.yml`"
    ) in warnings
    assert "c-busy-aws is paused: AWS has a problem (ServiceUnavailable)" in warnings
    assert (
        "d-late sent its last heartbeat 6 min ago: check that its instance runs; the credentials of worker "
        "d-late are 4 h 5 min old and may be over"
    ) in warnings
    assert "no worker is alive" not in warnings
    assert len(found["warnings"]) == 5
    shown = jobfleet("status")
    assert "b-paused    paused: credentials" in shown.stdout
    assert "warning: worker b-paused" in shown.stderr
    assert jobfleet("status", "--quiet").stderr == ""


def test_requests_that_wait_for_nobody_are_told(jobfleet: Jobfleet, stack: Any) -> None:
    stack.sqs.send_message(QueueUrl=stack.requests, MessageBody="x")
    (warning,) = seen(jobfleet)["warnings"]
    assert warning.startswith("no heartbeat of any worker is there; 1 request waits: run")
    sign(stack, "gone", age=7000, stopped=True)
    (warning,) = seen(jobfleet)["warnings"]
    assert warning.startswith("no worker is alive; 1 request waits: start the instances")


def test_dead_letters_are_told(jobfleet: Jobfleet, stack: Any) -> None:
    sign(stack, "w")
    stack.sqs.send_message(QueueUrl=stack.dead, MessageBody="x")
    assert seen(jobfleet)["warnings"] == ["1 dead letter lies there: see why with `jobfleet dead list`"]


def test_credentials_that_may_not_see_the_workers_see_the_rest(jobfleet: Jobfleet, stack: Any) -> None:
    stack.front.forbids = lambda call: call.startswith("GET") and "workers" not in call
    ran = jobfleet("status")
    assert ran.returncode == 0
    assert "the workers cannot be read: the credentials do not allow ListObjectsV2" in ran.stderr
    assert "requests" in ran.stdout


def test_what_the_credentials_file_says_of_their_end_is_told(jobfleet: Jobfleet, stack: Any) -> None:
    file = jobfleet.home / "credentials"
    text = "[default]\naws_access_key_id = a\naws_secret_access_key = verysecret\naws_session_token = tok3n\n"
    unset = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SHARED_CREDENTIALS_FILE": str(file)}
    for more, words in (
        ("", "with an end that AWS does not tell"),
        *((f"{name} = 2026-12-24T12:00:00Z\n", "they end 2026-12-24T12") for name in END_NOTES),
    ):
        file.write_text(text + more)
        ran = jobfleet("status", **unset)
        assert f"{file}, written" in ran.stdout
        assert words in ran.stdout
        assert "secret" not in ran.stdout + ran.stderr
        assert "tok3n" not in ran.stdout + ran.stderr


def test_credentials_that_have_ended_and_stacks_that_are_not_there(jobfleet: Jobfleet, stack: Any) -> None:
    says_why(jobfleet("status", JOBFLEET_STACK="nothing-here"), Exit.NOT_DEPLOYED, "nothing-here", "site.yml")
    stack.front.expired_keys.add("key")
    says_why(jobfleet("status"), Exit.CREDENTIALS, "have expired")


@pytest.mark.parametrize("as_json", [True, False])
def test_watching_gives_one_picture_after_the_other_until_ctrl_c(
    jobfleet: Jobfleet, stack: Any, as_json: bool
) -> None:
    stack.sqs.send_message(QueueUrl=stack.requests, MessageBody="x")
    process = jobfleet.start("status", "--watch", "--interval", "1", *(["--json"] if as_json else []))
    assert process.stdout is not None
    first = process.stdout.readline()
    stack.front.expired_keys.add("key")
    assert process.stderr is not None
    while "have expired" not in (said := process.stderr.readline()):
        assert said  # else it has ended
    stack.front.expired_keys.clear()
    if as_json:
        assert json.loads(first)["stack"] == json.loads(process.stdout.readline())["stack"] == stack.name
    else:
        while (shown := process.stdout.readline()) != first:
            assert shown
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=patience(120))
    assert process.returncode == 0
    # Each question to CloudWatch costs money, so that two pictures share one.
    assert stack.front.calls.count("GetMetricData") == 1


def test_watching_at_a_terminal_is_a_live_view(jobfleet: Jobfleet, stack: Any) -> None:
    sign(stack, "[red]w1")
    code, shown = jobfleet.at_terminal("status", "--watch", "--interval", "1", until="Ctrl-C ends it")
    assert code == 0
    assert "[red]w1" in shown
    assert "Traceback" not in shown
