"""Where a launch goes and what stands against it, as AWS has it; each test has an account of its own."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.commands.lab import give_vcpus
from localcloud.state import RunFolder
from tests.localcloud_fixture import Hosts, client_of, new_key, newest_debian

ACCOUNTS = (f"{number:012}" for number in itertools.count(600_000_000_001))


@pytest.fixture
def account() -> str:
    return next(ACCOUNTS)


@pytest.fixture
def ec2(localcloud: dict[str, str], account: str) -> Iterator[Any]:
    client = client_of(new_key(localcloud, account=account), "ec2")
    yield client
    client.close()


def launch(ec2: Any, kind: str = "t3.micro", count: int = 1, **more: Any) -> list[str]:
    image = newest_debian(ec2)["ImageId"]
    answer = ec2.run_instances(ImageId=image, InstanceType=kind, MinCount=count, MaxCount=count, **more)
    return [one["InstanceId"] for one in answer["Instances"]]


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


def remove_network(ec2: Any) -> None:
    for subnet in ec2.describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    for vpc in ec2.describe_vpcs()["Vpcs"]:
        ec2.delete_vpc(VpcId=vpc["VpcId"])


def test_without_a_default_network_nothing_is_launched_nor_a_group_made(ec2: Any) -> None:
    remove_network(ec2)

    assert refused(lambda: launch(ec2)) == "VPCIdNotSpecified"
    assert refused(lambda: launch(ec2, DryRun=True)) == "VPCIdNotSpecified"
    group = {"GroupName": "g", "Description": "g"}
    assert refused(lambda: ec2.create_security_group(**group)) == "VPCIdNotSpecified"


def test_a_dry_run_of_what_can_be_launched_says_so_and_launches_nothing(ec2: Any) -> None:
    assert refused(lambda: launch(ec2, DryRun=True)) == "DryRunOperation"
    assert ec2.describe_instances()["Reservations"] == []


def test_a_zone_that_lacks_the_type_is_unsupported(ec2: Any) -> None:
    placed = {"Placement": {"AvailabilityZone": "us-east-1e"}}

    assert refused(lambda: launch(ec2, "t3.small", **placed)) == "Unsupported"
    assert refused(lambda: launch(ec2, "t2.micro", DryRun=True, **placed)) == "DryRunOperation"


def test_the_quota_is_told_and_held(ec2: Any, account: str, localcloud: dict[str, str]) -> None:
    give_vcpus(RunFolder(Path(localcloud["LOCALCLOUD_RUN"])), account, 3, lambda words: None)
    quotas = client_of(new_key(localcloud, account=account), "service-quotas")

    told = quotas.get_service_quota(ServiceCode="ec2", QuotaCode="L-1216C47A")["Quota"]
    quotas.close()

    assert told["Value"] == 3
    # Two vCPUs each.
    assert refused(lambda: launch(ec2, "t3.micro", 2)) == "VcpuLimitExceeded"


def test_the_subnet_decides_on_a_public_address(ec2: Any, hosts: Hosts) -> None:
    for subnet in ec2.describe_subnets()["Subnets"]:
        ec2.modify_subnet_attribute(SubnetId=subnet["SubnetId"], MapPublicIpOnLaunch={"Value": False})

    [hidden] = launch(ec2)

    [found] = ec2.describe_instances(InstanceIds=[hidden])["Reservations"][0]["Instances"]
    ec2.terminate_instances(InstanceIds=[hidden])
    assert found.get("PublicIpAddress") is None
    assert found["PrivateIpAddress"].startswith("127.")
