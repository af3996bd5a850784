"""One variable makes workers scale, and plain workers again; no job is lost, and nothing is left.

All of it is done with a key that may do only what docs/policies allows a deployer.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jobfleet_jobs.protocol.names import SCALING_CONFIGURATION_KEY

from localcloud.door.call_log import read_calls
from tests import policies
from tests.lab_profile import make_profile
from tests.localcloud_fixture import new_key
from tests.patience import wait_for
from tests.playbooks.conftest import Stack

PLACE = policies.Place("fleet-scaled", "123456789012", "us-east-1")
ON = {"scaling": {"min": 1, "max": 2, "window": 5}}


@pytest.fixture(scope="module")
def fleet(
    localcloud: dict[str, str], hosts: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A stack of its own, whose deployer may do what the files allow."""
    folder = tmp_path_factory.mktemp("scaled")
    make_profile(localcloud)
    allowed = [*policies.statements_of("deployer"), *policies.statements_of("scaling")]
    file = folder / "policy.json"
    file.write_text(PLACE.fill_in(json.dumps({"Version": "2012-10-17", "Statement": allowed})))
    key = {**new_key(localcloud, policy=file), "XDG_STATE_HOME": str(folder / "state")}
    variables = {"worker_wait_time": 2, "worker_credentials": "instance_profile", "image_upgrade": False}
    made = Stack(PLACE.stack, folder / "stack", key, variables)
    try:
        yield made
    finally:
        # With a key that may, whatever the one under test could not do.
        everything = Stack(PLACE.stack, made.folder, localcloud)
        assert everything.play("playbooks/teardown.yml", confirm=True).code == 0


@pytest.fixture(scope="module")
def client(fleet: Stack, localcloud: dict[str, str]) -> Stack:
    """The stack as a client has it, and whoever looks at all of it."""
    return replace(fleet, environment=localcloud)


def tags_of(instance: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in instance["Tags"]}


def running(stack: Stack) -> tuple[list[str], list[str]]:
    """Return the ids of the instances that scale, and of those that do not."""
    up = [one for one in stack.instances() if one["State"]["Name"] in ("pending", "running")]
    scaled = [one["InstanceId"] for one in up if "jobfleet:scaled" in tags_of(one)]
    return scaled, [one["InstanceId"] for one in up if one["InstanceId"] not in scaled]


def submitted(stack: Stack, count: int) -> list[str]:
    """Send jobs and return their ids, without waiting for answers."""
    ids = []
    for number in range(count):
        done = stack.jobfleet("submit", "stats", "1", str(number))
        assert done.returncode == 0, done.stderr
        ids.append(done.stdout.split()[-1])
    return ids


def who_did(stack: Stack, job: str) -> str:
    done = stack.jobfleet("--json", "--timeout", "120", "wait", job, seconds=150)
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["worker"])


def test_workers_scale_and_become_plain_again_and_no_job_is_lost(fleet: Stack, client: Stack) -> None:
    fleet.deploy(**ON)

    # A host that nobody logged into works.
    [first], plain = running(fleet)
    assert plain == []
    [job] = submitted(client, 1)
    assert who_did(client, job) == first

    # While the fleet changes, and somebody asks for another host, a run has nothing to do.
    scale_to(client, 2)
    again = fleet.deploy(**ON)
    assert again.changed == []

    # Hosts leave in order, and come back.
    waiting = submitted(client, 3)
    stopped = fleet.play("playbooks/stop.yml", **ON)
    assert stopped.code == 0, stopped.said
    assert running(fleet) == ([], [])
    fleet.play("playbooks/start.yml", **ON)
    assert running(fleet)[0] != []

    # Plain again: groups go, and a plain worker does what is left.
    waiting += submitted(client, 3)
    fleet.deploy(scaling={})
    scaled, [plain_one] = running(fleet)
    assert scaled == []
    assert left_of_scaling(client) == []
    [last] = submitted(client, 1)
    assert who_did(client, last) == plain_one
    assert all(who_did(client, one) for one in waiting)
    assert fleet.deploy(scaling={}).changed == []

    # And on once more: the plain one goes when another is alive.
    fleet.deploy(**ON)
    scaled, plain = running(fleet)
    assert (len(scaled) >= 1, plain) == (True, [])
    [job] = submitted(client, 1)
    assert who_did(client, job) in scaled


def scale_to(stack: Stack, count: int) -> None:
    """Ask for more hosts, as the scaler does."""
    autoscaling = stack.client("autoscaling")
    autoscaling.set_desired_capacity(AutoScalingGroupName=f"{stack.name}-worker", DesiredCapacity=count)
    autoscaling.close()
    wait_for(lambda: len(running(stack)[0]) == count, 60)


def left_of_scaling(stack: Stack) -> list[str]:
    """Return what is there of groups, templates, alarms and configuration."""
    autoscaling, ec2, cloudwatch, s3 = map(stack.client, ("autoscaling", "ec2", "cloudwatch", "s3"))
    groups = autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    templates = ec2.describe_launch_templates()["LaunchTemplates"]
    alarms = cloudwatch.describe_alarms()["MetricAlarms"]
    found = [one["AutoScalingGroupName"] for one in groups]
    found += [one["LaunchTemplateName"] for one in templates]
    found += [one["AlarmName"] for one in alarms]
    buckets = [one["Name"] for one in s3.list_buckets()["Buckets"]]
    for bucket in (one for one in buckets if one.startswith(stack.name)):
        keys = s3.list_objects_v2(Bucket=bucket, Prefix=SCALING_CONFIGURATION_KEY).get("Contents", [])
        found += [one["Key"] for one in keys]
    for client in (autoscaling, ec2, cloudwatch, s3):
        client.close()
    return [one for one in found if one.startswith((stack.name, SCALING_CONFIGURATION_KEY))]


def test_nothing_is_left_of_a_fleet_that_scales(fleet: Stack, client: Stack) -> None:
    told = fleet.play("playbooks/teardown.yml", "--check")
    gone = fleet.play("playbooks/teardown.yml", confirm=True)

    assert told.code == 0, told.said
    assert gone.code == 0, gone.said
    assert f"Nothing is left of the stack {fleet.name}" in gone.said
    assert (left_of_scaling(client), fleet.instances()) == ([], [])
    ec2 = client.client("ec2")
    ours = [{"Name": "tag:jobfleet:stack", "Values": [fleet.name]}]
    assert ec2.describe_images(Owners=["self"], Filters=ours)["Images"] == []
    assert ec2.describe_snapshots(OwnerIds=["self"], Filters=ours)["Snapshots"] == []
    ec2.close()


def test_nobody_was_refused_what_the_files_allow(fleet: Stack) -> None:
    """Nor went it well only because somebody got over a refusal."""
    calls = Path(fleet.environment["LOCALCLOUD_RUN"]) / "calls.jsonl"
    rows = list(read_calls(calls, access_key=fleet.environment["AWS_ACCESS_KEY_ID"]))

    assert {row["action"] for row in rows} >= {"autoscaling:CreateAutoScalingGroup", "ec2:CreateImage"}
    assert [(row["action"], row["resource"]) for row in rows if row["refused"] and not row["dry_run"]] == []
