"""Which calls a run will make, so that AWS can be asked whether it would refuse them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.module_utils.account.controller_keys import mark_of
from ansible.module_utils.fleet.change import Refused, newest_image
from ansible.module_utils.fleet.plan import WEB, WORKER, FleetPlan, InstanceGroup
from ansible.module_utils.fleet.region_facts import RegionFacts, side_by_side
from ansible.module_utils.preflight.dry_runs import (
    BALANCED,
    BALANCER,
    DryRun,
    Stack,
    Wanted,
    calls_of,
    needed_for,
    new_template,
    security_groups,
)

# What the role `instances` takes, and a launch needs.
LAUNCHED_WITH = {
    f"instances_{name}"
    for name in (
        "name",
        "web_name",
        "tags",
        "volume_size",
        "profile",
        "cpu_credits",
        "image_owner",
        "image_name",
    )
}


@dataclass(frozen=True)
class PlannedCalls:
    """What is asked for: the calls of a plan, with the parameters of preflight."""

    params: dict[str, Any]
    region: str
    plan: FleetPlan
    groups: list[InstanceGroup]

    def refusals(
        self, ec2: Any, facts: RegionFacts, roles: dict[str, dict[str, Any]]
    ) -> tuple[list[str], list[str]]:
        """Return what AWS would refuse, and what it tells only later. `roles` holds what they will take."""
        instances, firewall, keypair = (roles.get(one, {}) for one in ("instances", "firewall", "keypair"))
        names = security_groups(firewall)
        if not instances.keys() >= LAUNCHED_WITH:
            return [], []  # what instances would be launched with is not known, or refused already
        tags = firewall.get("firewall_tags", {})
        needed = {WORKER} | {needed_for(group) for group in self.groups if group.count}
        needed |= {BALANCER} if BALANCED in needed else set()
        stack = Stack(
            self.params["stack"],
            Wanted(self.params["keypair"], keypair.get("keypair_tags", {}), bool(facts.keypair)),
            {who: Wanted(names[who], tags, names[who] in facts.security_groups) for who in sorted(needed)},
        )
        launch = {
            "image_id": "",
            "web_image_id": "",
            "name": instances["instances_name"],
            "web_name": instances["instances_web_name"],
            "stack": stack.name,
            "tags": instances["instances_tags"],
            "key_name": stack.keypair.name,
            "key_mark": mark_of(Path(self.params["folder"])),
            "security_group": names[WORKER],
            "web_security_group": names[WEB],
            "balanced_security_group": names[BALANCED],
            "user_data": "",
            "volume_size": int(instances["instances_volume_size"]),
            "instance_profile": instances["instances_profile"],
            "cpu_credits": instances["instances_cpu_credits"],
        }
        if self.plan.launch:
            owner, name = instances["instances_image_owner"], instances["instances_image_name"]
            try:
                newest = newest_image(ec2, owner, name, self.region)
            except Refused as problem:
                return [str(problem)], []
            launch |= {"image_id": newest, "web_image_id": newest}
        calls = calls_of(ec2, stack, self.plan, self.groups, launch)
        if self.params["scaling"]:
            calls.append(new_template(ec2, stack.name, instances["instances_tags"]))
        return _sorted(calls)


def _sorted(calls: list[DryRun]) -> tuple[list[str], list[str]]:
    found: tuple[list[str], list[str]] = ([], [])
    for text, certain in side_by_side([call.refusal for call in calls]):
        if text:
            found[not certain].append(text)
    return found
