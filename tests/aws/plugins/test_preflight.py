"""The module `preflight` in an account of its own: what AWS would refuse is said before anything is made."""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from localcloud.commands.lab import give_vcpus
from localcloud.state import RunFolder
from tests.localcloud_fixture import client_of, new_key
from tests.places import REPOSITORY
from tests.policies import FILES, FOLDER, Place
from tests.unit.plugins.actions import action, inventory_variables, run

ACCOUNTS = (f"{number:012}" for number in itertools.count(700_000_000_001))


class Account:
    """An account in which nothing was made yet, with a key that may do all."""

    def __init__(self, localcloud: dict[str, str], folder: Path) -> None:
        self._cloud, self._folder = localcloud, folder
        self.number = next(ACCOUNTS)
        self.key = new_key(localcloud, account=self.number)
        self.ec2 = client_of(self.key, "ec2")

    def preflight(self, key: dict[str, str] | None = None, **settings: Any) -> dict[str, Any]:
        """Return what preflight finds, with variables of the inventory set."""
        variables = {**inventory_variables(), **settings}
        groups = settings.get("instance_groups") or [{"name": "worker", "count": 1, "type": "t3.small"}]
        result = run(
            action("preflight"),
            {
                "region": "us-east-1",
                "stack": "mine",
                "folder": str(self._folder),
                "groups": groups,
                "keypair": "mine",
                "lab_mode": "false",
            },
            name="preflight",
            environment=key or self.key,
            task_vars=variables | {"stack_name": "mine"},
        )
        assert not result.get("failed"), result
        return result

    def failures(self, key: dict[str, str] | None = None, **settings: Any) -> list[str]:
        """Return what stands against a deployment."""
        found: list[str] = self.preflight(key, **settings)["failures"]
        return found

    def key_that(self, *statements: dict[str, Any]) -> dict[str, str]:
        """Return a key that may do all but what these statements deny."""
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        file = self._folder / "policy.json"
        file.write_text(json.dumps({"Version": "2012-10-17", "Statement": [everything, *statements]}))
        return new_key(self._cloud, account=self.number, policy=file)

    def default_subnets(self) -> list[dict[str, Any]]:
        """Return the default subnets."""
        found: list[dict[str, Any]] = self.ec2.describe_subnets()["Subnets"]
        return found


@pytest.fixture
def account(localcloud: dict[str, str], tmp_path: Path) -> Iterator[Account]:
    """An account of the test's own."""
    made = Account(localcloud, tmp_path)
    yield made
    made.ec2.close()


def test_nothing_stands_against_it_in_a_new_account(account: Account) -> None:
    found = account.preflight()

    assert found["failures"] == []
    assert any("1 after this, with 2 vCPUs" in text for text in found["summary"])


def test_it_asks_for_every_call_and_makes_nothing(account: Account, localcloud: dict[str, str]) -> None:
    account.preflight()

    log = Path(localcloud["LOCALCLOUD_RUN"]) / "calls.jsonl"
    calls = [one for one in map(json.loads, log.read_text().splitlines()) if one["account"] == account.number]
    asked = {one["operation"] for one in calls if not one["operation"].startswith(("Describe", "Get"))}
    assert asked == {"ImportKeyPair", "CreateSecurityGroup", "RunInstances"}
    assert account.ec2.describe_key_pairs()["KeyPairs"] == []
    assert [one["GroupName"] for one in account.ec2.describe_security_groups()["SecurityGroups"]] == [
        "default"
    ]


def test_for_web_hosts_it_asks_for_a_security_group_of_their_own(
    account: Account, localcloud: dict[str, str]
) -> None:
    groups = [
        {"name": "worker", "count": 1, "type": "t3.small"},
        {"name": "web", "role": "web", "count": 1, "type": "t3.small"},
    ]

    found = account.preflight(instance_groups=groups)

    assert found["failures"] == []
    assert any("2 after this, with 4 vCPUs" in text for text in found["summary"])
    log = Path(localcloud["LOCALCLOUD_RUN"]) / "calls.jsonl"
    calls = [one for one in map(json.loads, log.read_text().splitlines()) if one["account"] == account.number]
    asked = [one["operation"] for one in calls]
    assert (asked.count("CreateSecurityGroup"), asked.count("RunInstances")) == (2, 2)


def test_a_key_that_may_make_no_group_for_web_hosts_is_refused(account: Account) -> None:
    account.ec2.create_security_group(GroupName="mine-workers", Description="x")
    denied = {"Effect": "Deny", "Action": "ec2:CreateSecurityGroup", "Resource": "*"}
    key = account.key_that(denied)
    web = [{"name": "web", "role": "web", "count": 1, "type": "t3.small"}]

    assert account.failures(key) == []
    [said] = account.failures(key, instance_groups=web)
    assert "These credentials may not call ec2:CreateSecurityGroup" in said


def test_without_a_default_network_it_says_how_to_make_one(account: Account) -> None:
    for subnet in account.default_subnets():
        account.ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    [vpc] = account.ec2.describe_vpcs()["Vpcs"]
    account.ec2.delete_vpc(VpcId=vpc["VpcId"])

    [said] = account.failures()

    assert "There is no default VPC in us-east-1" in said
    assert "aws ec2 create-default-vpc --region us-east-1" in said


def close(account: Account, zones: Callable[[str], bool]) -> None:
    """Let default subnets give no public addresses."""
    for subnet in account.default_subnets():
        if zones(subnet["AvailabilityZone"]):
            account.ec2.modify_subnet_attribute(
                SubnetId=subnet["SubnetId"], MapPublicIpOnLaunch={"Value": False}
            )


def test_subnets_without_public_addresses_are_refused_unless_one_deploys_from_inside(
    account: Account,
) -> None:
    close(account, lambda zone: True)

    [said] = account.failures()

    assert "give instances no public address, so nobody could reach them by SSH" in said
    assert account.failures(ssh_from="10.0.0.0/8") == []


def test_one_subnet_with_public_addresses_is_enough(account: Account) -> None:
    close(account, lambda zone: zone != "us-east-1c")

    assert account.failures() == []


def test_a_zone_that_lacks_the_type_is_refused_by_name(account: Account) -> None:
    groups = [{"name": "worker", "count": 1, "type": "t3.small", "zone": "us-east-1e"}]

    said = account.failures(instance_groups=groups)

    assert "us-east-1e has no t3.small (group worker)" in said[0]
    assert "take one of us-east-1a, us-east-1b" in said[0]


def test_more_vcpus_than_the_account_may_have_are_refused(
    account: Account, localcloud: dict[str, str]
) -> None:
    give_vcpus(RunFolder(Path(localcloud["LOCALCLOUD_RUN"])), account.number, 5, lambda words: None)
    three = [{"name": "worker", "count": 3, "type": "t3.small"}]

    [said] = account.failures(instance_groups=three)

    assert "6 would run after this, and the account's quota is 5 (L-1216C47A)" in said
    assert account.failures() == []


def test_whoever_may_not_see_the_quota_deploys_all_the_same(account: Account) -> None:
    key = account.key_that({"Effect": "Deny", "Action": "servicequotas:*", "Resource": "*"})

    found = account.preflight(key)

    assert found["failures"] == []
    assert any("How many vCPUs the account may have, AWS does not tell" in text for text in found["summary"])


@pytest.mark.parametrize("call", ["ec2:ImportKeyPair", "ec2:CreateSecurityGroup", "ec2:RunInstances"])
def test_a_call_that_is_denied_is_named_before_any_is_made(account: Account, call: str) -> None:
    key = account.key_that({"Effect": "Deny", "Action": call, "Resource": "*"})

    [said] = account.failures(key)

    assert said.startswith(f"These credentials may not call {call}: You are not authorized")
    assert "docs/policies" in said


def test_the_policies_of_docs_are_enough(
    account: Account, localcloud: dict[str, str], tmp_path: Path
) -> None:
    place = Place("mine", account.number, "us-east-1")
    statements = [
        statement
        for name in FILES["deployer"]
        for statement in json.loads(place.fill_in((FOLDER / name).read_text()))["Statement"]
    ]
    file = tmp_path / "deployer.json"
    file.write_text(json.dumps({"Version": "2012-10-17", "Statement": statements}))

    found = account.preflight(new_key(localcloud, account=account.number, policy=file))

    assert found["failures"] == []
    # They allow a launch in the stack's own group alone.
    later = "Whether ec2:RunInstances is allowed, AWS tells once key pair and security group are there."
    assert [text for text in found["summary"] if "AWS" in text or "may not" in text] == [later]


def test_a_name_that_the_worker_refuses_stands_among_the_rest(account: Account) -> None:
    [said] = account.failures(worker_wait_time=99)

    assert "the worker would not start: worker setting wait_time = 99 cannot work" in said


def test_what_is_refused_by_a_role_is_no_reason_to_break_off(account: Account) -> None:
    [said] = account.failures(instances_volume_size="large")

    assert said == "instances_volume_size is 'large': give a whole number."


def test_an_image_that_is_not_there_is_missed_before_anything_is_made(account: Account) -> None:
    [said] = account.failures(instances_image_name="debian-99-*")

    assert said == "The account 136693071363 has no image named debian-99-* in us-east-1."


CLUSTERS = yaml.safe_load((REPOSITORY / "examples" / "two-clusters.yml").read_text())["instance_groups"]


def test_balanced_groups_need_a_security_group_each_for_hosts_and_balancer(
    account: Account, localcloud: dict[str, str]
) -> None:
    found = account.preflight(instance_groups=CLUSTERS)

    assert found["failures"] == []
    assert any("9 after this, with 18 vCPUs" in text for text in found["summary"])
    log = Path(localcloud["LOCALCLOUD_RUN"]) / "calls.jsonl"
    calls = [one for one in map(json.loads, log.read_text().splitlines()) if one["account"] == account.number]
    asked = [one["operation"] for one in calls]
    # The workers' group is made in any case.
    assert (asked.count("CreateSecurityGroup"), asked.count("RunInstances")) == (3, 2)


def test_a_balancer_that_may_not_be_or_is_somebody_else_s_is_refused(account: Account) -> None:
    elbv2 = client_of(account.key, "elbv2")
    subnets = [one["SubnetId"] for one in account.default_subnets()[:2]]
    elbv2.create_load_balancer(Name="mine-balancer", Subnets=subnets)
    elbv2.close()
    key = account.key_that({"Effect": "Deny", "Action": "elasticloadbalancing:*", "Resource": "*"})

    assert account.failures(key) == []
    [denied] = account.failures(key, instance_groups=CLUSTERS)
    [foreign] = account.failures(instance_groups=CLUSTERS)
    assert denied.startswith("These credentials may not use load balancers")
    assert foreign.startswith(
        "There is a load balancer mine-balancer that does not carry the tag jobfleet:stack"
    )


def test_a_balancer_in_one_zone_is_refused(account: Account) -> None:
    for subnet in account.default_subnets()[1:]:
        account.ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    zone = account.default_subnets()[0]["AvailabilityZone"]

    [said] = account.failures(instance_groups=[{**CLUSTERS[0], "zone": zone}])

    assert "A balancer needs default subnets in 2 zones" in said
