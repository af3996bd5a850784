"""Auto Scaling's calls: what they take, refuse and tell; each test has an account of its own, and no host."""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.commands.trouble import rebalance, refuse
from localcloud.errors import LocalcloudError
from localcloud.state import RunFolder
from tests.localcloud_fixture import client_of, localcloud_command, new_key, newest_debian
from tests.patience import wait_for

ACCOUNTS = (f"{number:012}" for number in itertools.count(610_000_000_001))
GROUP = "g"


class Cloud:
    """Clients of an account of their own, with a launch template `temp`."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.run = RunFolder(Path(environment["LOCALCLOUD_RUN"]))
        self.account = next(ACCOUNTS)
        self.key = new_key(environment, account=self.account)
        self.api, self.ec2, self.iam = (client_of(self.key, name) for name in ("autoscaling", "ec2", "iam"))
        self.ec2.create_launch_template(
            LaunchTemplateName="temp",
            LaunchTemplateData={"ImageId": newest_debian(self.ec2)["ImageId"], "InstanceType": "t3.micro"},
        )

    def create(self, **more: Any) -> None:
        wanted = {
            "MinSize": 0,
            "MaxSize": 2,
            "LaunchTemplate": {"LaunchTemplateName": "temp"},
            "AvailabilityZones": ["us-east-1a"],
            **more,
        }
        self.api.create_auto_scaling_group(
            AutoScalingGroupName=GROUP, **{name: value for name, value in wanted.items() if value is not None}
        )

    def described(self) -> list[dict[str, Any]]:
        answer = self.api.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])
        return list(answer["AutoScalingGroups"])

    def activities(self) -> list[dict[str, Any]]:
        return list(self.api.describe_scaling_activities(AutoScalingGroupName=GROUP)["Activities"])

    def subnets(self) -> dict[str, str]:
        return {one["AvailabilityZone"]: one["SubnetId"] for one in self.ec2.describe_subnets()["Subnets"]}


@pytest.fixture
def cloud(localcloud: dict[str, str]) -> Iterator[Cloud]:
    made = Cloud(localcloud)
    yield made
    refuse(made.run, "ec2:RunInstances", 0, None, lambda words: None)
    for group in made.described():
        name = group["AutoScalingGroupName"]
        made.api.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    for client in (made.api, made.ec2, made.iam):
        client.close()


def refused(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_group_is_told_as_it_was_asked_for(cloud: Cloud) -> None:
    subnets = cloud.subnets()
    cloud.create(
        AvailabilityZones=None,
        VPCZoneIdentifier=f"{subnets['us-east-1b']},{subnets['us-east-1a']}",
        LaunchTemplate={"LaunchTemplateName": "temp", "Version": "$Latest"},
        NewInstancesProtectedFromScaleIn=True,
        HealthCheckGracePeriod=60,
        TerminationPolicies=["OldestInstance"],
        Tags=[{"Key": "stack", "Value": "fleet", "PropagateAtLaunch": True}],
        LifecycleHookSpecificationList=[
            {
                "LifecycleHookName": "drain",
                "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
                "HeartbeatTimeout": 300,
                "DefaultResult": "CONTINUE",
            }
        ],
    )
    cloud.api.suspend_processes(AutoScalingGroupName=GROUP, ScalingProcesses=["AZRebalance"])
    cloud.api.enable_metrics_collection(
        AutoScalingGroupName=GROUP, Granularity="1Minute", Metrics=["GroupInServiceInstances"]
    )
    [group] = cloud.described()
    [hook] = cloud.api.describe_lifecycle_hooks(AutoScalingGroupName=GROUP)["LifecycleHooks"]

    assert group["AvailabilityZones"] == ["us-east-1b", "us-east-1a"]
    assert group["VPCZoneIdentifier"] == f"{subnets['us-east-1b']},{subnets['us-east-1a']}"
    assert group["LaunchTemplate"]["Version"] == "$Latest"
    assert (group["MinSize"], group["MaxSize"], group["DesiredCapacity"]) == (0, 2, 0)
    assert (group["HealthCheckGracePeriod"], group["DefaultCooldown"]) == (60, 300)
    assert group["NewInstancesProtectedFromScaleIn"] is True
    assert [one["ProcessName"] for one in group["SuspendedProcesses"]] == ["AZRebalance"]
    assert group["EnabledMetrics"] == [{"Metric": "GroupInServiceInstances", "Granularity": "1Minute"}]
    assert (hook["HeartbeatTimeout"], hook["GlobalTimeout"]) == (300, 30_000)
    assert cloud.api.describe_tags()["Tags"] == group["Tags"]
    role = cloud.iam.get_role(RoleName="AWSServiceRoleForAutoScaling")["Role"]
    assert group["ServiceLinkedRoleARN"] == role["Arn"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"MinSize": 3}, "Max bound, 2, must be greater than or equal to min bound, 3"),
        (
            {"DesiredCapacity": 3},
            "Desired capacity:3 must be between the specified min size:0 and max size:2",
        ),
        ({"LaunchTemplate": {"LaunchTemplateName": "other"}}, "valid fully-formed launch template"),
        (
            {"LaunchTemplate": {"LaunchTemplateName": "temp", "Version": "7"}},
            "valid fully-formed launch template",
        ),
        ({"AvailabilityZones": None}, "At least one Availability Zone or VPC Subnet is required"),
        ({"AvailabilityZones": ["us-east-1z"]}, "Invalid availability zones: us-east-1z"),
        ({"VPCZoneIdentifier": "subnet-0", "AvailabilityZones": None}, "'subnet-0' does not exist"),
        ({"TerminationPolicies": ["Random"]}, r"Termination policies \[Random\] are invalid"),
        ({"MaxInstanceLifetime": 86_400}, "know no MaxInstanceLifetime"),
    ],
)
def test_what_cannot_be_is_refused(cloud: Cloud, asked: dict[str, Any], words: str) -> None:
    with pytest.raises(ClientError, match=words) as problem:
        cloud.create(**asked)

    assert problem.value.response["Error"]["Code"] == "ValidationError"
    assert cloud.described() == []


def test_calls_about_what_is_not_there_are_refused(cloud: Cloud) -> None:
    here = {"AutoScalingGroupName": GROUP}
    gone = ("ValidationError", f"AutoScalingGroup name not found - AutoScalingGroup '{GROUP}' not found")
    assert refused(lambda: cloud.api.set_desired_capacity(**here, DesiredCapacity=1)) == gone
    assert refused(lambda: cloud.api.delete_auto_scaling_group(**here)) == gone
    cloud.create()
    assert refused(cloud.create)[0] == "AlreadyExists"
    assert (
        "above max value 2" in refused(lambda: cloud.api.set_desired_capacity(**here, DesiredCapacity=3))[1]
    )
    action = {**here, "LifecycleHookName": "drain", "InstanceId": "i-1"}
    nothing = ("ValidationError", "No active Lifecycle Action found with instance ID i-1")
    assert refused(lambda: cloud.api.record_lifecycle_action_heartbeat(**action)) == nothing
    complete = cloud.api.complete_lifecycle_action
    assert refused(lambda: complete(**action, LifecycleActionResult="CONTINUE")) == nothing
    terminate = cloud.api.terminate_instance_in_auto_scaling_group
    code, words = refused(lambda: terminate(InstanceId="i-1", ShouldDecrementDesiredCapacity=True))
    assert (code, "No managed instance found for instance ID: i-1" in words) == ("ValidationError", True)


def test_groups_are_found_by_their_tags_page_by_page(cloud: Cloud) -> None:
    cloud.create(Tags=[{"Key": "stack", "Value": "fleet"}])
    other = {"AutoScalingGroupName": "other", "MinSize": 0, "MaxSize": 0, "AvailabilityZones": ["us-east-1a"]}
    cloud.api.create_auto_scaling_group(**other, LaunchTemplate={"LaunchTemplateName": "temp"})

    def found(**asked: Any) -> list[str]:
        pages = cloud.api.get_paginator("describe_auto_scaling_groups").paginate(**asked)
        return [one["AutoScalingGroupName"] for page in pages for one in page["AutoScalingGroups"]]

    assert found(Filters=[{"Name": "tag:stack", "Values": ["fleet"]}]) == [GROUP]
    assert found(PaginationConfig={"PageSize": 1}) == [GROUP, "other"]
    cloud.api.delete_auto_scaling_group(AutoScalingGroupName="other")


def test_a_refused_launch_is_a_failed_activity_and_is_told_with_its_reason(cloud: Cloud) -> None:
    refuse(cloud.run, "ec2:RunInstances", 1, "InsufficientInstanceCapacity", lambda words: None)
    cloud.create(DesiredCapacity=1)
    [activity] = wait_for(cloud.activities, 10)

    assert activity["StatusCode"] == "Failed"
    assert activity["StatusMessage"].startswith("We currently do not have sufficient capacity")
    assert activity["StatusMessage"].endswith("Launching EC2 instance failed.")
    assert "Status Reason: We currently do not have sufficient capacity" in activity["Description"]
    assert json.loads(activity["Details"])["Availability Zone"] == "us-east-1a"
    assert (
        "user request created an AutoScalingGroup changing the desired capacity from 0 to 1"
        in activity["Cause"]
    )
    assert cloud.described()[0]["Instances"] == []
    cloud.api.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=0)


def test_a_zone_that_lacks_the_type_is_told_and_the_next_one_is_tried(cloud: Cloud) -> None:
    data = {"ImageId": newest_debian(cloud.ec2)["ImageId"], "InstanceType": "t3.micro"}
    cloud.ec2.create_launch_template(LaunchTemplateName="small", LaunchTemplateData=data)
    # us-east-1e is too old for t3; the next zone would boot a host, and is refused.
    refuse(cloud.run, "ec2:RunInstances", 0, None, lambda words: None)
    cloud.create(
        DesiredCapacity=1,
        AvailabilityZones=["us-east-1e"],
        LaunchTemplate={"LaunchTemplateName": "small"},
    )
    [activity] = wait_for(cloud.activities, 10)

    assert "is not supported in your requested Availability Zone (us-east-1e)" in activity["Description"]
    cloud.api.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=0)


@pytest.mark.parametrize(
    ("code", "status", "answered"),
    [
        (None, 403, "AccessDenied"),
        ("Throttling", 400, "Throttling"),
        ("ResourceContention", 500, "ResourceContention"),
    ],
)
def test_calls_are_refused_on_order_so_many_times(
    cloud: Cloud, code: str | None, status: int, answered: str
) -> None:
    order = ["refuse", "autoscaling:CreateAutoScalingGroup", *(["--code", code] if code else [])]
    done = localcloud_command(*order, run=cloud.run.path)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    # SDKs try again by themselves.
    cloud.api.meta.events.unregister("needs-retry.auto-scaling", unique_id="retry-config-auto-scaling")
    with pytest.raises(ClientError) as problem:
        cloud.create()
    answer = problem.value.response

    assert answer["Error"]["Code"] == answered
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    cloud.create()


def test_an_action_is_named_as_in_a_policy(cloud: Cloud) -> None:
    with pytest.raises(LocalcloudError, match="ec2:RunInstances"):
        refuse(cloud.run, "RunInstances", 1, None, lambda words: None)


def test_rebalancing_needs_a_group_and_instances(cloud: Cloud) -> None:
    cloud.create()
    said: list[str] = []
    rebalance(cloud.run, GROUP, said.append)

    assert said == [f"{GROUP} is left as it is: nothing was launched"]
    with pytest.raises(LocalcloudError, match="there is no Auto Scaling group other"):
        rebalance(cloud.run, "other", said.append)


def test_status_shows_groups(cloud: Cloud) -> None:
    cloud.create(MaxSize=5)
    done = localcloud_command("status", run=cloud.run.path)

    assert f"group {GROUP}: desired 0 of 0 to 5; no instances" in done.stdout


def test_a_new_group_is_seen_late_where_that_is_asked_for(
    cloud: Cloud, lateness: Callable[..., None]
) -> None:
    lateness(eventual=1)
    cloud.create()

    assert cloud.described() == []
    assert len(cloud.described()) == 1
    suspend = cloud.api.suspend_processes
    assert refused(lambda: suspend(AutoScalingGroupName=GROUP))[0] == "ValidationError"
    suspend(AutoScalingGroupName=GROUP)


def test_target_groups_are_refused_by_name(cloud: Cloud) -> None:
    cloud.create()
    arns = {"TargetGroupARNs": ["arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/g/1"]}

    code, words = refused(
        lambda: cloud.api.attach_load_balancer_target_groups(AutoScalingGroupName=GROUP, **arns)
    )

    assert (code, "TargetGroupARNs" in words) == ("ValidationError", True)
    found = cloud.api.describe_load_balancer_target_groups(AutoScalingGroupName=GROUP)
    assert found["LoadBalancerTargetGroups"] == []
