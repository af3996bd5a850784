"""The account's own quota of vCPUs in a region. New accounts have few, and a launch beyond it is refused.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html#ec2-on-demand-instances-limits
"""

from __future__ import annotations

from itertools import takewhile
from typing import Any

from ansible.module_utils.fleet.plan import COUNTED, FleetPlan, InstanceGroup

# "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", and the same of spot instances.
CODES = {"on-demand": "L-1216C47A", "spot": "L-34B43A08"}
STANDARD = frozenset({"a", "c", "d", "h", "i", "im", "is", "m", "r", "t", "z"})


def is_standard(kind: str) -> bool:
    """Tell whether a type counts to the quota of the standard families."""
    return "".join(takewhile(str.isalpha, kind)) in STANDARD


def needed(plan: FleetPlan, groups: list[InstanceGroup], vcpus: dict[str, int]) -> dict[str, int]:
    """Return by market how many standard vCPUs a plan launches and starts."""
    by_name = {group.name: group for group in groups}
    found = [(by_name[name], count) for name, count in plan.launch.items()]
    wanted = [(group.market, group.type, count) for group, count in found]
    wanted += [("on-demand", one["InstanceType"], 1) for one in plan.start]
    total: dict[str, int] = {}
    for market, kind, count in wanted:
        if is_standard(kind):
            total[market] = total.get(market, 0) + count * vcpus.get(kind, 0)
    return total


def freed(plan: FleetPlan, vcpus: dict[str, int]) -> dict[str, int]:
    """Return by market how many standard vCPUs of what runs a plan ends, before it launches."""
    total: dict[str, int] = {}
    for one in plan.remove:
        if one["State"]["Name"] in COUNTED and is_standard(one["InstanceType"]):
            market = one.get("InstanceLifecycle", "on-demand")
            total[market] = total.get(market, 0) + vcpus.get(one["InstanceType"], 0)
    return total


def problem(market: str, new: int, used: int, quota: float) -> str:
    """Return why so many more vCPUs cannot be, or an empty text."""
    if new + used <= quota:
        return ""
    return (
        f"{used} vCPUs of {market} instances stay in the region, {new + used} would run after this, and the "
        f"account's quota is {quota:.0f} ({CODES[market]}): set a smaller instances_count or instances_type, "
        "end instances that run, or ask for more under Service Quotas in the console (Amazon EC2), which may "
        "take a day."
    )


def quota_of(quotas: Any, market: str) -> float:
    """Return how many vCPUs the account may have. Raises botocore's errors."""
    return float(quotas.get_service_quota(ServiceCode="ec2", QuotaCode=CODES[market])["Quota"]["Value"])
