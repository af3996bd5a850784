"""The calls that name what was made a moment ago, and their refusal.

What AWS does: "the results of API commands are not immediately visible to all subsequent commands"
(https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html); a new queue can be used after
"at least one second" (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html);
"bucket configurations have an eventual consistency model"
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel).
"""

import json
from collections.abc import Iterator

from localcloud.iam.keyring import Credential
from localcloud.lateness.register import Thing, late
from localcloud.wire.call import Call, Family
from localcloud.wire.refusals import Refusal, refuse_with

QUEUE, QUEUE_POLICY, BUCKET = "queue", "queue policy", "bucket"
GROUP, KEY_PAIR, INSTANCE, INTERFACE = "security group", "key pair", "instance", "interface"
AUTO_SCALING_GROUP = "Auto Scaling group"
IMAGE, TEMPLATE = "image", "launch template"

# What EC2's parameters name, and what it says of what is not there.
_EC2 = {
    "KeyName": (KEY_PAIR, "InvalidKeyPair.NotFound", "The key pair '{}' does not exist"),
    "GroupName": (GROUP, "InvalidGroup.NotFound", "The security group '{}' does not exist"),
    "GroupId": (GROUP, "InvalidGroup.NotFound", "The security group '{}' does not exist"),
    "SecurityGroup": (GROUP, "InvalidGroup.NotFound", "The security group '{}' does not exist"),
    "SecurityGroupId": (GROUP, "InvalidGroup.NotFound", "The security group '{}' does not exist"),
    "InstanceId": (INSTANCE, "InvalidInstanceID.NotFound", "The instance ID '{}' does not exist"),
    "ImageId": (IMAGE, "InvalidAMIID.NotFound", "The image id '[{}]' does not exist"),
    "LaunchTemplateId": (
        TEMPLATE,
        "InvalidLaunchTemplateId.NotFound",
        "The specified launch template, with template ID {}, does not exist.",
    ),
    "LaunchTemplateName": (
        TEMPLATE,
        "InvalidLaunchTemplateName.NotFoundException",
        "The specified launch template, with template name {}, does not exist.",
    ),
}
_MAKING = {
    "CreateAutoScalingGroup",
    "CreateKeyPair",
    "CreateLaunchTemplate",
    "CreateQueue",
    "CreateSecurityGroup",
    "ImportKeyPair",
}

_NO_QUEUE = (400, "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
NO_DEAD_LETTERS = "Dead letter target does not exist."


def guard(call: Call, credential: Credential) -> Refusal | None:
    """Return why a call does not see what it names; see `front_gate.Guard`."""
    if not late.delays.eventual:
        return None
    for kind, name, answer in _named(call):
        if late.is_unseen(_action(call), Thing(credential.account, kind, name)):
            return refuse_with(call, *answer)
    if call.service == "sqs" and call.operation == "SetQueueAttributes" and "Policy" in _attributes(call):
        late.made(Thing(credential.account, QUEUE_POLICY, _queue_in(call)))
    return None


_Named = tuple[str, str, tuple[int, str, str]]
"""A kind, a name, and what is answered where there is no such thing."""


def _named(call: Call) -> Iterator[_Named]:
    if call.family is Family.S3:
        yield from _bucket(call)
    elif call.service == "sqs":
        yield from _queues(call)
    elif call.service == "ec2" and call.operation not in _MAKING:
        for parameter, value in call.parameters.items():
            # `LaunchTemplate.LaunchTemplateId` of a launch, `ImageId.1` of a list.
            if found := _EC2.get(parameter.removeprefix("LaunchTemplate.").partition(".")[0]):
                kind, code, words = found
                yield kind, str(value), (400, code, words.format(value))
    elif call.service == "autoscaling" and call.operation not in _MAKING:
        for name in filter(None, [call.parameters.get("AutoScalingGroupName")]):
            words = f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found"
            yield AUTO_SCALING_GROUP, str(name), (400, "ValidationError", words)


def _bucket(call: Call) -> Iterator[_Named]:
    bucket, _, key = call.path.strip("/").partition("/")
    if bucket and (call.method != "PUT" or key or call.query):
        yield BUCKET, bucket, (404, "NoSuchBucket", "The specified bucket does not exist")


def _queues(call: Call) -> Iterator[_Named]:
    if call.operation not in _MAKING:
        yield QUEUE, _queue_in(call), _NO_QUEUE
    redrive = _attributes(call).get("RedrivePolicy")
    if redrive:
        target = json.loads(redrive).get("deadLetterTargetArn", "").rpartition(":")[2]
        words = f"Value {redrive} for parameter RedrivePolicy is invalid. Reason: {NO_DEAD_LETTERS}"
        yield QUEUE, target, (400, "InvalidParameterValue", words)


def _queue_in(call: Call) -> str:
    return str(call.parameters.get("QueueName") or call.parameters.get("QueueUrl", "").rpartition("/")[2])


def _attributes(call: Call) -> dict[str, str]:
    found = call.parameters.get("Attributes", {})
    return found if isinstance(found, dict) else {}


def _action(call: Call) -> str:
    if call.operation:
        return call.operation
    thing = "object" if "/" in call.path.strip("/") else "bucket"
    return f"{call.method} {thing} {call.query.partition('&')[0].partition('=')[0]}"
