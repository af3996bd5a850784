"""Ansible module: everything in a region that carries a stack's tag."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_info
short_description: List everything in a region that carries a tag
description:
  - Asks each service itself, since the tagging API lags behind and a lab may not allow it.
  - Terminated instances do not count.
options:
  tag:
    description: The tag's key.
    type: str
    required: true
  value:
    description: The tag's value.
    type: str
    required: true
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- stack_info:
    tag: jobfleet:stack
    value: jobfleet
"""

RETURN = r"""
instances:
  description: Ids of the instances that are not terminated.
  type: list
  elements: str
  returned: always
volumes:
  description: Ids of the volumes.
  type: list
  elements: str
  returned: always
security_groups:
  description: Names of the security groups.
  type: list
  elements: str
  returned: always
key_pairs:
  description: Names of the key pairs.
  type: list
  elements: str
  returned: always
queues:
  description: Names of the queues.
  type: list
  elements: str
  returned: always
buckets:
  description: Names of the buckets.
  type: list
  elements: str
  returned: always
"""

from collections.abc import Iterator
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from botocore.exceptions import BotoCoreError, ClientError

ALIVE = ["pending", "running", "shutting-down", "stopping", "stopped"]
# What somebody else locked away, with a policy of its own.
REFUSED = ["AccessDenied", "AccessDeniedException", "403"]
GONE_MEANWHILE = [
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
    "NoSuchBucket",
    "NoSuchTagSet",
]


def is_named_for(name: str, stack: str) -> bool:
    """Tell whether something that lets nobody look at its tags may be the stack's, by its name."""
    return name.startswith(f"{stack}-")


def of_ec2(ec2: Any, tag: str, value: str) -> dict[str, list[str]]:
    """Return what EC2 holds under the tag; EC2 filters by itself."""
    tagged = [{"Name": f"tag:{tag}", "Values": [value]}]
    alive = [*tagged, {"Name": "instance-state-name", "Values": ALIVE}]
    pages = ec2.get_paginator("describe_instances").paginate(Filters=alive)
    return {
        "instances": [
            instance["InstanceId"]
            for page in pages
            for reservation in page["Reservations"]
            for instance in reservation["Instances"]
        ],
        "volumes": [volume["VolumeId"] for volume in ec2.describe_volumes(Filters=tagged)["Volumes"]],
        "security_groups": [
            group["GroupName"] for group in ec2.describe_security_groups(Filters=tagged)["SecurityGroups"]
        ],
        "key_pairs": [pair["KeyName"] for pair in ec2.describe_key_pairs(Filters=tagged)["KeyPairs"]],
    }


def of_sqs(sqs: Any, tag: str, value: str) -> Iterator[str]:
    """Yield the names of the queues under the tag. SQS cannot filter, so each queue is asked."""
    # Without a page size SQS lists a thousand and says nothing of more.
    for page in sqs.get_paginator("list_queues").paginate(PaginationConfig={"PageSize": 1000}):
        for url in page.get("QueueUrls", []):
            try:
                tags = sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
            except is_boto3_error_code(GONE_MEANWHILE):
                continue
            except is_boto3_error_code(REFUSED):
                if is_named_for(url.rpartition("/")[2], value):
                    raise
                continue
            if tags.get(tag) == value:
                yield url.rpartition("/")[2]


def of_s3(s3: Any, region: str, tag: str, value: str) -> Iterator[str]:
    """Yield the names of the region's buckets under the tag. S3 cannot filter by tag, so each is asked."""
    for bucket in s3.list_buckets(BucketRegion=region)["Buckets"]:
        try:
            tags = s3.get_bucket_tagging(Bucket=bucket["Name"])["TagSet"]
        except is_boto3_error_code(GONE_MEANWHILE):
            continue
        except is_boto3_error_code(REFUSED):
            if is_named_for(bucket["Name"], value):
                raise
            continue
        if {"Key": tag, "Value": value} in tags:
            yield bucket["Name"]


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec={
            "tag": {"type": "str", "required": True},
            "value": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    wanted = (module.params["tag"], module.params["value"])
    try:
        found = of_ec2(module.client("ec2"), *wanted)
        found["queues"] = list(of_sqs(module.client("sqs"), *wanted))
        found["buckets"] = list(of_s3(module.client("s3"), module.region, *wanted))
    except (BotoCoreError, ClientError) as error:
        module.fail_json_aws(error, msg="Could not list what carries the stack's tag")
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
