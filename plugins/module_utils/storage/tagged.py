"""What a region holds under a tag, asked of each service itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible.module_utils.process.patience import LISTED_QUEUE, NO_SUCH_QUEUE, patiently
from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code

ALIVE = ["pending", "running", "shutting-down", "stopping", "stopped"]
# What somebody else locked away, with a policy of its own.
REFUSED = ["AccessDenied", "AccessDeniedException", "403"]
GONE_MEANWHILE = [
    *NO_SUCH_QUEUE,
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
        "images": [
            image["ImageId"] for image in ec2.describe_images(Owners=["self"], Filters=tagged)["Images"]
        ],
        "snapshots": of_snapshots(ec2, tagged),
        "key_pairs": [pair["KeyName"] for pair in ec2.describe_key_pairs(Filters=tagged)["KeyPairs"]],
        "launch_templates": of_templates(ec2, tagged),
    }


def of_snapshots(ec2: Any, tagged: list[dict[str, Any]]) -> list[str]:
    """Return the ids of the account's snapshots under a tag. Who may not look at them has made none."""
    try:
        pages = list(ec2.get_paginator("describe_snapshots").paginate(OwnerIds=["self"], Filters=tagged))
    except is_boto3_error_code("UnauthorizedOperation"):
        return []
    return [one["SnapshotId"] for page in pages for one in page["Snapshots"]]


def of_templates(ec2: Any, tagged: list[dict[str, Any]]) -> list[str]:
    """Return the names of the launch templates under a tag. Who may not look at them has made none."""
    try:
        pages = list(ec2.get_paginator("describe_launch_templates").paginate(Filters=tagged))
    except is_boto3_error_code("UnauthorizedOperation"):
        return []
    return [one["LaunchTemplateName"] for page in pages for one in page["LaunchTemplates"]]


def of_autoscaling(autoscaling: Any, tag: str, value: str) -> list[str]:
    """Return the names of the Auto Scaling groups under the tag. Who may not look at them has made none."""
    tagged = [{"Name": f"tag:{tag}", "Values": [value]}]
    try:
        pages = list(autoscaling.get_paginator("describe_auto_scaling_groups").paginate(Filters=tagged))
    except is_boto3_error_code(REFUSED):
        return []
    return [one["AutoScalingGroupName"] for page in pages for one in page["AutoScalingGroups"]]


def of_cloudwatch(cloudwatch: Any, tag: str, value: str) -> Iterator[str]:
    """Yield the names of the alarms under the tag, of those with the stack's name; see `of_autoscaling`."""
    wanted = {"Key": tag, "Value": value}
    try:
        pages = list(cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{value}-"))
        for one in (alarm for page in pages for alarm in page["MetricAlarms"]):
            if wanted in cloudwatch.list_tags_for_resource(ResourceARN=one["AlarmArn"])["Tags"]:
                yield one["AlarmName"]
    except is_boto3_error_code(REFUSED):
        return


def of_sqs(sqs: Any, tag: str, value: str) -> Iterator[str]:
    """Yield the URLs of the queues under the tag. SQS cannot filter, so each queue is asked."""
    # Without a page size SQS lists a thousand and says nothing of more.
    for page in sqs.get_paginator("list_queues").paginate(PaginationConfig={"PageSize": 1000}):
        for url in page.get("QueueUrls", []):
            # One of ours that is not known may be new; others' do not matter.
            delays = [LISTED_QUEUE] if is_named_for(url.rpartition("/")[2], value) else []
            try:
                tags = patiently(sqs.list_queue_tags, *delays, QueueUrl=url).get("Tags", {})
            except is_boto3_error_code(GONE_MEANWHILE):
                continue
            except is_boto3_error_code(REFUSED):
                if is_named_for(url.rpartition("/")[2], value):
                    raise
                continue
            if tags.get(tag) == value:
                yield url


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
