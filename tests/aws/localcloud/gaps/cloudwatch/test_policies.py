"""Scaling policies: by a person, and by an alarm on a queue that wakes a group from nothing."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.localcloud.gaps.cloudwatch.alarms import WAITING, maths, state
from tests.localcloud_fixture import newest_debian
from tests.patience import wait_for

Client = Callable[[str], Any]


@pytest.fixture
def group(quick: Client) -> Iterator[str]:
    """A group of at most two that wants none."""
    name, ec2, scaling = f"group-{uuid.uuid4().hex[:8]}", quick("ec2"), quick("autoscaling")
    data = {"ImageId": newest_debian(ec2)["ImageId"], "InstanceType": "t3.micro"}
    ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateName": name},
        MinSize=0,
        MaxSize=2,
        AvailabilityZones=["us-east-1a"],
    )
    scaling.enable_metrics_collection(AutoScalingGroupName=name, Granularity="1Minute")
    yield name
    scaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    wait_for(lambda: not describe(scaling, name))


def describe(scaling: Any, name: str) -> dict[str, Any]:
    found = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return found[0] if found else {}


def put(scaling: Any, group: str, **more: Any) -> str:
    given = {"AdjustmentType": "ChangeInCapacity", "ScalingAdjustment": 1, **more}
    answer = scaling.put_scaling_policy(AutoScalingGroupName=group, PolicyName="wake", **given)
    return str(answer["PolicyARN"])


def test_an_alarm_on_a_queue_wakes_a_group_from_nothing(quick: Client, group: str) -> None:
    scaling, cloudwatch, sqs = quick("autoscaling"), quick("cloudwatch"), quick("sqs")
    queue = sqs.create_queue(QueueName=group)["QueueUrl"]
    policy = put(scaling, group, Cooldown=180)
    cloudwatch.put_metric_alarm(**maths(group, WAITING, AlarmActions=[policy]))
    wait_for(lambda: state(cloudwatch, group) == "OK")
    assert describe(scaling, group)["DesiredCapacity"] == 0

    sqs.send_message(QueueUrl=queue, MessageBody="a job")
    wait_for(lambda: describe(scaling, group)["DesiredCapacity"] == 1)

    def causes() -> list[str]:
        found = scaling.describe_scaling_activities(AutoScalingGroupName=group)["Activities"]
        return [one["Cause"] for one in found]

    cause = wait_for(causes)[-1]
    assert f"a monitor alarm {group} in state ALARM triggered policy wake changing the desired" in cause
    (described,) = scaling.describe_policies(AutoScalingGroupName=group)["ScalingPolicies"]
    assert [alarm["AlarmName"] for alarm in described["Alarms"]] == [group]
    cloudwatch.delete_alarms(AlarmNames=[group])
    assert scaling.describe_policies(AutoScalingGroupName=group)["ScalingPolicies"][0]["Alarms"] == []


def test_a_person_executes_a_policy_within_the_group_s_bounds(quick: Client, group: str) -> None:
    scaling = quick("autoscaling")
    scaling.suspend_processes(AutoScalingGroupName=group, ScalingProcesses=["Launch"])
    policy = put(scaling, group, ScalingAdjustment=5)

    scaling.execute_policy(PolicyName=policy)
    assert describe(scaling, group)["DesiredCapacity"] == 2
    with pytest.raises(ClientError) as refused:
        scaling.execute_policy(AutoScalingGroupName=group, PolicyName="wake", HonorCooldown=True)
    assert refused.value.response["Error"]["Code"] == "ScalingActivityInProgress"
    again = put(scaling, group, AdjustmentType="ExactCapacity", ScalingAdjustment=0)
    assert again == policy, "a policy that is put again keeps its ARN"
    scaling.execute_policy(AutoScalingGroupName=group, PolicyName="wake")
    assert describe(scaling, group)["DesiredCapacity"] == 0

    scaling.delete_policy(AutoScalingGroupName=group, PolicyName="wake")
    with pytest.raises(ClientError, match="No policy found"):
        scaling.execute_policy(AutoScalingGroupName=group, PolicyName="wake")


def test_a_policy_of_steps_takes_the_one_that_fits_the_metric(quick: Client, group: str) -> None:
    scaling = quick("autoscaling")
    scaling.suspend_processes(AutoScalingGroupName=group, ScalingProcesses=["Launch"])
    steps = [
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1},
        {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 2},
    ]
    scaling.put_scaling_policy(
        AutoScalingGroupName=group,
        PolicyName="steps",
        PolicyType="StepScaling",
        AdjustmentType="ChangeInCapacity",
        StepAdjustments=steps,
        EstimatedInstanceWarmup=60,
    )

    with pytest.raises(ClientError, match="BreachThreshold"):
        scaling.execute_policy(AutoScalingGroupName=group, PolicyName="steps")
    scaling.execute_policy(AutoScalingGroupName=group, PolicyName="steps", MetricValue=65, BreachThreshold=50)

    assert describe(scaling, group)["DesiredCapacity"] == 2
    (described,) = scaling.describe_policies(PolicyNames=["steps"])["ScalingPolicies"]
    assert described["StepAdjustments"] == steps
    assert (described["EstimatedInstanceWarmup"], described["MetricAggregationType"]) == (60, "Average")


def test_target_tracking_brings_two_alarms_and_takes_them_with_it(quick: Client, group: str) -> None:
    scaling, cloudwatch = quick("autoscaling"), quick("cloudwatch")
    metric = {"MetricName": "load", "Namespace": "own", "Statistic": "Average"}

    made = scaling.put_scaling_policy(
        AutoScalingGroupName=group,
        PolicyName="track",
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration={"TargetValue": 10, "CustomizedMetricSpecification": metric},
    )

    names = sorted(alarm["AlarmName"].rsplit("-", 5)[0] for alarm in made["Alarms"])
    assert names == [f"TargetTracking-{group}-AlarmHigh", f"TargetTracking-{group}-AlarmLow"]
    scaling.delete_policy(AutoScalingGroupName=group, PolicyName="track")
    left = cloudwatch.describe_alarms(AlarmNamePrefix=f"TargetTracking-{group}")["MetricAlarms"]
    assert left == []


def test_a_policy_without_a_group_or_of_an_unknown_kind_is_refused(quick: Client, group: str) -> None:
    scaling = quick("autoscaling")

    with pytest.raises(ClientError, match="AutoScalingGroup 'nowhere' not found"):
        put(scaling, "nowhere")
    with pytest.raises(ClientError, match="'Twice'"):
        put(scaling, group, AdjustmentType="Twice")
