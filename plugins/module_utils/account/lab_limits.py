"""What an AWS Academy Learner Lab allows, how it is told from another account, and the count before a launch.

Source of the figures: the Learner Lab's own page of instructions, "Service usage and other restrictions".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.fleet.plan import COUNTED, InstanceGroup
from ansible.module_utils.fleet.vcpu_quota import is_standard

REGIONS = ("us-east-1", "us-west-2")
SIZES = ("nano", "micro", "small", "medium", "large")

# Above nine the lab terminates instances; at 20 it may end the account with all that is in it. No
# variable goes beyond this.
HARD_MAX_INSTANCES = 19
MAX_VCPUS = 32

# The role that a lab's page signs its users in with, and the one that its instances may have: whoever
# deploys from an instance of the lab is in the lab too.
LAB_ROLES = (":assumed-role/voclabs/", ":assumed-role/LabRole/")


@dataclass(frozen=True)
class LabLimits:
    """What may run in the region: `instances` at most, and vCPUs; None where there is no limit."""

    instances: int | None = None
    vcpus: int | None = None


def is_lab(mode: str, arn: str) -> bool:
    """Tell whether the lab's limits count: `mode` is true, false or auto, which looks at the caller's ARN.

    Raises `ValueError` for another mode.
    """
    wanted = mode.strip().lower()
    if wanted not in ("auto", "true", "yes", "false", "no"):
        raise ValueError(f"lab_mode is '{mode}': give true, false or auto")
    return any(role in arn for role in LAB_ROLES) if wanted == "auto" else wanted in ("true", "yes")


def limits(lab: bool, max_instances: int) -> LabLimits:
    """Return the limits of this account. Raises `ValueError` where `max_instances` is not one for a lab."""
    if not lab:
        return LabLimits()
    if not 0 <= max_instances <= HARD_MAX_INSTANCES:
        raise ValueError(
            f"lab_max_instances is {max_instances}: give 0 to {HARD_MAX_INSTANCES}, since with 20 running "
            "instances a lab's account may be closed with all that is in it"
        )
    return LabLimits(max_instances, MAX_VCPUS)


def refusals(region: str, wanted: list[tuple[str, str, str]]) -> list[str]:
    """Return what a lab refuses of `wanted`, which holds (group, instance type, market)."""
    said = []
    if region not in REGIONS:
        said.append(
            f"aws_region is {region}, where a Learner Lab allows nothing: set it to {' or '.join(REGIONS)}"
        )
    for group, kind, market in wanted:
        if kind.rpartition(".")[2] not in SIZES:
            said.append(
                f"a Learner Lab starts no {kind} (group {group}): take a type that ends in {', '.join(SIZES)}"
            )
        if market == "spot":
            said.append(f"a Learner Lab starts no spot instances (group {group}): leave out market: spot")
    return said


@dataclass(frozen=True)
class Load:
    """What runs or starts in a region, whoever made it, by instance id: the number of vCPUs of each."""

    vcpus_by_instance: dict[str, int]
    vcpus_by_type: dict[str, int]
    standard_vcpus: dict[str, int] = field(default_factory=dict)
    """By market, of the families that share a quota; see `vcpu_quota`."""

    def after(self, start: list[str], remove: list[str]) -> tuple[int, int]:
        """Return instances and vCPUs once one of each type in `start` runs and the ids `remove` are gone."""
        left = {one: vcpus for one, vcpus in self.vcpus_by_instance.items() if one not in remove}
        started = sum(self.vcpus_by_type.get(kind, 0) for kind in start)
        return len(left) + len(start), sum(left.values()) + started


def load_of(ec2: Any, kinds: set[str]) -> Load:
    """Count all running and pending instances of the region; know the vCPUs of `kinds` too."""
    pages = ec2.get_paginator("describe_instances").paginate(
        Filters=[{"Name": "instance-state-name", "Values": COUNTED}]
    )
    found = [
        one for page in pages for reservation in page["Reservations"] for one in reservation["Instances"]
    ]
    running = {one["InstanceId"]: one["InstanceType"] for one in found}
    types = sorted(kinds | set(running.values()))
    described = ec2.describe_instance_types(InstanceTypes=types)["InstanceTypes"] if types else []
    vcpus = {one["InstanceType"]: one["VCpuInfo"]["DefaultVCpus"] for one in described}
    standard: dict[str, int] = {}
    for one in found:
        if is_standard(one["InstanceType"]):
            market = one.get("InstanceLifecycle", "on-demand")
            standard[market] = standard.get(market, 0) + vcpus.get(one["InstanceType"], 0)
    return Load({one: vcpus.get(kind, 0) for one, kind in running.items()}, vcpus, standard)


def over_limit(load: Load, start: list[str], remove: list[str], most: LabLimits) -> str | None:
    """Return why the launch of one instance of each type in `start` must not be, or None."""
    if not start:
        return None
    instances, vcpus = load.after(start, remove)
    now = len(load.vcpus_by_instance)
    if most.instances is not None and instances > most.instances:
        return (
            f"{now} instances run in the region, {instances} would after this, and lab_max_instances allows "
            f"{most.instances}: set a smaller instances_count or web_count, or end some that run (whoever "
            "started them)"
        )
    if most.vcpus is not None and vcpus > most.vcpus:
        return (
            f"{vcpus} vCPUs would run in the region, and a Learner Lab allows {most.vcpus}: set a smaller "
            "instances_count or instances_type, or end some instances that run (whoever started them)"
        )
    return None


def over_scaled(groups: list[InstanceGroup], scaled: int, most: LabLimits) -> str | None:
    """Return why `groups` of plain instances leave no room for `scaled` hosts at most, or None."""
    plain = sum(one.count for one in groups)
    if not scaled or most.instances is None or plain + scaled <= most.instances:
        return None
    return (
        f"scaling.max is {scaled}, {plain} web hosts run besides, and lab_max_instances allows "
        f"{most.instances}: set scaling.max to {max(0, most.instances - plain)} or less"
    )
