"""Launch templates as AWS has them, and what a launch takes from one; each test has an account of its own."""

import base64
import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localcloud_fixture import Hosts, client_of, new_key, newest_debian

ACCOUNTS = (f"{number:012}" for number in itertools.count(610_000_000_001))


@pytest.fixture
def account() -> str:
    return next(ACCOUNTS)


@pytest.fixture
def ec2(localcloud: dict[str, str], account: str) -> Iterator[Any]:
    client = client_of(new_key(localcloud, account=account), "ec2")
    yield client
    running = [
        one["InstanceId"] for each in client.describe_instances()["Reservations"] for one in each["Instances"]
    ]
    if running:
        client.terminate_instances(InstanceIds=running)
    client.close()


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def make(ec2: Any, name: str = "workers", **data: Any) -> str:
    data = {"ImageId": newest_debian(ec2)["ImageId"], "InstanceType": "t3.small"} | data
    answer = ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    return str(answer["LaunchTemplate"]["LaunchTemplateId"])


def launch(ec2: Any, template: dict[str, str], **more: Any) -> dict[str, Any]:
    answer = ec2.run_instances(LaunchTemplate=template, MinCount=1, MaxCount=1, **more)
    found: dict[str, Any] = answer["Instances"][0]
    return found


def attribute(ec2: Any, instance: str, name: str) -> str:
    found = ec2.describe_instance_attribute(InstanceId=instance, Attribute=name)
    return str(found[name[0].upper() + name[1:]]["Value"])


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


def tags_of(instance: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in instance["Tags"]}


def test_a_launch_takes_all_that_it_does_not_say_from_the_template(
    ec2: Any, localcloud: dict[str, str], account: str, hosts: Hosts
) -> None:
    ec2.import_key_pair(KeyName="k", PublicKeyMaterial=(hosts.folder / "user.pub").read_bytes())
    group = ec2.create_security_group(GroupName="g", Description="g")["GroupId"]
    iam = client_of(new_key(localcloud, account=account), "iam")
    iam.create_instance_profile(InstanceProfileName="profile")
    iam.close()
    template = make(
        ec2,
        KeyName="k",
        SecurityGroupIds=[group],
        UserData=encoded("#cloud-config\n"),
        InstanceInitiatedShutdownBehavior="terminate",
        MetadataOptions={"InstanceMetadataTags": "enabled"},
        InstanceMarketOptions={"MarketType": "spot"},
        IamInstanceProfile={"Name": "profile"},
        CreditSpecification={"CpuCredits": "standard"},
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 12}}],
        TagSpecifications=[
            {"ResourceType": kind, "Tags": [{"Key": "for", "Value": kind}, {"Key": "kept", "Value": "yes"}]}
            for kind in ("instance", "volume")
        ],
    )

    said = {"ResourceType": "instance", "Tags": [{"Key": "for", "Value": "request"}]}
    found = launch(ec2, {"LaunchTemplateId": template}, TagSpecifications=[said])

    assert found["InstanceType"] == "t3.small"
    assert found["KeyName"] == "k"
    assert [one["GroupId"] for one in found["SecurityGroups"]] == [group]
    assert found["InstanceLifecycle"] == "spot"
    assert found["MetadataOptions"]["InstanceMetadataTags"] == "enabled"
    # What a template leaves out is as the image has it.
    assert found["MetadataOptions"]["HttpTokens"] == "required"
    assert tags_of(found) == {
        "for": "request",
        "kept": "yes",
        "aws:ec2launchtemplate:id": template,
        "aws:ec2launchtemplate:version": "1",
    }
    assert attribute(ec2, found["InstanceId"], "userData") == encoded("#cloud-config\n")
    assert attribute(ec2, found["InstanceId"], "instanceInitiatedShutdownBehavior") == "terminate"
    [volume] = ec2.describe_volumes()["Volumes"]
    assert (volume["Size"], volume["VolumeType"], tags_of(volume)["for"]) == (12, "gp3", "volume")
    [device] = found["BlockDeviceMappings"]
    assert device["Ebs"]["DeleteOnTermination"] is True
    [credit] = ec2.describe_instance_credit_specifications(InstanceIds=[found["InstanceId"]])[
        "InstanceCreditSpecifications"
    ]
    assert credit["CpuCredits"] == "standard"
    assert len(ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]) == 1


def test_what_the_request_says_counts(ec2: Any, hosts: Hosts) -> None:
    others = ec2.create_security_group(GroupName="others", Description="g")["GroupId"]
    ours = ec2.create_security_group(GroupName="ours", Description="g")["GroupId"]
    template = make(
        ec2, UserData=encoded("a"), SecurityGroupIds=[others], InstanceMarketOptions={"MarketType": "spot"}
    )

    found = launch(
        ec2, {"LaunchTemplateId": template}, InstanceType="t3.micro", UserData="b", SecurityGroupIds=[ours]
    )

    assert found["InstanceType"] == "t3.micro"
    assert attribute(ec2, found["InstanceId"], "userData") == encoded("b")
    assert [one["GroupId"] for one in found["SecurityGroups"]] == [ours]


def test_each_launch_gets_the_version_that_it_names(ec2: Any, hosts: Hosts) -> None:
    template = make(ec2, UserData=encoded("first"), EbsOptimized=True)
    second = {"UserData": encoded("second"), "InstanceType": "t3.micro"}

    made = ec2.create_launch_template_version(
        LaunchTemplateId=template, SourceVersion="1", LaunchTemplateData=second
    )["LaunchTemplateVersion"]

    assert (made["VersionNumber"], made["DefaultVersion"]) == (2, False)
    assert made["LaunchTemplateData"]["EbsOptimized"] is True, "taken from the source"
    for version, kind, text in (
        (None, "t3.small", "first"),
        ("$Default", "t3.small", "first"),
        ("1", "t3.small", "first"),
        ("$Latest", "t3.micro", "second"),
        ("2", "t3.micro", "second"),
    ):
        named = {"LaunchTemplateName": "workers"} | ({"Version": version} if version else {})
        found = launch(ec2, named)
        assert found["InstanceType"] == kind, version
        assert attribute(ec2, found["InstanceId"], "userData") == encoded(text), version
    assert tags_of(found)["aws:ec2launchtemplate:version"] == "2"

    ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion="2")
    assert launch(ec2, {"LaunchTemplateId": template})["InstanceType"] == "t3.micro"


def test_what_does_not_exist_is_refused_by_name(ec2: Any) -> None:
    template = make(ec2)
    missing = "lt-0123456789abcdef0"

    def launched(**named: str) -> str:
        return refused(lambda: launch(ec2, named))

    assert launched(LaunchTemplateId=template, Version="2") == "InvalidLaunchTemplateId.VersionNotFound"
    assert launched(LaunchTemplateId=template, Version="0") == "InvalidLaunchTemplateId.VersionNotFound"
    assert launched(LaunchTemplateId=template, Version="last") == "InvalidLaunchTemplateId.VersionNotFound"
    assert launched(LaunchTemplateId=missing) == "InvalidLaunchTemplateId.NotFound"
    assert launched(LaunchTemplateName="other") == "InvalidLaunchTemplateName.NotFoundException"
    assert launched(LaunchTemplateName="workers", LaunchTemplateId=template) == "InvalidParameterCombination"
    for call in (ec2.delete_launch_template, ec2.describe_launch_template_versions):
        assert refused(lambda call=call: call(LaunchTemplateId=missing)) == "InvalidLaunchTemplateId.NotFound"
    assert (
        refused(lambda: ec2.describe_launch_templates(LaunchTemplateIds=[missing]))
        == "InvalidLaunchTemplateId.NotFound"
    )
    assert (
        refused(lambda: ec2.delete_launch_template(LaunchTemplateName="other"))
        == "InvalidLaunchTemplateName.NotFoundException"
    )
    assert refused(lambda: make(ec2)) == "InvalidLaunchTemplateName.AlreadyExistsException"
    assert refused(lambda: make(ec2, "a b")) == "InvalidLaunchTemplateName.MalformedException"


def test_deleted_versions_are_gone_and_their_numbers_stay_taken(ec2: Any) -> None:
    template = make(ec2)
    for kind in ("t3.micro", "t3.nano"):
        ec2.create_launch_template_version(
            LaunchTemplateId=template, LaunchTemplateData={"InstanceType": kind}
        )

    answer = ec2.delete_launch_template_versions(LaunchTemplateId=template, Versions=["1", "2", "3", "7"])

    gone = answer["SuccessfullyDeletedLaunchTemplateVersions"]
    left = answer["UnsuccessfullyDeletedLaunchTemplateVersions"]
    assert [one["VersionNumber"] for one in gone] == [2, 3]
    assert [one["VersionNumber"] for one in left] == [1, 7]
    assert left[1]["ResponseError"]["Code"] == "launchTemplateVersionDoesNotExist"
    made = ec2.create_launch_template_version(
        LaunchTemplateId=template, LaunchTemplateData={"InstanceType": "t3.nano"}
    )["LaunchTemplateVersion"]
    assert made["VersionNumber"] == 4
    versions = ec2.describe_launch_template_versions(LaunchTemplateId=template)["LaunchTemplateVersions"]
    assert [one["VersionNumber"] for one in versions] == [1, 4]


def test_a_template_shows_its_own_tags_and_is_found_by_them(ec2: Any) -> None:
    own = {"ResourceType": "launch-template", "Tags": [{"Key": "stack", "Value": "a"}]}
    made = ec2.create_launch_template(
        LaunchTemplateName="tagged", LaunchTemplateData={"InstanceType": "t3.nano"}, TagSpecifications=[own]
    )["LaunchTemplate"]
    ec2.create_tags(Resources=[made["LaunchTemplateId"]], Tags=[{"Key": "later", "Value": "b"}])
    make(ec2, "other")

    [found] = ec2.describe_launch_templates(Filters=[{"Name": "tag:stack", "Values": ["a"]}])[
        "LaunchTemplates"
    ]

    assert tags_of(found) == {"stack": "a", "later": "b"}
    [version] = ec2.describe_launch_template_versions(LaunchTemplateName="tagged")["LaunchTemplateVersions"]
    assert version["LaunchTemplateData"] == {"InstanceType": "t3.nano"}


def test_a_launch_that_is_said_twice_happens_once(ec2: Any, hosts: Hosts) -> None:
    template = {"LaunchTemplateId": make(ec2)}

    with ThreadPoolExecutor(4) as pool:
        tries = [pool.submit(launch, ec2, template, ClientToken="stack-minute") for _ in range(4)]
        same = {one.result()["InstanceId"] for one in tries}
    other = launch(ec2, template, ClientToken="stack-next-minute")

    assert len(same) == 1
    assert other["InstanceId"] not in same
    assert (
        refused(lambda: launch(ec2, template, ClientToken="stack-minute", InstanceType="t3.nano"))
        == "IdempotentParameterMismatch"
    )
    found = ec2.describe_instances()["Reservations"]
    assert len([one for each in found for one in each["Instances"]]) == 2


def test_as_many_are_launched_as_may_be(ec2: Any, hosts: Hosts) -> None:
    template = {"LaunchTemplateId": make(ec2, InstanceType="t3.nano")}

    answer = ec2.run_instances(LaunchTemplate=template, MinCount=1, MaxCount=3)

    assert len(answer["Instances"]) == 3
    assert refused(lambda: ec2.run_instances(LaunchTemplate=template, MinCount=2, MaxCount=1)) == (
        "InvalidParameterValue"
    )


def test_a_launch_that_failed_uses_no_token_up(ec2: Any, hosts: Hosts) -> None:
    template = {"LaunchTemplateName": "late"}
    assert (
        refused(lambda: launch(ec2, template, ClientToken="t"))
        == "InvalidLaunchTemplateName.NotFoundException"
    )

    make(ec2, "late")

    assert launch(ec2, template, ClientToken="t")["InstanceId"]


def test_a_root_volume_is_at_least_as_big_as_the_image(ec2: Any) -> None:
    small = [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 7}}]
    template = make(ec2, BlockDeviceMappings=small)

    assert refused(lambda: launch(ec2, {"LaunchTemplateId": template})) == "InvalidBlockDeviceMapping"
