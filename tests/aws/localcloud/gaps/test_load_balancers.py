"""Elastic Load Balancing's calls: what they take, refuse and tell. Each test has its account, and no host."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.abilities import need_program
from tests.localcloud_fixture import client_of, new_key
from tests.patience import wait_for

ACCOUNTS = (f"{number:012}" for number in itertools.count(630_000_000_001))
TAGS = [{"Key": "stack", "Value": "mine"}]


class Cloud:
    """Clients of an account of its own, and what is in its default network."""

    def __init__(self, environment: dict[str, str]) -> None:
        key = new_key(environment, account=next(ACCOUNTS))
        names = ("elbv2", "ec2", "resourcegroupstaggingapi", "acm", "iam")
        self.clients = {name: client_of(key, name) for name in names}
        self.api, self.ec2 = self.clients["elbv2"], self.clients["ec2"]
        found = self.ec2.describe_subnets()["Subnets"]
        self.vpc = found[0]["VpcId"]
        self.subnets = {one["AvailabilityZone"]: one["SubnetId"] for one in found}
        self.two = [self.subnets["us-east-1a"], self.subnets["us-east-1b"]]

    def balancer(self, name: str = "b", **more: Any) -> dict[str, Any]:
        wanted = {"Subnets": self.two, **more}
        made: dict[str, Any] = self.api.create_load_balancer(Name=name, **wanted)["LoadBalancers"][0]
        return made

    def group(self, name: str = "g", **more: Any) -> str:
        wanted = {"Protocol": "HTTP", "Port": 80, "VpcId": self.vpc, **more}
        return str(self.api.create_target_group(Name=name, **wanted)["TargetGroups"][0]["TargetGroupArn"])

    def listener(self, balancer: str, **more: Any) -> str:
        wanted = {"Protocol": "HTTP", "Port": 80, "DefaultActions": [answer(404)], **more}
        made = self.api.create_listener(LoadBalancerArn=balancer, **wanted)["Listeners"]
        return str(made[0]["ListenerArn"])

    def rule(self, listener: str, priority: int, *paths: str, **more: Any) -> str:
        wanted = {"Conditions": [{"Field": "path-pattern", "Values": list(paths)}], "Actions": [answer(200)]}
        made = self.api.create_rule(ListenerArn=listener, Priority=priority, **{**wanted, **more})
        return str(made["Rules"][0]["RuleArn"])

    def priorities(self, listener: str) -> list[str]:
        return [one["Priority"] for one in self.api.describe_rules(ListenerArn=listener)["Rules"]]


def answer(status: int) -> dict[str, Any]:
    return {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": str(status)}}


def forward(*groups: str) -> dict[str, Any]:
    several = [{"TargetGroupArn": one} for one in groups]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": several}}


@pytest.fixture
def cloud(localcloud: dict[str, str]) -> Iterator[Cloud]:
    need_program("haproxy")
    made = Cloud(localcloud)
    yield made
    for one in made.api.describe_load_balancers()["LoadBalancers"]:
        made.api.delete_load_balancer(LoadBalancerArn=one["LoadBalancerArn"])
    for client in made.clients.values():
        client.close()


def refused(call: Callable[..., Any], *asked: Any, **more: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(*asked, **more)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_balancer_is_active_once_it_listens_and_its_name_is_its_address(cloud: Cloud) -> None:
    made = cloud.balancer(Tags=TAGS)

    assert made["State"]["Code"] == "provisioning"
    assert made["DNSName"].startswith("127.77.")
    assert made["Scheme"] == "internet-facing"
    assert {one["ZoneName"] for one in made["AvailabilityZones"]} == {"us-east-1a", "us-east-1b"}
    assert len(made["SecurityGroups"]) == 1  # the network's default one
    wait_for(
        lambda: (
            cloud.api.describe_load_balancers(Names=["b"])["LoadBalancers"][0]["State"]["Code"] == "active"
        )
    )
    roles = cloud.clients["iam"].list_roles()["Roles"]
    assert "AWSServiceRoleForElasticLoadBalancing" in {one["RoleName"] for one in roles}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a" * 33, "longer than '32'"),
        ("a_b", "alphanumeric"),
        ("-a", "begin or end"),
        ("a-", "begin or end"),
        ("internal-a", "begin with 'internal-'"),
    ],
)
def test_a_name_that_aws_does_not_take_is_refused(cloud: Cloud, name: str, words: str) -> None:
    makers = [cloud.balancer] if name.startswith("internal") else [cloud.balancer, cloud.group]

    for make in makers:
        code, message = refused(make, name)
        assert code == "ValidationError"
        assert words in message


def test_a_balancer_needs_two_zones_of_one_network_and_known_security_groups(cloud: Cloud) -> None:
    [one, _] = cloud.two
    second = cloud.ec2.create_subnet(
        VpcId=cloud.vpc, CidrBlock="172.31.240.0/20", AvailabilityZone="us-east-1a"
    )

    assert "At least two subnets" in refused(cloud.balancer, Subnets=[one])[1]
    assert refused(cloud.balancer, Subnets=[one, "subnet-none"])[0] == "SubnetNotFound"
    same_zone = refused(cloud.balancer, Subnets=[one, second["Subnet"]["SubnetId"]])
    assert same_zone[0] == "InvalidConfigurationRequest"
    assert refused(cloud.balancer, SecurityGroups=["sg-none"])[0] == "InvalidSecurityGroup"
    assert refused(cloud.balancer, Type="network")[0] == "OperationNotPermitted"


def test_the_same_call_again_finds_what_it_made_and_another_one_is_refused(cloud: Cloud) -> None:
    made, group = cloud.balancer()["LoadBalancerArn"], cloud.group()
    listener = cloud.listener(made)

    assert cloud.balancer()["LoadBalancerArn"] == made
    assert refused(cloud.balancer, Scheme="internal")[0] == "DuplicateLoadBalancerName"
    assert cloud.group() == group
    assert refused(cloud.group, Port=81)[0] == "DuplicateTargetGroupName"
    assert cloud.listener(made) == listener
    assert refused(cloud.listener, made, DefaultActions=[answer(503)])[0] == "DuplicateListener"


def test_rules_are_in_the_order_of_their_priorities_and_can_change_places(cloud: Cloud) -> None:
    listener = cloud.listener(cloud.balancer()["LoadBalancerArn"])
    late, early = cloud.rule(listener, 20, "/late"), cloud.rule(listener, 3, "/early")

    assert cloud.priorities(listener) == ["3", "20", "default"]
    assert refused(cloud.rule, listener, 20, "/other")[0] == "PriorityInUse"
    wanted = [{"RuleArn": late, "Priority": 3}, {"RuleArn": early, "Priority": 20}]
    cloud.api.set_rule_priorities(RulePriorities=wanted)
    first = cloud.api.describe_rules(ListenerArn=listener)["Rules"][0]
    assert first["RuleArn"] == late
    assert first["Conditions"] == [
        {"Field": "path-pattern", "Values": ["/late"], "PathPatternConfig": {"Values": ["/late"]}}
    ]
    default = cloud.api.describe_rules(ListenerArn=listener)["Rules"][-1]["RuleArn"]
    assert refused(cloud.api.delete_rule, RuleArn=default)[0] == "OperationNotPermitted"
    cloud.api.delete_rule(RuleArn=late)
    assert cloud.priorities(listener) == ["20", "default"]
    assert refused(cloud.api.delete_rule, RuleArn=late)[0] == "RuleNotFound"


@pytest.mark.parametrize("path", ["/a b", "/ä", "/" + "a" * 128, "/%41"])
def test_a_path_with_strange_characters_or_too_many_is_refused(cloud: Cloud, path: str) -> None:
    listener = cloud.listener(cloud.balancer()["LoadBalancerArn"])

    assert refused(cloud.rule, listener, 1, path)[0] == "ValidationError"


def test_a_rule_holds_to_the_limits_of_values_wildcards_and_priorities(cloud: Cloud) -> None:
    listener = cloud.listener(cloud.balancer()["LoadBalancerArn"])

    def rule(*paths: str, priority: int = 1) -> Any:
        conditions = [{"Field": "path-pattern", "PathPatternConfig": {"Values": list(paths)}}]
        return cloud.rule(listener, priority, Conditions=conditions)

    assert "condition values" in refused(rule, *[f"/{number}" for number in range(6)])[1]
    assert "wildcards" in refused(rule, "/*?*?*?*")[1]
    assert "between '1-50000'" in refused(rule, "/a", priority=50_001)[1]
    rule(*[f"/{number}" for number in range(5)])


def test_actions_that_cannot_be_are_refused(cloud: Cloud) -> None:
    balancer = cloud.balancer()["LoadBalancerArn"]
    loop = {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301"}}
    groups = [cloud.group(f"g-{number}") for number in range(6)]

    def listener(action: dict[str, Any]) -> Any:
        return cloud.listener(balancer, DefaultActions=[action])

    assert refused(listener, loop)[0] == "InvalidLoadBalancerAction"
    assert refused(listener, forward("arn:aws:none"))[0] == "TargetGroupNotFound"
    assert refused(listener, forward(*groups))[0] == "TooManyTargetGroups"
    assert refused(listener, {"Type": "authenticate-oidc"})[0] == "OperationNotPermitted"
    assert refused(cloud.listener, balancer, Protocol="TCP")[0] == "ValidationError"
    assert "certificate" in refused(cloud.listener, balancer, Protocol="HTTPS", Port=443)[1]


def test_a_target_group_belongs_to_one_balancer_and_stays_while_a_rule_names_it(cloud: Cloud) -> None:
    first, second = (cloud.balancer(name)["LoadBalancerArn"] for name in ("first", "second"))
    group = cloud.group()
    rule = cloud.rule(cloud.listener(first), 1, "/", Actions=[forward(group)])

    assert (
        refused(cloud.listener, second, DefaultActions=[forward(group)])[0] == "TargetGroupAssociationLimit"
    )
    assert refused(cloud.api.delete_target_group, TargetGroupArn=group)[0] == "ResourceInUse"
    [found] = cloud.api.describe_target_groups(LoadBalancerArn=first)["TargetGroups"]
    assert found["LoadBalancerArns"] == [first]
    cloud.api.delete_rule(RuleArn=rule)
    assert cloud.api.describe_target_groups(LoadBalancerArn=first)["TargetGroups"] == []
    cloud.api.delete_target_group(TargetGroupArn=group)


def test_a_deleted_balancer_takes_listeners_and_rules_along_and_frees_its_groups(cloud: Cloud) -> None:
    balancer = cloud.balancer()["LoadBalancerArn"]
    group, own = (
        cloud.group(),
        cloud.ec2.create_security_group(GroupName="own", Description="own", VpcId=cloud.vpc),
    )
    cloud.api.set_security_groups(LoadBalancerArn=balancer, SecurityGroups=[own["GroupId"]])
    listener = cloud.listener(balancer, DefaultActions=[forward(group)])
    rule = cloud.rule(listener, 1, "/")

    assert refused(cloud.ec2.delete_security_group, GroupId=own["GroupId"])[0] == "DependencyViolation"
    protect = [{"Key": "deletion_protection.enabled", "Value": "true"}]
    cloud.api.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=protect)
    assert refused(cloud.api.delete_load_balancer, LoadBalancerArn=balancer)[0] == "OperationNotPermitted"
    protect[0]["Value"] = "false"
    cloud.api.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=protect)
    for _ in range(2):
        cloud.api.delete_load_balancer(LoadBalancerArn=balancer)

    assert refused(cloud.api.describe_rules, RuleArns=[rule])[0] == "RuleNotFound"
    assert refused(cloud.api.describe_listeners, ListenerArns=[listener])[0] == "ListenerNotFound"
    assert refused(cloud.api.describe_load_balancers, Names=["b"])[0] == "LoadBalancerNotFound"
    cloud.api.delete_target_group(TargetGroupArn=group)
    cloud.ec2.delete_security_group(GroupId=own["GroupId"])


def test_attributes_have_their_defaults_and_bounds(cloud: Cloud) -> None:
    group, balancer = cloud.group(), cloud.balancer()["LoadBalancerArn"]

    def modify(key: str, value: str) -> dict[str, str]:
        asked = [{"Key": key, "Value": value}]
        found = cloud.api.modify_target_group_attributes(TargetGroupArn=group, Attributes=asked)["Attributes"]
        return {one["Key"]: one["Value"] for one in found}

    found = modify("deregistration_delay.timeout_seconds", "15")
    assert found["deregistration_delay.timeout_seconds"] == "15"
    assert found["stickiness.lb_cookie.duration_seconds"] == "86400"
    assert modify("deregistration_delay.timeout_seconds", "3600")
    assert "between '0-3600'" in refused(modify, "deregistration_delay.timeout_seconds", "3601")[1]
    assert refused(modify, "slow_start.duration_seconds", "30")[0] == "OperationNotPermitted"
    assert "not recognized" in refused(modify, "strange", "1")[1]
    found = cloud.api.describe_load_balancer_attributes(LoadBalancerArn=balancer)["Attributes"]
    assert {"Key": "idle_timeout.timeout_seconds", "Value": "60"} in found


def test_health_checks_hold_to_their_bounds(cloud: Cloud) -> None:
    for asked, words in (
        ({"HealthCheckIntervalSeconds": 301}, "between '5-300'"),
        ({"HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 5}, "smaller than the interval"),
        ({"HealthyThresholdCount": 11}, "between '2-10'"),
        ({"Matcher": {"HttpCode": "500"}}, "200-499"),
        ({"HealthCheckPath": "healthz"}, "begin with '/'"),
    ):
        assert words in refused(cloud.group, **asked)[1]
    group = cloud.group(HealthCheckPath="/healthz")
    changed = cloud.api.modify_target_group(
        TargetGroupArn=group, HealthCheckIntervalSeconds=10, Matcher={"HttpCode": "200-299"}
    )["TargetGroups"][0]
    assert (changed["HealthCheckIntervalSeconds"], changed["Matcher"]) == (10, {"HttpCode": "200-299"})
    assert (changed["HealthCheckPath"], changed["HealthyThresholdCount"]) == ("/healthz", 5)
    assert (
        "smaller"
        in refused(cloud.api.modify_target_group, TargetGroupArn=group, HealthCheckTimeoutSeconds=10)[1]
    )


def test_targets_that_are_no_instances_are_refused_and_unknown_ones_can_go(cloud: Cloud) -> None:
    group = cloud.group()
    strange = {"TargetGroupArn": group, "Targets": [{"Id": "i-00000000000000000"}]}

    assert refused(cloud.api.register_targets, **strange)[0] == "InvalidTarget"
    cloud.api.deregister_targets(**strange)
    assert cloud.api.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"] == []


def test_what_is_tagged_is_found_by_its_tags_until_it_is_deleted(cloud: Cloud) -> None:
    balancer = cloud.balancer(Tags=TAGS)["LoadBalancerArn"]
    group = cloud.group(Tags=TAGS)
    listener = cloud.listener(balancer, Tags=TAGS)
    rule = cloud.rule(listener, 1, "/", Tags=TAGS)

    def tagged() -> set[str]:
        wanted = [{"Key": "stack", "Values": ["mine"]}]
        found = cloud.clients["resourcegroupstaggingapi"].get_resources(
            TagFilters=wanted, ResourceTypeFilters=["elasticloadbalancing"]
        )
        return {one["ResourceARN"] for one in found["ResourceTagMappingList"]}

    assert tagged() == {balancer, group, listener, rule}
    described = cloud.api.describe_tags(ResourceArns=[rule])["TagDescriptions"]
    assert described == [{"ResourceArn": rule, "Tags": TAGS}]
    cloud.api.delete_load_balancer(LoadBalancerArn=balancer)
    cloud.api.remove_tags(ResourceArns=[group], TagKeys=["stack"])
    assert tagged() == set()
    assert refused(cloud.api.describe_tags, ResourceArns=[balancer])[0] == "LoadBalancerNotFound"
