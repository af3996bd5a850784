"""A stack of `tests/aws/conftest.py` that scales: its configuration and its group, as playbooks make them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from jobfleet_jobs.protocol.names import SCALING_CONFIGURATION_KEY, SCALING_STATE_KEY, STACK_TAG
from jobfleet_scaling.documents.configuration import HostGroup, ScalingConfiguration
from jobfleet_scaling.documents.scaling_line import ScalingLine, log_key, write_lines
from jobfleet_scaling.documents.state import ScalingState
from jobfleet_scaling.policy.figures import Tuning


class Scaled:
    """The scaling of a stack that has no host yet."""

    def __init__(self, stack: Any, boot: float = 60.0) -> None:
        self.stack, self.group = stack, f"{stack.name}-workers"
        groups = [HostGroup("workers", self.group, "1", self.group)]
        self.configuration = ScalingConfiguration(0, 6, groups, tuning=Tuning(boot=boot))

    def publish(self, **changes: Any) -> "Scaled":
        """Put the configuration into the bucket, with changes."""
        self.configuration = replace(self.configuration, **changes)
        self.put(SCALING_CONFIGURATION_KEY, self.configuration.to_json().encode())
        return self

    def decide(self, **told: Any) -> None:
        """Put the state there, as a leader that holds its lease."""
        self.put(SCALING_STATE_KEY, ScalingState(**told).held_by("i-leader", now()).to_json().encode())

    def log(self, *lines: ScalingLine) -> None:
        """Write a batch of the log."""
        self.put(log_key(lines[0].who, lines[0].at), write_lines(lines))

    def put(self, key: str, data: bytes) -> None:
        """Put an object."""
        self.stack.s3.put_object(Bucket=self.stack.bucket, Key=key, Body=data)


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def decisions(count: int, every: float = 10.0, **numbers: Any) -> Iterable[ScalingLine]:
    """Give so many decisions, the last of them now."""
    told = {"visible": 4, "in_flight": 2, "done": 3, "wanted": 2, "running": 1, "booting": 1, "leaving": 0}
    told |= {"service_seconds": 5.0, "slots": 2.0, "need": 1.4, "most": 6, "why": "need 1.4"} | numbers
    for number in reversed(range(count)):
        yield ScalingLine(now() - timedelta(seconds=number * every), "i-leader", "decided", **told)


class Group:
    """The Auto Scaling group of a stack, with hosts that are nothing but entries of moto's."""

    def __init__(self, port: int, scaled: Scaled) -> None:
        session = boto3.Session("key", "secret", region_name="us-east-1")
        address = f"http://127.0.0.1:{port}"
        self.client = session.client("autoscaling", endpoint_url=address)
        ec2 = session.client("ec2", endpoint_url=address)
        image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
        self.name = scaled.group
        tags = {STACK_TAG: scaled.stack.name, "jobfleet:scaled": "true"}
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        template = {
            "ImageId": image, "InstanceType": "t3.micro",
            "TagSpecifications": [{"ResourceType": "instance", "Tags": listed}],
        }  # fmt: skip
        ec2.create_launch_template(LaunchTemplateName=self.name, LaunchTemplateData=template)
        self.client.create_auto_scaling_group(
            AutoScalingGroupName=self.name, MinSize=0, MaxSize=6, DesiredCapacity=0,
            LaunchTemplate={"LaunchTemplateName": self.name, "Version": "1"}, VPCZoneIdentifier=subnet,
        )  # fmt: skip
        ec2.close()

    @property
    def desired(self) -> int:
        """How many hosts there shall be."""
        found = self.client.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])
        return int(found["AutoScalingGroups"][0]["DesiredCapacity"])

    def close(self) -> None:
        """End its hosts and the client."""
        self.client.delete_auto_scaling_group(AutoScalingGroupName=self.name, ForceDelete=True)
        self.client.close()
