"""A fleet that was harmed: instances terminated and stopped by hand, workers killed in the middle of jobs."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from jobfleet_jobs.protocol.heartbeat import PERIOD_SECONDS
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.message import Request, Result, Stored
from jobfleet_jobs.protocol.names import StackNames, output_key
from jobfleet_jobs.results.result_lookup import KeyPage, find_result
from PIL import Image

from tests.patience import wait_for
from tests.playbooks.conftest import REPOSITORY, Deployed, Stack

JOBS = 12
FLEET = "Ensure as many instances of each group run as are wanted"
TWO_GROUPS = [
    {"name": "worker", "count": 1, "type": "t3.small"},
    {"name": "big", "count": 1, "type": "m5.large", "zone": "us-east-1b"},
]
TWO_IDLE_GROUPS = {"instance_groups": TWO_GROUPS, "idle_stop_minutes": 600}


def send_jobs(stack: Stack, bucket: str, count: int, key: str = "uploads/photo.jpg") -> list[str]:
    """Send jobs of about half a second each, answered to nobody in particular; return their ids."""
    s3, sqs = stack.client("s3"), stack.client("sqs")
    names = StackNames(stack.name)
    large = io.BytesIO()
    with Image.open(REPOSITORY / "examples/photo.jpg") as photo:
        photo.resize((4000, 2666)).save(large, "JPEG")
    s3.put_object(Bucket=bucket, Key="uploads/photo.jpg", Body=large.getvalue())
    url = sqs.get_queue_url(QueueName=names.requests)["QueueUrl"]
    ids = [new_job_id() for _ in range(count)]
    for job_id in ids:
        request = Request(
            id=job_id,
            operation="threshold",
            input=Stored(bucket, key),
            output=output_key(f"{job_id}.png"),
            submitted_at="2026-01-01T00:00:00Z",
        )
        sqs.send_message(QueueUrl=url, MessageBody=request.to_json())
    s3.close()
    sqs.close()
    return ids


def wait_for_results(stack: Stack, bucket: str, ids: list[str], seconds: float) -> list[Result]:
    """Return the final results of all jobs, wherever they lie; fail after `seconds`."""
    s3 = stack.client("s3")

    def read(key: str) -> str | None:
        try:
            return str(s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode())
        except s3.exceptions.NoSuchKey:
            return None

    def list_page(prefix: str, after: str) -> KeyPage:
        return KeyPage.of(s3.list_objects_v2(Bucket=bucket, Prefix=prefix, StartAfter=after))

    def final() -> list[Result]:
        found = [find_result(job_id, read, list_page) for job_id in ids]
        # An attempt that ended with its worker is stored, too, as failing.
        results = [result for result in found if result and result.status != "failing"]
        return results if len(results) == len(ids) else []

    results: list[Result] = wait_for(final, seconds)
    s3.close()
    return results


@pytest.fixture
def bucket(deployed_stack: Deployed) -> str:
    return StackNames(deployed_stack.name).bucket("123456789012", "us-east-1")


@pytest.fixture
def two_groups(deployed_stack: Deployed, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The stack with two workers of two kinds."""
    with deployed_stack.lend(request.node, instance_groups=TWO_GROUPS) as stack:
        yield stack


@pytest.fixture
def two_idle_groups(deployed_stack: Deployed, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The stack with two workers of two kinds that stop themselves after a long time without a job."""
    with deployed_stack.lend(request.node, **TWO_IDLE_GROUPS) as stack:
        yield stack


@pytest.mark.changes_stack
def test_workers_killed_in_the_middle_of_jobs_lose_none(stack: Stack, bucket: str) -> None:
    # The jobs in hand at a kill come back after the visibility timeout; a short one spares waiting.
    quick = stack.play("playbooks/configure.yml", "--tags", "worker", worker_visibility_timeout=6)
    assert quick.code == 0, quick.said
    stack.on_workers("systemctl stop jobfleet-worker")
    ids = send_jobs(stack, bucket, JOBS)

    [kills] = stack.on_workers(
        "for n in 1 2 3; do systemctl restart jobfleet-worker; sleep 0.7;"
        " systemctl kill -s KILL jobfleet-worker; echo killed; done"
    ).values()
    results = wait_for_results(stack, bucket, ids, seconds=90)

    assert kills.count("killed") == 3
    assert [result.status for result in results] == ["succeeded"] * JOBS
    assert any(result.attempt > 1 for result in results), "no kill hit a job"


def test_where_memory_runs_out_one_job_waits_and_the_worker_does_the_others(
    stack: Stack, bucket: str
) -> None:
    [before] = stack.on_workers("systemctl show -P MainPID,OOMPolicy jobfleet-worker").values()
    # Of a t3.small's 2 GiB, what is left does for photos. The kernel may not take this one.
    taking = (
        "held = bytes([1]) * (1200 * 2**20); open('/run/held', 'w').close(); import signal; signal.pause()"
    )
    stack.on_workers(
        f'systemd-run --quiet --unit=other -p OOMScoreAdjust=-1000 -p RuntimeMaxSec=600 python3 -c "{taking}"'
    )
    wait_for(lambda: "held" in stack.on_workers("ls /run").popitem()[1].split(), 60)
    s3 = stack.client("s3")
    huge = io.BytesIO()
    Image.new("RGB", (10_000, 10_000), (200, 100, 50)).save(huge, "PNG", compress_level=1)
    s3.put_object(Bucket=bucket, Key="uploads/huge.png", Body=huge.getvalue())
    [large] = send_jobs(stack, bucket, 1, "uploads/huge.png")
    small = send_jobs(stack, bucket, JOBS)

    results = wait_for_results(stack, bucket, small, seconds=120)
    cause = wait_for(lambda: first_cause(s3, bucket, large), 120)

    assert {(result.status, result.attempt) for result in results} == {("succeeded", 1)}
    assert "killed from outside, as it is when the host's memory runs out" in cause
    [after] = stack.on_workers("systemctl show -P MainPID,OOMPolicy jobfleet-worker").values()
    assert before == after
    assert after.split()[1] == "continue"
    stack.on_workers("systemctl stop other")
    [result] = wait_for_results(stack, bucket, [large], seconds=180)
    assert result.status == "succeeded"
    assert result.attempt > 1
    s3.close()


def first_cause(s3: Any, bucket: str, job_id: str) -> str | None:
    """Return why the first attempt at a job broke, once that is stored."""
    try:
        stored = json.loads(s3.get_object(Bucket=bucket, Key=f"results/{job_id}.json")["Body"].read())
    except s3.exceptions.NoSuchKey:
        return None
    return str(stored["attempts"][0]["cause"])


def test_an_instance_terminated_by_hand_is_replaced_while_the_fleet_gets_a_second_group(
    stack: Stack, deployed_stack: Deployed
) -> None:
    [before] = [instance["InstanceId"] for instance in stack.instances()]
    ec2 = stack.client("ec2")
    ec2.terminate_instances(InstanceIds=[before])
    ec2.close()

    stack.deploy(instance_groups=TWO_GROUPS)

    shown = stack.jobfleet("status")
    assert before not in shown.stdout + shown.stderr
    after = {instance["InstanceType"]: instance for instance in stack.instances()}
    assert after.keys() == {"t3.small", "m5.large"}
    assert before not in {instance["InstanceId"] for instance in after.values()}
    assert after["m5.large"]["Placement"]["AvailabilityZone"] == "us-east-1b"
    assert set(stack.on_workers("systemctl is-active jobfleet-worker").values()) == {"active"}
    again = stack.deploy(instance_groups=TWO_GROUPS)
    assert again.changed == []
    assert "Together 0.1286 $ an hour" in again.said
    deployed_stack.is_left_with(instance_groups=TWO_GROUPS)


def test_two_workers_share_the_jobs(two_groups: Stack, bucket: str) -> None:
    there = {instance["InstanceId"] for instance in two_groups.instances()}
    ids = send_jobs(two_groups, bucket, JOBS)

    results = wait_for_results(two_groups, bucket, ids, seconds=60)

    assert {result.worker for result in results} == there


def test_an_idle_host_stops_itself_and_comes_back_under_a_new_address(
    two_groups: Stack, deployed_stack: Deployed
) -> None:
    stack = two_groups
    turned_on = stack.play("playbooks/configure.yml", "--tags", "worker", **TWO_IDLE_GROUPS)
    assert turned_on.changed == [
        "Ensure the stop of an idle host is defined",
        "Ensure an idle host stops itself, if that is wanted",
    ], turned_on.said
    idle = stack.instances()[0]
    said: dict[str, str] = {}

    def all_say_why_not() -> bool:
        said.update(
            stack.on_workers(
                "systemctl start jobfleet-idle; journalctl -u jobfleet-idle -o cat;"
                " systemctl is-failed jobfleet-idle || true"
            )
        )
        return all("idle: no, the last job ended" in text for text in said.values())

    # A heartbeat may have been written while the worker still had jobs of the last test in hand.
    wait_for(all_say_why_not, 2 * PERIOD_SECONDS, said)
    assert not any("failed" in text for text in said.values()), said

    # 600 minutes are too long for a test. What lies under /run is gone after the boot.
    stack.on_workers(
        f"grep -q {idle['InstanceId']} /var/lib/cloud/data/instance-id || exit 0;"
        " folder=/run/systemd/system/jobfleet-idle.service.d; mkdir -p $folder;"
        " (echo '[Service]'; echo ExecCondition=; sed -n '/^ExecCondition/s/--minutes 600/--minutes 0.01/p'"
        " /etc/systemd/system/jobfleet-idle.service) > $folder/quick.conf;"
        " systemctl daemon-reload; systemd-run --on-active=1 systemctl start jobfleet-idle"
    )
    wait_for(lambda: "stopped" in {one["State"]["Name"] for one in stack.instances()}, 60)
    outcome = stack.deploy(**TWO_IDLE_GROUPS)

    again = {one["InstanceId"]: one for one in stack.instances()}[idle["InstanceId"]]
    assert again["PublicIpAddress"] != idle["PublicIpAddress"]
    assert outcome.changed == [FLEET]
    deployed_stack.is_left_with(**TWO_IDLE_GROUPS)


def test_a_group_that_is_not_wanted_any_more_hands_back_its_jobs_and_goes(
    two_idle_groups: Stack, deployed_stack: Deployed, bucket: str
) -> None:
    stack = two_idle_groups
    there = {instance["InstanceType"]: instance["InstanceId"] for instance in stack.instances()}
    ids = send_jobs(stack, bucket, JOBS)

    outcome = stack.deploy()

    assert outcome.changed == [
        "Ask the workers to finish what they have begun and to hand back the rest",
        FLEET,
        "Ensure an idle host stops itself, if that is wanted",
    ]
    assert [instance["InstanceId"] for instance in stack.instances()] == [there["t3.small"]]
    results = wait_for_results(stack, bucket, ids, seconds=90)
    assert [result.status for result in results] == ["succeeded"] * JOBS
    # Its heartbeat went with it, and its log stays.
    logged = stack.jobfleet("logs", "--json", "--worker", there["m5.large"])
    events = [json.loads(line)["event"] for line in logged.stdout.splitlines()]
    assert events[-1] == "stopped", "its worker was killed, not stopped"
    assert stack.deploy().changed == []
    deployed_stack.is_left_with()


def test_the_client_says_what_is_wrong_when_no_worker_answers(stack: Stack) -> None:
    stack.on_workers("systemctl stop jobfleet-worker")
    try:
        done = stack.jobfleet("--timeout", "2", "stats", "1")
    finally:
        stack.on_workers("systemctl start jobfleet-worker")

    assert done.returncode == 7
    assert "no worker" in done.stderr.lower()
