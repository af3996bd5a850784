"""The host is taken away in the middle of jobs, and a new one takes its place."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from jobfleet import Fleet
from jobfleet.settings.settings import Settings
from jobfleet_jobs.protocol.message import Result
from jobfleet_jobs.protocol.names import StackNames

from tests.patience import patience, wait_for
from tests.playbooks.conftest import REPOSITORY, Stack

JOBS = 120


def test_a_host_terminated_in_the_middle_of_jobs_and_replaced_loses_none(
    stack: Stack, monkeypatch: Any
) -> None:
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    bucket = StackNames(stack.name).bucket("123456789012", stack.environment["AWS_REGION"])
    endpoint = stack.environment["AWS_ENDPOINT_URL"]
    s3, sqs, ec2 = (stack.client(service) for service in ("s3", "sqs", "ec2"))

    def content(result: Result) -> bytes:
        assert result.output is not None, result
        body: bytes = s3.get_object(Bucket=bucket, Key=result.output.key)["Body"].read()
        return body

    with Fleet(Settings(stack.name, stack.environment["AWS_REGION"], bucket, endpoint)) as fleet:
        photo = REPOSITORY / "examples" / "photo.jpg"
        expected = content(fleet.submit("threshold", photo, name="fault-free.png").result(patience(120)))
        # The worker finds them all in line, so that it has most of them still to do when the first is done.
        stack.on_workers("systemctl stop jobfleet-worker")
        jobs = [fleet.submit("threshold", photo, name=f"host-{n}.png") for n in range(JOBS)]
        [host] = [instance["InstanceId"] for instance in stack.instances()]
        with ThreadPoolExecutor(1) as thread:
            # The playbook's own end would come too late.
            thread.submit(stack.on_workers, "systemctl start jobfleet-worker")
            wait_for(lambda: any(fleet.find_result(job.id) for job in jobs), 120)
            ec2.terminate_instances(InstanceIds=[host])
            gone = {"Name": "instance-state-name", "Values": ["terminated"]}
            wait_for(lambda: ec2.describe_instances(InstanceIds=[host], Filters=[gone])["Reservations"], 30)
        done = sum(fleet.find_result(job.id) is not None for job in jobs)
        assert 0 < done < JOBS, "the host did not end in the middle of the jobs"

        stack.deploy()
        answers = [job.result(patience(300)) for job in jobs]

        results = [fleet.find_result(job.id) for job in jobs]
        assert all(result and content(result) == expected for result in results)
        assert [answer.output for answer in answers] == [result and result.output for result in results]
        queues = [
            sqs.get_queue_url(QueueName=f"{stack.name}-{end}")["QueueUrl"] for end in ("requests", "dead")
        ]
        wait_for(lambda: not any(depth(sqs, queue) for queue in queues), 120)
        assert {job.id for job in jobs} <= logged(s3, bucket)

    [replacement] = [instance["InstanceId"] for instance in stack.instances()]
    assert replacement != host
    again = sum(result.attempt > 1 for result in results if result)
    sys.stdout.write(
        f"\njobs {JOBS}; faults injected: 1 host terminated; results {len(results)}; on the second attempt "
        f"{again}; lost 0\n"
    )
    for client in (s3, sqs, ec2):
        client.close()


def depth(sqs: Any, queue: str) -> int:
    """Return how many messages a queue holds, those in somebody's hands included."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)


def logged(s3: Any, bucket: str) -> set[str]:
    """Return the ids of the jobs that have a log line in the bucket."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="logs/")
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    bodies = [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys]
    return {json.loads(line).get("job", "") for body in bodies for line in body.splitlines()}
