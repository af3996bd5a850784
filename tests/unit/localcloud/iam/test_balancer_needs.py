"""What calls about load balancers need to be allowed."""

from typing import Any

import pytest
from moto.iam.models import iam_backends

from localcloud.iam.need import Need
from localcloud.iam.needs import needs_of
from tests.query_calls import query_call

ACCOUNT = "640000000001"
ROLE = (
    f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/elasticloadbalancing.amazonaws.com/"
    "AWSServiceRoleForElasticLoadBalancing"
)
BALANCER = f"arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}:loadbalancer/app/b/1"
PLACE = f"arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}:"


def needs(operation: str, **asked: str) -> list[Need]:
    parameters = {name.replace("_", "."): value for name, value in asked.items()}
    call = query_call("elasticloadbalancing", operation, parameters)
    return needs_of(call, ACCOUNT)


def test_a_new_balancer_needs_its_tags_and_at_first_the_role_of_the_service() -> None:
    tag = {"Tags_member_1_Key": "stack", "Tags_member_1_Value": "mine"}

    first = needs("CreateLoadBalancer", Name="b", Subnets_member_1="subnet-1", **tag)

    made = f"{PLACE}loadbalancer/app/b/*"
    assert [(one.action.partition(":")[2], one.resource) for one in first] == [
        ("CreateLoadBalancer", made),
        ("AddTags", made),
        ("DescribeAccountAttributes", "*"),
        ("DescribeAddresses", "*"),
        ("DescribeInternetGateways", "*"),
        ("CreateServiceLinkedRole", ROLE),
    ]
    assert first[0].context["aws:RequestTag/stack"] == "mine"
    assert first[0].context["elasticloadbalancing:Subnet"] == ["subnet-1"]
    assert first[1].context["elasticloadbalancing:CreateAction"] == "CreateLoadBalancer"


def test_the_role_is_needed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    role: Any = type("Role", (), {"name": "AWSServiceRoleForElasticLoadBalancing"})()
    monkeypatch.setitem(iam_backends[ACCOUNT]["aws"].roles, "id", role)

    asked = [one.action for one in needs("CreateLoadBalancer", Name="b")]
    assert "elasticloadbalancing:CreateLoadBalancer" in asked
    assert "iam:CreateServiceLinkedRole" not in asked


@pytest.mark.parametrize("operation", ["CreateTargetGroup", "RegisterTargets"])
def test_the_service_looks_at_the_network_with_the_caller_s_permissions(operation: str) -> None:
    asked = needs(operation, Name="g", TargetGroupArn=f"{PLACE}targetgroup/g/1")

    assert [(one.action, one.resource) for one in asked[1:]] == [("ec2:DescribeInternetGateways", "*")]


@pytest.mark.parametrize(
    ("operation", "asked", "resource"),
    [
        ("DescribeTargetHealth", {"TargetGroupArn": f"{PLACE}targetgroup/g/1"}, "*"),
        ("RegisterTargets", {"TargetGroupArn": f"{PLACE}targetgroup/g/1"}, f"{PLACE}targetgroup/g/1"),
        ("CreateTargetGroup", {"Name": "g"}, f"{PLACE}targetgroup/g/*"),
        (
            "CreateListener",
            {"LoadBalancerArn": BALANCER},
            BALANCER,
        ),
        (
            "ModifyRule",
            {"RuleArn": f"{PLACE}listener-rule/app/b/1/2/3", "Actions_member_1_TargetGroupArn": "another"},
            f"{PLACE}listener-rule/app/b/1/2/3",
        ),
        ("AddTags", {"ResourceArns_member_1": f"{PLACE}targetgroup/g/1"}, f"{PLACE}targetgroup/g/1"),
        (
            "SetRulePriorities",
            {"RulePriorities_member_1_RuleArn": f"{PLACE}listener-rule/app/b/1/2/3"},
            f"{PLACE}listener-rule/app/b/1/2/3",
        ),
    ],
)
def test_a_call_needs_a_right_on_its_subject(operation: str, asked: dict[str, str], resource: str) -> None:
    need, *_ = needs(operation, **asked)

    assert (need.action, need.resource) == (f"elasticloadbalancing:{operation}", resource)


def test_a_tagged_rule_needs_the_right_to_tag_rules_of_its_listener() -> None:
    [_, tag] = needs(
        "CreateRule",
        ListenerArn=f"{PLACE}listener/app/b/1/2",
        Tags_member_1_Key="stack",
        Tags_member_1_Value="mine",
    )

    assert (tag.action, tag.resource) == (
        "elasticloadbalancing:AddTags",
        f"{PLACE}listener-rule/app/b/1/2/*",
    )
