"""A fleet that was harmed: instances terminated and stopped by hand, workers killed in the middle of jobs."""

import io

import pytest
from PIL import Image

from jobs.ids import new_job_id
from jobs.message import Request, Result, Stored
from jobs.names import StackNames, output_key, result_key
from tests.localcloud_fixture import wait_for
from tests.playbooks.conftest import REPOSITORY, Stack

JOBS = 12


def send_jobs(stack: Stack, bucket: str, count: int) -> list[str]:
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
            input=Stored(bucket, "uploads/photo.jpg"),
            output=output_key(f"{job_id}.png"),
            submitted_at="2026-01-01T00:00:00Z",
        )
        sqs.send_message(QueueUrl=url, MessageBody=request.to_json())
    s3.close()
    sqs.close()
    return ids


def wait_for_results(stack: Stack, bucket: str, ids: list[str], seconds: float) -> list[Result]:
    """Return the final results of all jobs; fail after `seconds`."""
    s3 = stack.client("s3")
    wanted = {result_key(job_id) for job_id in ids}

    def final() -> list[Result]:
        listed = s3.list_objects_v2(Bucket=bucket, Prefix="results/").get("Contents", [])
        if not wanted <= {item["Key"] for item in listed}:
            return []
        bodies = [s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in wanted]
        results = [Result.from_json(body) for body in bodies]
        # An attempt that ended with its worker is stored, too, as failing.
        return [] if any(result.status == "failing" for result in results) else results

    results: list[Result] = wait_for(final, seconds)
    s3.close()
    return results


@pytest.fixture
def bucket(stack: Stack) -> str:
    return StackNames(stack.name).bucket("123456789012", "us-east-1")


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


def test_an_instance_terminated_by_hand_is_replaced_while_the_fleet_grows_to_two(stack: Stack) -> None:
    [before] = [instance["InstanceId"] for instance in stack.instances()]
    ec2 = stack.client("ec2")
    ec2.terminate_instances(InstanceIds=[before])
    ec2.close()

    stack.deploy(instances_count=2)

    after = {instance["InstanceId"] for instance in stack.instances()}
    assert len(after) == 2
    assert before not in after
    assert set(stack.on_workers("systemctl is-active jobfleet-worker").values()) == {"active"}
    assert stack.deploy(instances_count=2).changed == []


def test_two_workers_share_the_jobs(stack: Stack, bucket: str) -> None:
    ids = send_jobs(stack, bucket, JOBS)

    results = wait_for_results(stack, bucket, ids, seconds=60)

    assert {result.worker for result in results} == {instance["InstanceId"] for instance in stack.instances()}


def test_a_stopped_instance_comes_back_under_a_new_address(stack: Stack) -> None:
    stopped = stack.instances()[0]
    ec2 = stack.client("ec2")
    ec2.stop_instances(InstanceIds=[stopped["InstanceId"]])
    wait_for(lambda: "stopped" in {one["State"]["Name"] for one in stack.instances()}, 60)
    ec2.close()

    outcome = stack.deploy(instances_count=2)

    again = {one["InstanceId"]: one for one in stack.instances()}[stopped["InstanceId"]]
    assert again["PublicIpAddress"] != stopped["PublicIpAddress"]
    assert outcome.changed == ["Ensure those that were stopped run again"]


def test_the_fleet_shrinks_to_one(stack: Stack) -> None:
    stack.deploy(instances_count=1)

    wait_for(lambda: len(stack.instances()) == 1, 60)
    assert stack.jobfleet("stats", "4", "5").returncode == 0


def test_the_client_says_what_is_wrong_when_no_worker_answers(stack: Stack) -> None:
    stack.on_workers("systemctl stop jobfleet-worker")
    try:
        done = stack.jobfleet("--timeout", "2", "stats", "1")
    finally:
        stack.on_workers("systemctl start jobfleet-worker")

    assert done.returncode == 7
    assert "no worker" in done.stderr.lower()
