"""What calls about Auto Scaling groups need to be allowed."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends

from localcloud.iam.need import Need
from localcloud.iam.needs import needs_of
from localcloud.scaling_groups.ec2 import Place, TemplateName
from localcloud.scaling_groups.group import GroupMember, ScalingGroup, all_groups
from tests.query_calls import query_call

HERE = Place("620000000001", "us-east-1")
ARN = f"arn:aws:autoscaling:us-east-1:{HERE.account}:autoScalingGroup:an-id:autoScalingGroupName/fleet"


def needs(operation: str, **asked: str) -> list[Need]:
    parameters = {name.replace("_", "."): value for name, value in asked.items()}
    call = query_call("autoscaling", operation, parameters, HERE.region)
    return needs_of(call, HERE.account)


@pytest.fixture(autouse=True)
def group() -> Iterator[ScalingGroup]:
    made = ScalingGroup(
        HERE, "fleet", ARN, datetime.now(UTC), 0, 2, 0, TemplateName("lt-1", "fleet", None), []
    )
    made.tags = {"stack": ("mine", True)}
    made.members["i-1"] = GroupMember("i-1", "t3.micro", "us-east-1a", made.template, 0, False)
    all_groups[HERE] = {"fleet": made}
    yield made
    del all_groups[HERE]


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("SetDesiredCapacity", {"AutoScalingGroupName": "fleet"}),
        ("TerminateInstanceInAutoScalingGroup", {"InstanceId": "i-1"}),
        ("CompleteLifecycleAction", {"AutoScalingGroupName": "fleet", "InstanceId": "i-1"}),
        ("CreateOrUpdateTags", {"Tags_member_1_ResourceId": "fleet", "Tags_member_1_Key": "k"}),
        (
            "DeletePolicy",
            {"PolicyName": f"{ARN.replace('autoScalingGroup:', 'scalingPolicy:')}:policyName/p"},
        ),
    ],
)
def test_rights_are_given_on_the_group_and_by_its_tags(operation: str, asked: dict[str, str]) -> None:
    [need] = needs(operation, **asked)

    assert (need.action, need.resource) == (f"autoscaling:{operation}", ARN)
    assert need.context["autoscaling:ResourceTag/stack"] == "mine"
    assert need.context["aws:ResourceTag/stack"] == "mine"


def test_a_group_that_is_not_there_has_no_id() -> None:
    [need] = needs("SetDesiredCapacity", AutoScalingGroupName="other")

    assert need.resource == ARN.replace("an-id", "*").replace("fleet", "other")


def test_lists_know_no_groups() -> None:
    assert needs("DescribeAutoScalingGroups", AutoScalingGroupNames_member_1="fleet") == [
        Need("autoscaling:DescribeAutoScalingGroups")
    ]


def test_who_makes_a_group_has_to_be_allowed_what_it_will_do() -> None:
    backend = ec2_backends[HERE.account][HERE.region]
    iam = iam_backends[HERE.account]["aws"]
    iam.create_role("worker", "{}", "/", None, "", [], "3600")
    iam.create_instance_profile("profile", "/", ["worker"])
    data = {
        "ImageId": "ami-1",
        "InstanceType": "t3.micro",
        "SecurityGroupIds": ["sg-1"],
        "IamInstanceProfile": {"Name": "profile"},
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "n"}]}],
    }
    template = backend.create_launch_template("fleet", "", data, {})
    backend.create_tags([template.id], {"stack": "mine"})
    asked = {
        "AutoScalingGroupName": "new",
        "MaxSize": "2",
        "LaunchTemplate_LaunchTemplateName": "fleet",
        "VPCZoneIdentifier": "subnet-1,subnet-2",
        "Tags_member_1_Key": "stack",
        "Tags_member_1_Value": "mine",
    }
    found = needs("CreateAutoScalingGroup", **asked)
    first, where = found[0], f"arn:aws:ec2:us-east-1:{HERE.account}:"
    launches = {need.resource for need in found if need.action == "ec2:RunInstances"}

    assert first.action == "autoscaling:CreateAutoScalingGroup"
    assert first.context["autoscaling:ResourceTag/stack"] == first.context["aws:RequestTag/stack"] == "mine"
    assert first.context["autoscaling:MaxSize"] == "2"
    assert first.context["autoscaling:VPCZoneIdentifiers"] == ["subnet-1", "subnet-2"]
    assert first.context["autoscaling:LaunchTemplateVersionSpecified"] == "false"
    assert [need.action for need in found if not need.action.startswith("ec2:")][1:] == [
        "autoscaling:CreateOrUpdateTags",
        "iam:CreateServiceLinkedRole",
        "iam:PassRole",
    ]
    assert launches >= {
        f"{where}launch-template/{template.id}",
        f"{where}instance/*",
        f"{where}subnet/subnet-2",
        f"{where}security-group/sg-1",
        "arn:aws:ec2:us-east-1::image/ami-1",
    }
    # A policy may ask for tags: of what is made, and of what is there.
    by_kind = {
        need.resource.split(":")[-1].split("/")[0]: need
        for need in found
        if need.action == "ec2:RunInstances"
    }
    assert by_kind["instance"].context["aws:RequestTag/Name"] == "n"
    assert by_kind["launch-template"].context["aws:ResourceTag/stack"] == "mine"
    assert "aws:ResourceTag/stack" not in by_kind["security-group"].context
    [tagging] = [need for need in found if need.action == "ec2:CreateTags"]
    assert tagging.context["ec2:CreateAction"] == "RunInstances"
    again = needs("UpdateAutoScalingGroup", **{**asked, "LaunchTemplate_Version": "1"})
    assert again[0].context["autoscaling:LaunchTemplateVersionSpecified"] == "true"


def test_a_service_s_own_role_is_allowed_by_its_service() -> None:
    asked = {"AWSServiceName": "autoscaling.amazonaws.com"}
    call = query_call("iam", "CreateServiceLinkedRole", asked)

    [need] = needs_of(call, HERE.account)

    roles = f"arn:aws:iam::{HERE.account}:role/aws-service-role/autoscaling.amazonaws.com/*"
    assert (need.resource, need.context) == (roles, {"iam:AWSServiceName": "autoscaling.amazonaws.com"})
