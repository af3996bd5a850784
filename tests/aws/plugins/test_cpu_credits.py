"""CPU credits of instances, as EC2 keeps them: asked for and set by the playbooks' own code."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from ansible.module_utils.fleet.cpu_credits import NotChanged, credits_of, is_burstable, set_credits
from botocore.exceptions import ClientError

KINDS = {"t2.micro": "standard", "t3.small": "unlimited", "t3a.small": "unlimited", "t4g.small": "unlimited"}


@pytest.fixture
def ec2(moto_port: int) -> Iterator[Any]:
    client = boto3.session.Session("key", "secret", region_name="us-west-2").client(
        "ec2", endpoint_url=f"http://127.0.0.1:{moto_port}"
    )
    yield client
    found = [one["InstanceId"] for one in all_of(client)]
    if found:
        client.terminate_instances(InstanceIds=found)
    client.close()


def launch(ec2: Any, kind: str, **more: Any) -> dict[str, Any]:
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    made = ec2.run_instances(ImageId=image, InstanceType=kind, MinCount=1, MaxCount=1, **more)
    found: dict[str, Any] = made["Instances"][0]
    return found


def all_of(ec2: Any) -> list[dict[str, Any]]:
    reservations = ec2.describe_instances()["Reservations"]
    return [one for reservation in reservations for one in reservation["Instances"]]


def test_aws_gives_all_but_t2_unlimited_credits_unless_the_launch_says_otherwise(ec2: Any) -> None:
    plain = [launch(ec2, kind) for kind in (*KINDS, "m5.large")]
    asked = launch(ec2, "t3.small", CreditSpecification={"CpuCredits": "standard"})
    found = credits_of(ec2, [*plain, asked])
    assert [found.get(one["InstanceId"]) for one in plain] == [*KINDS.values(), None]
    assert found[asked["InstanceId"]] == "standard"
    # Asked for none in particular, EC2 names the unlimited ones.
    listed = ec2.describe_instance_credit_specifications()["InstanceCreditSpecifications"]
    assert {one["InstanceId"] for one in listed} == {one["InstanceId"] for one in plain[1:4]}


def test_credits_are_changed_on_instances_that_run(ec2: Any) -> None:
    made = [launch(ec2, "t3.small"), launch(ec2, "t2.micro")]
    set_credits(ec2, [made[0]["InstanceId"]], "standard")
    assert set(credits_of(ec2, made).values()) == {"standard"}
    set_credits(ec2, [one["InstanceId"] for one in made], "unlimited")
    assert set(credits_of(ec2, made).values()) == {"unlimited"}


def test_a_type_without_credits_refuses_them_and_is_never_asked(ec2: Any) -> None:
    with pytest.raises(ClientError) as refused:
        launch(ec2, "m5.large", CreditSpecification={"CpuCredits": "standard"})
    assert refused.value.response["Error"]["Code"] == "InstanceCreditSpecification.NotSupported"
    plain = launch(ec2, "m5.large")["InstanceId"]
    with pytest.raises(NotChanged, match=f"{plain}: The m5.large instance type does not support"):
        set_credits(ec2, [plain], "standard")


def test_types_that_have_credits_are_known_by_their_names() -> None:
    assert all(map(is_burstable, KINDS))
    assert not any(map(is_burstable, ("m5.large", "t1.micro", "trn1.2xlarge")))
