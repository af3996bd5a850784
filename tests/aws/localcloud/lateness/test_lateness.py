"""What the embedded AWS does late, where it is asked to, as AWS is by chance."""

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localcloud_fixture import client_of, localcloud_command, parse_env

ACCOUNT, REGION = "123456789012", "us-east-1"


@pytest.fixture
def name() -> str:
    return f"late-{uuid.uuid4().hex[:12]}"


def code(call: Callable[..., Any], **asked: Any) -> str:
    """Return with which code a call is refused; empty if it is not."""
    try:
        call(**asked)
    except ClientError as problem:
        return str(problem.response["Error"]["Code"])
    return ""


def test_each_kind_of_call_sees_late_what_was_made(
    aws: Callable[[str], Any], lateness: Callable[..., None], name: str
) -> None:
    sqs, s3, ec2 = aws("sqs"), aws("s3"), aws("ec2")
    lateness(eventual=1)

    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    s3.create_bucket(Bucket=name)
    ec2.create_key_pair(KeyName=name)
    group = ec2.create_security_group(GroupName=name, Description="x")["GroupId"]
    named = [{"Name": "group-name", "Values": [name]}]

    for call, asked, expected in (
        (sqs.get_queue_url, {"QueueName": name}, "AWS.SimpleQueueService.NonExistentQueue"),
        (sqs.send_message, {"QueueUrl": url, "MessageBody": "x"}, "AWS.SimpleQueueService.NonExistentQueue"),
        (s3.head_bucket, {"Bucket": name}, "404"),
        (s3.put_object, {"Bucket": name, "Key": "a", "Body": b"x"}, "NoSuchBucket"),
        (s3.put_bucket_tagging, {"Bucket": name, "Tagging": {"TagSet": []}}, "NoSuchBucket"),
        (ec2.describe_key_pairs, {"KeyNames": [name]}, "InvalidKeyPair.NotFound"),
        (ec2.describe_security_groups, {"GroupIds": [group]}, "InvalidGroup.NotFound"),
        (ec2.revoke_security_group_egress, {"GroupId": group, "IpPermissions": []}, "InvalidGroup.NotFound"),
    ):
        assert code(call, **asked) == expected
        assert code(call, **asked) != expected
    assert ec2.describe_security_groups(Filters=named)["SecurityGroups"] == []
    assert len(ec2.describe_security_groups(Filters=named)["SecurityGroups"]) == 1


def test_a_new_template_and_a_new_image_are_seen_late(
    aws: Callable[[str], Any], hosts: Any, lateness: Callable[..., None], name: str
) -> None:
    ec2 = aws("ec2")
    [instance] = hosts.run()
    hosts.wait(instance, "running")
    lateness(eventual=1)

    template = ec2.create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData={"InstanceType": "t3.nano"}
    )["LaunchTemplate"]["LaunchTemplateId"]
    image = ec2.create_image(InstanceId=instance, Name=name, NoReboot=True)["ImageId"]

    for call, asked, expected in (
        (ec2.describe_images, {"ImageIds": [image]}, "InvalidAMIID.NotFound"),
        (
            ec2.describe_launch_templates,
            {"LaunchTemplateNames": [name]},
            "InvalidLaunchTemplateName.NotFoundException",
        ),
        (
            ec2.run_instances,
            {"LaunchTemplate": {"LaunchTemplateId": template}, "MinCount": 1, "MaxCount": 1, "DryRun": True},
            "InvalidLaunchTemplateId.NotFound",
        ),
    ):
        assert code(call, **asked) == expected
        assert code(call, **asked) != expected
    assert ec2.describe_images(Owners=["self"])["Images"] == []
    assert [one["ImageId"] for one in ec2.describe_images(Owners=["self"])["Images"]] == [image]
    lateness()
    hosts.end(instance)
    ec2.deregister_image(ImageId=image)
    ec2.delete_launch_template(LaunchTemplateId=template)


def test_a_dead_letter_queue_that_is_not_seen_is_a_wrong_parameter(
    aws: Callable[[str], Any], lateness: Callable[..., None], name: str
) -> None:
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-dead"
    redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5})}

    assert code(sqs.set_queue_attributes, QueueUrl=url, Attributes=redrive) == "InvalidParameterValue"
    lateness(eventual=1)
    sqs.create_queue(QueueName=f"{name}-dead")
    assert code(sqs.set_queue_attributes, QueueUrl=url, Attributes=redrive) == "InvalidParameterValue"
    assert code(sqs.set_queue_attributes, QueueUrl=url, Attributes=redrive) == ""


def test_what_was_removed_is_listed_for_a_while(
    aws: Callable[[str], Any], lateness: Callable[..., None], name: str
) -> None:
    sqs, s3 = aws("sqs"), aws("s3")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    s3.create_bucket(Bucket=name)
    lateness(eventual=1)

    sqs.delete_queue(QueueUrl=url)
    s3.delete_bucket(Bucket=name)

    for seen in (True, False):
        assert (url in sqs.list_queues(QueueNamePrefix=name).get("QueueUrls", [])) is seen
        assert (name in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}) is seen


def test_new_notifications_are_in_force_after_a_while_and_what_was_put_before_is_never_told(
    aws: Callable[[str], Any], lateness: Callable[..., None], name: str
) -> None:
    sqs, s3 = aws("sqs"), aws("s3")
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    statement = {
        "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage",
        "Resource": arn,
    }  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    url = sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
    s3.create_bucket(Bucket=name)
    wanted = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}

    lateness(events_after=3600)
    s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=wanted)
    s3.put_object(Bucket=name, Key="early", Body=b"x")
    lateness()
    s3.put_object(Bucket=name, Key="late", Body=b"x")

    bodies = [
        json.loads(message["Body"])
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    ]
    assert [body.get("Event") or body["Records"][0]["s3"]["object"]["key"] for body in bodies] == [
        "s3:TestEvent",
        "late",
    ]


def test_the_interface_of_a_terminated_instance_holds_its_group_for_a_while(
    aws: Callable[[str], Any], hosts: Any, lateness: Callable[..., None], name: str
) -> None:
    ec2 = aws("ec2")
    group = ec2.create_security_group(GroupName=name, Description="x")["GroupId"]
    [instance] = hosts.run(SecurityGroupIds=[group])
    hosts.wait(instance, "running")
    lateness(eventual=1)

    hosts.end(instance)

    assert code(ec2.delete_security_group, GroupId=group) == "DependencyViolation"
    assert code(ec2.delete_security_group, GroupId=group) == ""


def test_up_makes_it_late_and_a_deleted_queue_s_name_is_taken_by_default(tmp_path: Path) -> None:
    run = tmp_path / "run"
    up = localcloud_command("up", "--eventual", "1", run=run)
    assert up.returncode == 0, up.stderr
    try:
        sqs = client_of(parse_env(localcloud_command("env", run=run).stdout), "sqs")
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        assert code(sqs.get_queue_url, QueueName="q") == "AWS.SimpleQueueService.NonExistentQueue"
        assert code(sqs.delete_queue, QueueUrl=url) == "AWS.SimpleQueueService.NonExistentQueue"
        sqs.delete_queue(QueueUrl=url)
        assert code(sqs.create_queue, QueueName="q") == "AWS.SimpleQueueService.QueueDeletedRecently"
        sqs.close()
    finally:
        assert localcloud_command("down", run=run).returncode == 0
