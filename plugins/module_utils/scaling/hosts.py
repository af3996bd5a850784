"""The scaled hosts: which there are, which are alive, and the first where an account refuses groups."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from ansible.module_utils.account.lab_limits import LabLimits, load_of, over_limit
from ansible.module_utils.fleet.change import Refused
from ansible.module_utils.fleet.plan import find_ours, is_scaled, tags_of
from ansible.module_utils.process.patience import LAUNCH, patiently
from ansible.module_utils.project.project_module import project_module
from ansible.module_utils.scaling.shares import ScaledGroup
from ansible.module_utils.storage.bucket_lock import BucketLock
from botocore.exceptions import ClientError

GROUP_NAME_TAG = "aws:autoscaling:groupName"
LOCK_KEY = "locks/fleet"
LOOK_SECONDS = 2
MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "404"})


def scaled_hosts(ec2: Any, stack: str) -> list[dict[str, Any]]:
    """Return the stack's instances that scale and are not terminated."""
    return [one for one in find_ours(ec2, stack) if is_scaled(one)]


def group_of(instance: dict[str, Any]) -> str:
    """Return the Auto Scaling group that launched an instance; empty in the plain mode."""
    return tags_of(instance).get(GROUP_NAME_TAG, "")


def alive(s3: Any, bucket: str, hosts: list[dict[str, Any]]) -> list[str]:
    """Return the ids of the hosts that run and whose worker reported lately, by S3's clock."""
    running = [one["InstanceId"] for one in hosts if one["State"]["Name"] == "running"]
    return sorted(one for one in running if _reports(s3, bucket, one))


def wait_for_one(look: Callable[[], list[str]], seconds: int) -> list[str]:
    """Return who is alive once any is; nobody after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
    return found


def launch_first(ec2: Any, s3: Any, bucket: str, group: ScaledGroup, version: str, most: LabLimits) -> None:
    """Launch one host from the template of `group`: it launches the others by itself.

    Raises `Refused` where the region has no room for it.
    """
    kind = group.kind
    placement = {"Placement": {"AvailabilityZone": kind.zone}} if kind.zone else {}
    with BucketLock(s3, bucket, LOCK_KEY):
        if problem := over_limit(load_of(ec2, {kind.type}), [kind.type], [], most):
            raise Refused(f"Nothing is launched: {problem}.")
        patiently(
            ec2.run_instances,
            LAUNCH,
            LaunchTemplate={"LaunchTemplateName": group.name, "Version": version},
            MinCount=1,
            MaxCount=1,
            **placement,
        )


def _reports(s3: Any, bucket: str, host: str) -> bool:
    names = project_module("jobfleet_jobs.protocol.names")
    heartbeat = project_module("jobfleet_jobs.protocol.heartbeat")
    try:
        found = s3.get_object(Bucket=bucket, Key=names.heartbeat_key(host))
    except ClientError as problem:
        if problem.response["Error"]["Code"] not in MISSING:
            raise
        return False
    told = heartbeat.Heartbeat.read(found["Body"].read().decode(errors="replace"))
    now = parsedate_to_datetime(found["ResponseMetadata"]["HTTPHeaders"]["date"])
    late = timedelta(seconds=heartbeat.LATE_AFTER_SECONDS)
    return not told.stopped and now - found["LastModified"] < late
