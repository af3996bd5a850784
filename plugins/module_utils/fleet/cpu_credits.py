"""CPU credits of burstable instances: whether they may use more than they have earned, which costs extra."""

from __future__ import annotations

import re
from typing import Any

from ansible.module_utils.process.patience import NEW_INSTANCE, patiently
from botocore.exceptions import ClientError

OPTIONS = ("standard", "unlimited")

DENIED = "UnauthorizedOperation"

# T2, T3, T3a, T4g: all others always have their whole processor, and refuse the option.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances.html
_BURSTABLE = re.compile(r"t[2-9][a-z]*\..+")


class NotChanged(Exception):
    """EC2 did not take the option for an instance."""


def is_burstable(kind: str) -> bool:
    """Tell whether an instance type earns and spends CPU credits."""
    return bool(_BURSTABLE.fullmatch(kind))


def credits_of(ec2: Any, instances: list[dict[str, Any]]) -> dict[str, str]:
    """Return by id which option each burstable one of `instances` has; none where that may not be seen."""
    ids = [one["InstanceId"] for one in instances if is_burstable(one["InstanceType"])]
    if not ids:
        return {}
    try:
        answer = patiently(ec2.describe_instance_credit_specifications, NEW_INSTANCE, InstanceIds=ids)
    except ClientError as problem:
        if problem.response["Error"]["Code"] != DENIED:
            raise
        return {}
    return {one["InstanceId"]: one["CpuCredits"] for one in answer["InstanceCreditSpecifications"]}


def set_credits(ec2: Any, ids: list[str], option: str) -> None:
    """Give instances the option, which counts at once and restarts nothing. Raises `NotChanged`."""
    if not ids:
        return
    wanted = [{"InstanceId": one, "CpuCredits": option} for one in ids]
    try:
        answer = ec2.modify_instance_credit_specification(InstanceCreditSpecifications=wanted)
    except ClientError as problem:
        if problem.response["Error"]["Code"] != DENIED:
            raise
        raise NotChanged(
            f"These credentials may not set the CPU credits of {', '.join(ids)} to {option}. Have "
            "ec2:ModifyInstanceCreditSpecification allowed, or set instances_cpu_credits to '' (no change)"
        ) from problem
    if left := answer.get("UnsuccessfulInstanceCreditSpecifications"):
        why = "; ".join(f"{one['InstanceId']}: {one['Error'].get('Message', '')}" for one in left)
        raise NotChanged(f"EC2 did not set the CPU credits of all instances to {option}: {why}")
