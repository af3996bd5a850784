"""docs/policies/client-waking.json: with it a client wakes a fleet, and it needs all of it."""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from jobfleet import Fleet, Settings
from jobfleet.aws.bucket import Bucket
from jobfleet.doctor.scaling_link import doubts
from jobfleet.stack.scaling.view import read_scaling
from jobfleet_jobs.protocol.names import SCALING_CONFIGURATION_KEY, STACK_TAG, StackNames
from jobfleet_scaling.documents.configuration import PLAIN, HostGroup, ScalingConfiguration

from localcloud.door.call_log import read_calls
from tests.localcloud_fixture import Hosts, new_key, newest_debian
from tests.patience import wait_for
from tests.policies import Place, statements_of

ACCOUNT = "123456789012"

# What a launch by a template needs on AWS because of the template; the embedded AWS does not look into it.
NOT_SEEN = {"RarePlainTags", "RarePlainRole"}
OF_TEMPLATES = ("image", "key-pair", "launch-template")


@dataclass
class Sleeping:
    """A stack whose fleet sleeps, and a key of a client's."""

    place: Place
    key: dict[str, str]
    aws: Callable[[str], Any]
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.names = StackNames(self.place.stack)
        self.bucket = self.names.bucket(self.place.account, self.place.region)
        name = f"{self.place.stack}-workers"
        self.group = HostGroup("workers", name, "1", name)
        self.aws("s3").create_bucket(Bucket=self.bucket)
        for queue in (self.names.requests, self.names.responses, self.names.dead_letters):
            self.aws("sqs").create_queue(QueueName=queue)
        tags = {STACK_TAG: self.place.stack, "jobfleet:scaled": "true"}
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        image = newest_debian(self.aws("ec2"))["ImageId"]
        self.aws("ec2").create_launch_template(
            LaunchTemplateName=name,
            TagSpecifications=[{"ResourceType": "launch-template", "Tags": listed}],
            LaunchTemplateData={
                "ImageId": image, "InstanceType": "t3.micro",
                "TagSpecifications": [{"ResourceType": "instance", "Tags": listed}],
            },
        )  # fmt: skip
        self.aws("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName=name, MinSize=0, MaxSize=1, DesiredCapacity=0,
            LaunchTemplate={"LaunchTemplateName": name, "Version": "1"},
            AvailabilityZones=[f"{self.place.region}a"],
        )  # fmt: skip

    def publish(self, **more: Any) -> None:
        """Tell clients how it scales."""
        body = ScalingConfiguration(0, 1, [self.group], **more).to_json()
        self.aws("s3").put_object(Bucket=self.bucket, Key=SCALING_CONFIGURATION_KEY, Body=body)

    def send(self) -> None:
        """Send a job, and have all looked at that `jobfleet doctor` looks at; the fleet is woken."""
        settings = Settings(
            self.place.stack, self.place.region, endpoint_url=self.key["AWS_ENDPOINT_URL"]
        )  # fmt: skip
        self.said.clear()
        with Fleet(settings, say=self.said.append) as fleet:
            fleet.submit("stats", [1, 2])
            wait_for(lambda: self.said, 60)
            account = fleet.exchange.account
            assert doubts(account, read_scaling(Bucket(account)), write=True) == []
        assert self.said == ["no worker runs; one is starting, about 60 s"]

    def rows(self) -> list[dict[str, Any]]:
        """Return what the key has called so far."""
        path = Path(self.key["LOCALCLOUD_RUN"]) / "calls.jsonl"
        return list(read_calls(path, access_key=self.key["AWS_ACCESS_KEY_ID"]))

    def end_hosts(self) -> None:
        """End what was started, by the group and without it."""
        filters = [
            {"Name": f"tag:{STACK_TAG}", "Values": [self.place.stack]},
            {"Name": "instance-state-name", "Values": ["pending", "running"]},
        ]
        ec2 = self.aws("ec2")
        there = ec2.describe_instances(Filters=filters)["Reservations"]
        ids = [one["InstanceId"] for some in there for one in some["Instances"]]
        if ids:
            ec2.terminate_instances(InstanceIds=ids)

    def close(self) -> None:
        """Leave nothing that starts hosts."""
        self.aws("autoscaling").delete_auto_scaling_group(
            AutoScalingGroupName=self.group.scaling_group, ForceDelete=True
        )
        self.end_hosts()
        self.aws("ec2").delete_launch_template(LaunchTemplateName=self.group.template)


@pytest.fixture
def sleeping(
    localcloud: dict[str, str],
    aws: Callable[[str], Any],
    hosts: Hosts,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Sleeping]:
    place = Place(f"p{uuid.uuid4().hex[:8]}", ACCOUNT, localcloud["AWS_REGION"])
    document = {
        "Version": "2012-10-17", "Statement": [*statements_of("client"), *statements_of("client-waking")],
    }  # fmt: skip
    (tmp_path / "policy.json").write_text(place.fill_in(json.dumps(document)))
    key = new_key(localcloud, policy=tmp_path / "policy.json")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, key[name])
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    made = Sleeping(place, key, aws)
    yield made
    made.close()


def test_waking_needs_the_permissions_of_its_policy_and_no_others(sleeping: Sleeping) -> None:
    sleeping.publish(mode=PLAIN)
    sleeping.send()
    sleeping.end_hosts()
    sleeping.publish()
    sleeping.send()
    sleeping.end_hosts()

    refused = [(row["action"], row["resource"]) for row in sleeping.rows() if row["refused"]]
    assert refused == []
    called = {(row["action"], row["resource"]) for row in sleeping.rows()}
    unused = {
        (action, resource)
        for statement in statements_of("client-waking")
        if statement["Sid"] not in NOT_SEEN
        for action in statement["Action"]
        for resource in statement["Resource"]
        if not any(
            action == one and fnmatchcase(arn, sleeping.place.fill_in(resource)) for one, arn in called
        )
    }
    assert {one for one in unused if not any(f":{kind}/" in one[1] for kind in OF_TEMPLATES)} == set()
