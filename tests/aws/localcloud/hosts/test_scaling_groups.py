"""Auto Scaling groups with real hosts: they come, are drained through a hook, and are replaced."""

import base64
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.localcloud_fixture import Hosts, newest_debian
from tests.patience import wait_for

TARGET = """python3 - <<'end'
import os, urllib.request
base = os.environ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] + "latest/"
def ask(path, method="GET", **headers):
    request = urllib.request.Request(base + path, method=method, headers=headers)
    return urllib.request.urlopen(request).read().decode()
token = ask("api/token", "PUT", **{"X-aws-ec2-metadata-token-ttl-seconds": "60"})
print(ask("meta-data/autoscaling/target-lifecycle-state", **{"X-aws-ec2-metadata-token": token}))
end"""


class Group:
    """A group of up to two hosts, whose termination hook waits for an hour."""

    def __init__(self, aws: Callable[[str], Any], hosts: Hosts) -> None:
        self.name = f"group-{uuid.uuid4().hex[:8]}"
        self.api, self.ec2, self._hosts = aws("autoscaling"), aws("ec2"), hosts
        zones = {
            subnet["AvailabilityZone"]: subnet["SubnetId"]
            for subnet in self.ec2.describe_subnets()["Subnets"]
        }
        self.ec2.create_launch_template(
            LaunchTemplateName=self.name,
            LaunchTemplateData={
                "ImageId": newest_debian(self.ec2)["ImageId"],
                "InstanceType": "t3.micro",
                "KeyName": "localcloud-tests",
                "UserData": base64.b64encode(hosts.cloud_config({}).encode()).decode(),
                "TagSpecifications": [
                    {"ResourceType": "instance", "Tags": [{"Key": "of", "Value": "template"}]}
                ],
            },
        )
        self.api.create_auto_scaling_group(
            AutoScalingGroupName=self.name,
            MinSize=0,
            MaxSize=2,
            LaunchTemplate={"LaunchTemplateName": self.name, "Version": "$Latest"},
            VPCZoneIdentifier=",".join([zones["us-east-1a"], zones["us-east-1b"]]),
            Tags=[{"Key": "part", "Value": "of it", "PropagateAtLaunch": True}],
        )
        self.api.put_lifecycle_hook(
            **self.hook,
            LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
            HeartbeatTimeout=3600,
            DefaultResult="CONTINUE",
        )

    @property
    def hook(self) -> dict[str, str]:
        return {"AutoScalingGroupName": self.name, "LifecycleHookName": "drain"}

    def want(self, number: int) -> None:
        self.api.set_desired_capacity(AutoScalingGroupName=self.name, DesiredCapacity=number)

    def instances(self) -> dict[str, str]:
        """Return the state of each instance."""
        found = self.api.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])["AutoScalingGroups"]
        return {one["InstanceId"]: one["LifecycleState"] for group in found for one in group["Instances"]}

    def wait(self, *states: str) -> dict[str, str]:
        """Wait until the instances are in just these states, and return them by state."""

        def look() -> dict[str, str]:
            there = self.instances()
            fits = sorted(there.values()) == sorted(states)
            return {state: name for name, state in there.items()} if fits else {}

        return wait_for(look, 60, self.instances)

    def complete(self, instance: str) -> None:
        self.api.complete_lifecycle_action(**self.hook, InstanceId=instance, LifecycleActionResult="CONTINUE")

    def target(self, instance: str) -> str:
        """Return what the metadata of an instance says of where it is going."""
        address = self._hosts.describe(instance)["PublicIpAddress"]
        return self._hosts.ssh(address, TARGET)

    def delete(self) -> None:
        there = self.instances()
        self.api.delete_auto_scaling_group(AutoScalingGroupName=self.name, ForceDelete=True)
        wait_for(lambda: not self._described(), 60)
        for instance in there:
            self._hosts.wait(instance, "terminated")

    def _described(self) -> list[Any]:
        answer = self.api.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])
        return list(answer["AutoScalingGroups"])


@pytest.fixture(scope="module")
def group(aws: Callable[[str], Any], hosts: Hosts) -> Iterator[Group]:
    made = Group(aws, hosts)
    yield made
    made.delete()


def test_a_group_grows_into_both_zones_and_shrinks_through_its_hook(group: Group, hosts: Hosts) -> None:
    group.want(2)
    wait_for(lambda: list(group.instances().values()) == ["InService"] * 2, 60, group.instances)
    there = {name: hosts.describe(name) for name in group.instances()}
    group.want(1)
    states = group.wait("InService", "Terminating:Wait")
    leaves, stays = states["Terminating:Wait"], states["InService"]
    told = group.target(leaves), group.target(stays)
    still = hosts.describe(leaves)["State"]["Name"]
    group.complete(leaves)
    group.wait("InService")
    hosts.wait(leaves, "terminated")

    assert {one["Placement"]["AvailabilityZone"] for one in there.values()} == {"us-east-1a", "us-east-1b"}
    for one in there.values():
        tags = {tag["Key"]: tag["Value"] for tag in one["Tags"]}
        assert (
            tags.items()
            >= {"of": "template", "part": "of it", "aws:autoscaling:groupName": group.name}.items()
        )
    assert told == ("Terminated", "InService")
    assert still == "running", "the hook keeps it alive"


def test_who_is_terminated_or_powered_off_is_replaced(group: Group, hosts: Hosts) -> None:
    group.want(1)
    first = group.wait("InService")["InService"]
    hosts.ec2.terminate_instances(InstanceIds=[first])
    second = group.wait("Terminating:Wait", "InService")["InService"]
    group.complete(first)
    group.wait("InService")
    hosts.ssh(hosts.describe(second)["PublicIpAddress"], "sudo systemctl poweroff --no-block")
    states = group.wait("Terminating:Wait", "InService")
    group.complete(second)
    group.wait("InService")
    causes = [
        one["Cause"]
        for one in group.api.describe_scaling_activities(AutoScalingGroupName=group.name)["Activities"]
        if second in one["Description"]
    ]

    assert states["Terminating:Wait"] == second
    assert "in response to an EC2 health check indicating it has been terminated or stopped" in causes[0]
    assert "needing to be replaced" in causes[1]
