"""The module that makes a balancer: what it makes, puts back, shows and removes; no host boots here."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.balancer.found import tags_by_arn
from botocore.exceptions import ClientError

from tests.balancer_account import ONE, TWO, BalancerAccount, balancer_account
from tests.localcloud_fixture import client_of, new_key
from tests.policies import Place, statements_of

SOMETHING_ELSE = [{"Field": "path-pattern", "Values": ["/mine"]}]


@pytest.fixture
def account(localcloud: dict[str, str]) -> Iterator[BalancerAccount]:
    """An account of the test's own."""
    with balancer_account(localcloud) as made:
        yield made


def test_all_of_it_is_made_once_and_only_told_of_in_check_mode(account: BalancerAccount) -> None:
    told = account.balancer(check=True)
    assert account.elbv2.describe_load_balancers()["LoadBalancers"] == []
    made = account.balancer()
    again = account.balancer()

    assert not made.get("failed"), made["msg"]
    assert (told["dns_name"], told["changed"]) == ("", True)
    assert set(told["mended"]) <= set(made["mended"])
    assert (again["changed"], again["mended"], again["diff"]) == (False, [], [])
    held = account.held()
    assert made["dns_name"] == again["dns_name"] == held["DNSName"] != ""
    assert (held["LoadBalancerName"], held["Scheme"], held["Type"], held["SecurityGroups"]) == (
        "mine-balancer", "internet-facing", "application", [account.group],
    )  # fmt: skip
    assert sorted(one["ZoneName"] for one in held["AvailabilityZones"]) == ["us-east-1a", "us-east-1b"]
    assert account.paths() == [
        ("10", ["/one", "/one/*"], "mine-one"),
        ("20", ["/two", "/two/*"], "mine-two"),
        ("30", ["/zwei", "/zwei/*"], "mine-two"),
    ]


def test_everything_carries_the_tags_by_which_it_is_found_again(account: BalancerAccount) -> None:
    account.balancer()

    arns = [account.held()["LoadBalancerArn"], account.target_groups()["mine-one"]["TargetGroupArn"]]
    arns += [account.listeners()[80]["ListenerArn"], account.rules()[0]["RuleArn"]]
    ours = {"Course": "7", "jobfleet:stack": "mine"}
    told = account.elbv2.describe_tags(ResourceArns=arns)["TagDescriptions"]
    found = {one["ResourceArn"]: {tag["Key"]: tag["Value"] for tag in one["Tags"]} for one in told}
    assert found == {
        arn: {**ours, "jobfleet:group": "one"} if ":targetgroup/" in arn else ours for arn in arns
    }


def test_a_host_is_healthy_if_its_first_path_answers(account: BalancerAccount) -> None:
    account.balancer()

    found = account.target_groups()["mine-two"]
    looked_at = {name: found[name] for name in found if name.startswith(("Health", "Unhealthy", "Matcher"))}
    assert looked_at == {
        "HealthCheckEnabled": True, "HealthCheckProtocol": "HTTP", "HealthCheckPort": "traffic-port",
        "HealthCheckPath": "/two/healthz", "HealthCheckIntervalSeconds": 10, "HealthCheckTimeoutSeconds": 5,
        "HealthyThresholdCount": 2, "UnhealthyThresholdCount": 2, "Matcher": {"HttpCode": "200"},
    }  # fmt: skip
    told = account.elbv2.describe_target_group_attributes(TargetGroupArn=found["TargetGroupArn"])[
        "Attributes"
    ]
    attributes = {one["Key"]: one["Value"] for one in told}
    assert attributes["deregistration_delay.timeout_seconds"] == "15"
    assert attributes["stickiness.enabled"] == "false"


def test_any_other_path_is_answered_in_json_that_names_those_that_lead_somewhere(
    account: BalancerAccount,
) -> None:
    account.balancer()

    [action] = account.listeners()[80]["DefaultActions"]
    answer = action["FixedResponseConfig"]
    assert (answer["StatusCode"], answer["ContentType"]) == ("404", "application/json")
    assert json.loads(answer["MessageBody"])["paths"] == ["/one", "/two", "/zwei"]


def test_what_somebody_changed_is_shown_and_put_back(account: BalancerAccount) -> None:
    account.balancer()
    elbv2, rules = account.elbv2, account.rules()
    other = account.target_groups()["mine-two"]["TargetGroupArn"]
    listener = account.listeners()[80]["ListenerArn"]
    before = account.paths()
    elbv2.modify_rule(RuleArn=rules[0]["RuleArn"], Actions=[{"Type": "forward", "TargetGroupArn": other}])
    elbv2.delete_rule(RuleArn=rules[1]["RuleArn"])
    elbv2.create_rule(
        ListenerArn=listener, Priority=5, Actions=[{"Type": "forward", "TargetGroupArn": other}],
        Conditions=[{"Field": "path-pattern", "Values": ["/mine"]}],
    )  # fmt: skip
    elbv2.modify_target_group(TargetGroupArn=other, HealthCheckPath="/")
    elbv2.modify_target_group_attributes(
        TargetGroupArn=other, Attributes=[{"Key": "stickiness.enabled", "Value": "true"}]
    )
    arn = account.held()["LoadBalancerArn"]
    elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=arn, Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "7"}]
    )
    elbv2.remove_tags(ResourceArns=[other], TagKeys=["Course"])
    default = account.ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]["GroupId"]
    elbv2.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[default])

    told = account.balancer(check=True)
    assert account.rules()[0]["Priority"] == "5"
    mended = account.balancer()
    again = account.balancer()

    assert (
        mended["mended"]
        == told["mended"]
        == [
            "security groups of mine-balancer",
            "attributes of mine-balancer",
            "health check of mine-two",
            "tags of mine-two",
            "attributes of mine-two",
            "rule 5 of listener 80 of mine-balancer",
            "rule 10 of listener 80 of mine-balancer",
            "rule 20 of listener 80 of mine-balancer",
        ]
    )
    assert "/mine" in str(told["diff"])
    assert again["changed"] is False
    assert account.paths() == before


def test_a_rule_that_moves_keeps_its_requests_all_the_time(account: BalancerAccount) -> None:
    account.balancer(ONE)
    [kept] = account.rules()

    moved = account.balancer(TWO, ONE)

    assert "order of the rules of listener 80 of mine-balancer" in moved["mended"]
    assert [(one["Priority"], one["RuleArn"]) for one in account.rules()][2] == ("30", kept["RuleArn"])
    assert [pattern[0] for _, pattern, _ in account.paths()] == ["/two", "/zwei", "/one"]
    assert account.balancer(TWO, ONE)["changed"] is False


def test_a_group_that_is_not_wanted_any_more_goes_and_the_last_takes_the_balancer_along(
    account: BalancerAccount,
) -> None:
    account.balancer()

    assert not (done := account.balancer(TWO)).get("failed"), done["msg"]
    assert list(account.target_groups()) == ["mine-two"]
    assert [target for _, _, target in account.paths()] == ["mine-two", "mine-two"]
    told = account.balancer({**TWO, "balancer": False, "paths": []}, check=True)
    assert account.held()["LoadBalancerName"] == "mine-balancer"
    gone = account.balancer({**TWO, "count": 0})
    assert told["mended"] == gone["mended"] == ["balancer mine-balancer", "target group mine-two"]
    assert account.elbv2.describe_load_balancers()["LoadBalancers"] == []
    assert account.target_groups() == {}
    assert account.balancer({**TWO, "count": 0})["changed"] is False


def test_a_certificate_that_is_not_taken_leaves_the_way_in_as_it_is(account: BalancerAccount) -> None:
    account.balancer()
    before = account.listeners(), account.paths()
    missing = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"

    refused = account.balancer(certificate=missing)

    assert refused["failed"]
    assert missing in refused["msg"]
    assert (account.listeners(), account.paths()) == before


def test_tags_are_read_where_one_of_many_things_is_gone(account: BalancerAccount) -> None:
    account.balancer()
    there = account.target_groups()["mine-two"]["TargetGroupArn"]
    gone = there.replace("mine-two", "gone")

    assert tags_by_arn(account.elbv2, [gone, there])[there]["jobfleet:stack"] == "mine"


def test_with_a_certificate_it_is_reached_by_tls_and_http_leads_there(account: BalancerAccount) -> None:
    acm = client_of(account.key, "acm")
    arn = acm.request_certificate(DomainName="example.org")["CertificateArn"]
    acm.close()

    account.balancer(certificate=arn)
    again = account.balancer(certificate=arn)

    assert again["changed"] is False, again["diff"]
    listeners = account.listeners()
    [redirect] = listeners[80]["DefaultActions"]
    to = redirect["RedirectConfig"]
    assert (to["StatusCode"], to["Protocol"], to["Port"]) == ("HTTP_301", "HTTPS", "443")
    assert listeners[443]["Certificates"] == [{"CertificateArn": arn}]
    assert account.rules(80) == []
    assert len(account.rules(443)) == 3
    account.balancer()
    assert list(account.listeners()) == [80]
    assert len(account.rules(80)) == 3


def test_what_is_somebody_else_s_is_left_alone(account: BalancerAccount) -> None:
    subnets = [one["SubnetId"] for one in account.ec2.describe_subnets()["Subnets"][:2]]
    account.elbv2.create_load_balancer(Name="mine-balancer", Subnets=subnets)

    refused = account.balancer()
    removed = account.balancer(state="absent")

    assert "There is a load balancer mine-balancer that does not carry the stack's tag" in refused["msg"]
    assert removed["failed"]
    assert len(account.elbv2.describe_load_balancers()["LoadBalancers"]) == 1


def test_who_may_use_no_load_balancers_deploys_without_one(account: BalancerAccount, tmp_path: Path) -> None:
    denied = {"Effect": "Deny", "Action": "elasticloadbalancing:*", "Resource": "*"}
    key = account.key_that(tmp_path, denied)
    plain: dict[str, Any] = {**ONE, "balancer": False}

    assert account.balancer(plain, key=key)["changed"] is False
    assert account.balancer(ONE, key=key)["failed"]


def test_a_second_run_asks_for_each_thing_once(account: BalancerAccount, tmp_path: Path) -> None:
    account.balancer()
    key = account.key_that(tmp_path)

    assert account.balancer(key=key)["changed"] is False

    calls = account.calls(key)
    assert all(":Describe" in one for one in calls)
    assert len(calls) <= 20, calls


def test_a_deployer_needs_no_more_than_the_policies_say_and_reaches_nobody_else_s(
    account: BalancerAccount, tmp_path: Path
) -> None:
    allowed = [*statements_of("deployer"), *statements_of("balancer")]
    filled = tmp_path / "policy.json"
    place = Place("mine", account.number, "us-east-1")
    filled.write_text(place.fill_in(json.dumps({"Version": "2012-10-17", "Statement": allowed})))
    key = new_key(account.key, account=account.number, policy=filled)
    strangers = account.elbv2.create_target_group(
        Name="other", Protocol="HTTP", Port=80, VpcId=account.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    )

    made = account.balancer(key=key)
    account.elbv2.modify_rule(RuleArn=account.rules()[0]["RuleArn"], Conditions=SOMETHING_ELSE)
    mended = account.balancer(key=key)
    moved = account.balancer(TWO, ONE, key=key)
    removed = account.balancer(state="absent", key=key)

    for done in (made, mended, moved, removed):
        assert not done.get("failed"), done["msg"]
        assert done["changed"]
    elbv2 = client_of(key, "elbv2")
    with pytest.raises(ClientError, match="AccessDenied"):
        elbv2.delete_target_group(TargetGroupArn=strangers["TargetGroups"][0]["TargetGroupArn"])
    elbv2.close()
