"""`up --lab`: the limits of a Learner Lab, refused or enforced the way the lab does it."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localcloud_fixture import Hosts, client_of, localcloud_command, new_key, newest_debian, parse_env
from tests.patience import wait_for

Client = Callable[..., Any]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, hosts: Hosts) -> Iterator[dict[str, str]]:
    """The environment of a lab. `hosts` makes sure that hosts can be booted."""
    run = tmp_path_factory.mktemp("lab") / "run"
    up = localcloud_command("up", "--lab", run=run)
    assert up.returncode == 0, up.stderr
    yield parse_env(localcloud_command("env", run=run).stdout) | {"LOCALCLOUD_RUN": str(run)}
    down = localcloud_command("down", run=run)
    assert down.returncode == 0, down.stderr


@pytest.fixture
def client(lab: dict[str, str]) -> Iterator[Client]:
    """A function to clients with a key of an account of the test's own."""
    key = new_key(lab, account=f"{time.time_ns() % 10**12:012}")
    with ExitStack() as closing:

        def make(service: str, region: str = "us-east-1") -> Any:
            made = client_of(key | {"AWS_REGION": region}, service)
            closing.callback(made.close)
            return made

        yield make


def launch(ec2: Any, count: int = 1, kind: str = "t3.micro", **more: Any) -> list[str]:
    answer = ec2.run_instances(
        ImageId=newest_debian(ec2)["ImageId"], InstanceType=kind, MinCount=count, MaxCount=count, **more
    )
    return [one["InstanceId"] for one in answer["Instances"]]


def states(ec2: Any) -> dict[str, str]:
    return {
        one["InstanceId"]: one["State"]["Name"]
        for reservation in ec2.describe_instances()["Reservations"]
        for one in reservation["Instances"]
    }


def refused(call: Callable[..., Any], **asked: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**asked)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("ec2", "describe_instances", "UnauthorizedOperation"),
        ("sqs", "list_queues", "AccessDenied"),
        ("ssm", "describe_parameters", "AccessDeniedException"),
    ],
)
def test_only_the_lab_s_two_regions_are_open(client: Client, service: str, call: str, code: str) -> None:
    for region in ("us-east-1", "us-west-2"):
        getattr(client(service, region), call)()

    found, message = refused(getattr(client(service, "eu-central-1"), call))

    assert found == code
    assert "assumed-role/voclabs/user" in message
    assert "with an explicit deny in an identity-based policy" in message


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "t3.xlarge"}, {"kind": "m5.4xlarge"}, {"InstanceMarketOptions": {"MarketType": "spot"}}],
)
def test_large_and_spot_instances_are_refused(client: Client, wrong: dict[str, Any]) -> None:
    ec2 = client("ec2")

    code, _ = refused(lambda: launch(ec2, **wrong))

    assert code == "UnauthorizedOperation"
    assert states(ec2) == {}


def test_a_launch_template_is_no_way_around(client: Client) -> None:
    ec2 = client("ec2")
    ec2.create_launch_template(LaunchTemplateName="big", LaunchTemplateData={"InstanceType": "t3.2xlarge"})

    code, _ = refused(
        lambda: ec2.run_instances(
            ImageId=newest_debian(ec2)["ImageId"],
            MinCount=1,
            MaxCount=1,
            LaunchTemplate={"LaunchTemplateName": "big"},
        )
    )

    assert code == "UnauthorizedOperation"
    assert states(ec2) == {}
    left = ec2.describe_volumes()["Volumes"], ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert left == ([], [])


def test_iam_can_be_read_but_not_made_and_the_lab_s_own_is_there(client: Client) -> None:
    iam = client("iam")

    role = iam.get_role(RoleName="LabRole")["Role"]["Arn"]
    profile = iam.get_instance_profile(InstanceProfileName="LabInstanceProfile")["InstanceProfile"]

    assert [one["Arn"] for one in profile["Roles"]] == [role]
    for call, asked in {
        "create_role": {"RoleName": "mine", "AssumeRolePolicyDocument": "{}"},
        "create_user": {"UserName": "mine"},
        "create_instance_profile": {"InstanceProfileName": "mine"},
        "put_role_policy": {"RoleName": "LabRole", "PolicyName": "p", "PolicyDocument": "{}"},
    }.items():
        code, message = refused(getattr(iam, call), **asked)
        assert (code, "is not authorized to perform: iam:" in message) == ("AccessDenied", True), call


def test_the_lab_s_key_pair_is_in_one_region_only(client: Client) -> None:
    found = [
        [key["KeyName"] for key in client("ec2", region).describe_key_pairs()["KeyPairs"]]
        for region in ("us-east-1", "us-west-2")
    ]

    assert found == [["vockey"], []]


def test_instances_beyond_nine_in_a_region_are_ended_also_when_started_again(client: Client) -> None:
    ec2 = client("ec2")
    first = launch(ec2, 2)
    wait_for(lambda: set(states(ec2).values()) == {"running"}, 60)
    ec2.stop_instances(InstanceIds=first[:1])
    wait_for(lambda: states(ec2)[first[0]] == "stopped", 60)

    others = launch(ec2, 9, "t3.nano")

    ended = others[8]
    wait_for(lambda: states(ec2)[ended] == "terminated", 60)
    assert all(states(ec2)[one] in ("pending", "running") for one in (first[1], *others[:8]))
    ec2.start_instances(InstanceIds=first[:1])
    wait_for(lambda: states(ec2)[first[0]] == "terminated", 60)
    ec2.terminate_instances(InstanceIds=[first[1], *others])
    wait_for(lambda: set(states(ec2).values()) == {"terminated"}, 60)


def test_twenty_at_once_switch_the_account_off_and_no_other(client: Client, lab: dict[str, str]) -> None:
    ec2, sqs = client("ec2"), client("sqs")
    sqs.list_queues()

    launch(ec2, 20, "t3.nano")

    code, message = refused(ec2.describe_instances)
    assert code == "UnauthorizedOperation"
    assert "deactivated the account" in message
    assert "`python -m localcloud down`, then `up --lab`" in message
    assert refused(sqs.list_queues)[0] == "AccessDenied"
    run = Path(lab["LOCALCLOUD_RUN"])
    assert localcloud_command("credentials", run=run).returncode == 0
    other = client_of(new_key(lab), "sqs")
    other.list_queues()
    other.close()
