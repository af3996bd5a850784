"""What must be allowed for a launch from a template, and for images."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localcloud_fixture import client_of, new_key, newest_debian

ACCOUNT = "123456789012"
INSTANCE = "i-0123456789abcdef0"
Policed = Callable[..., Any]


@pytest.fixture
def policed(localcloud: dict[str, str], tmp_path: Path) -> Iterator[Policed]:
    """A function from statements to an EC2 client that may do no more."""
    with ExitStack() as closing:

        def client(*statements: dict[str, Any]) -> Any:
            file = tmp_path / f"{uuid.uuid4().hex}.json"
            file.write_text(json.dumps({"Version": "2012-10-17", "Statement": statements}))
            made = client_of(new_key(localcloud, policy=file), "ec2")
            closing.callback(made.close)
            return made

        yield client


def allow(*actions: str, on: str = "*", **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": on}
    return {**statement, "Condition": condition} if condition else statement


@pytest.fixture
def template(aws: Callable[[str], Any]) -> Iterator[str]:
    """The id of a template that says all that a launch needs."""
    ec2, iam, name = aws("ec2"), aws("iam"), f"t-{uuid.uuid4().hex}"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "stack", "Value": "mine"}]}]
    data = {
        "ImageId": newest_debian(ec2)["ImageId"],
        "InstanceType": "t3.nano",
        "IamInstanceProfile": {"Name": name},
        "TagSpecifications": tags,
    }
    made = ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)["LaunchTemplate"]
    yield str(made["LaunchTemplateId"])
    ec2.delete_launch_template(LaunchTemplateId=made["LaunchTemplateId"])


def code(call: Callable[..., Any], **asked: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**asked)
    return str(refused.value.response["Error"]["Code"])


def launch(ec2: Any, **template: str) -> str:
    """Return with which code a dry launch is refused: `DryRunOperation` if it is allowed."""
    return code(ec2.run_instances, LaunchTemplate=template, MinCount=1, MaxCount=1, DryRun=True)


def test_a_launch_needs_what_its_template_adds(template: str, policed: Policed, aws: Any) -> None:
    described = aws("ec2").describe_launch_templates(LaunchTemplateIds=[template])["LaunchTemplates"]
    run, give = allow("ec2:RunInstances"), allow("iam:PassRole")
    tag = allow("ec2:CreateTags", StringEquals={"aws:RequestTag/stack": "mine"})
    tag_others = allow("ec2:CreateTags", StringEquals={"aws:RequestTag/stack": "theirs"})
    nano = allow("ec2:RunInstances", StringEquals={"ec2:InstanceType": "t3.nano"})
    micro = allow("ec2:RunInstances", StringEquals={"ec2:InstanceType": "t3.micro"})

    assert launch(policed(run, give, tag), LaunchTemplateId=template) == "DryRunOperation"
    by_name = described[0]["LaunchTemplateName"]
    assert launch(policed(run, give, tag), LaunchTemplateName=by_name) == "DryRunOperation"
    assert launch(policed(nano, give, tag), LaunchTemplateId=template) == "DryRunOperation"
    for lacking in ((run, give), (run, tag), (run, give, tag_others), (micro, give, tag)):
        assert launch(policed(*lacking), LaunchTemplateId=template) == "UnauthorizedOperation", lacking


def test_a_template_is_a_resource_however_it_is_named(template: str, policed: Policed, aws: Any) -> None:
    [found] = aws("ec2").describe_launch_templates(LaunchTemplateIds=[template])["LaunchTemplates"]
    arn = f"arn:aws:ec2:us-east-1:{ACCOUNT}:launch-template"
    others = f"{arn}/lt-0123456789abcdef0"
    mine, theirs = (
        policed(allow("ec2:*", on=on), allow("iam:PassRole")) for on in (f"{arn}/{template}", others)
    )
    data = {"InstanceType": "t3.nano"}

    for named in ({"LaunchTemplateId": template}, {"LaunchTemplateName": found["LaunchTemplateName"]}):
        mine.create_launch_template_version(**named, LaunchTemplateData=data)
        assert (
            code(theirs.create_launch_template_version, **named, LaunchTemplateData=data)
            == "UnauthorizedOperation"
        )
        assert code(theirs.delete_launch_template, **named) == "UnauthorizedOperation"


def test_an_image_needs_itself_its_instance_and_a_snapshot(policed: Policed) -> None:
    tags = [{"ResourceType": kind, "Tags": [{"Key": "a", "Value": "b"}]} for kind in ("image", "snapshot")]
    places = [
        f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/{INSTANCE}",
        "arn:aws:ec2:us-east-1::image/*",
        "arn:aws:ec2:us-east-1::snapshot/*",
    ]
    image = {"InstanceId": INSTANCE, "Name": "name"}

    make = [allow("ec2:CreateImage", on=place) for place in places]
    assert code(policed(*make).create_image, **image) == "InvalidInstanceID.NotFound", "it is allowed"
    for lacking in range(3):
        rest = make[:lacking] + make[lacking + 1 :]
        assert code(policed(*rest).create_image, **image) == "UnauthorizedOperation", places[lacking]
    tag = [
        allow("ec2:CreateTags", on=place, StringEquals={"ec2:CreateAction": "CreateImage"})
        for place in places[1:]
    ]
    tagged = {**image, "TagSpecifications": tags}
    assert code(policed(*make, *tag).create_image, **tagged) == "InvalidInstanceID.NotFound"
    for one in tag:
        assert code(policed(*make, one).create_image, **tagged) == "UnauthorizedOperation"


def test_snapshots_that_go_with_an_image_must_be_deletable(policed: Policed, aws: Any) -> None:
    debian = newest_debian(aws("ec2"))["ImageId"]
    asked = {"ImageId": debian, "DeleteAssociatedSnapshots": True}
    deregister = allow("ec2:DeregisterImage")

    assert code(policed(deregister).deregister_image, **asked) == "UnauthorizedOperation"
    both = policed(deregister, allow("ec2:DeleteSnapshot"))
    assert code(both.deregister_image, **asked) == "AuthFailure", "it is allowed, but another's image"
