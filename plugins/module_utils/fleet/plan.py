"""The fleet that is wanted beside the fleet that is: which instances to launch, to start and to remove."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.balancer.paths import MAX_GROUPS, MAX_TARGETS, collisions, paths_of, wrong_paths

# The states in which an instance counts against limits and quotas.
COUNTED = ["pending", "running"]

GROUP_TAG = "jobfleet:group"
KEY_TAG = "jobfleet:key"
ROLE_TAG = "jobfleet:role"

# Instances that scaling launches carry this tag. The module `fleet` leaves them to it.
SCALED_TAG = "jobfleet:scaled"

# Instances made before there were groups carry no such tag and belong to this one.
DEFAULT_GROUP = "worker"

# What an instance is there for. Those made before there were roles carry no such tag and are workers.
WORKER, WEB = "worker", "web"
ROLES = (WORKER, WEB)
# The host that an image is made of has a life of its own (plugins/module_utils/images/builder.py).
IMAGE = "image"

ALIVE = ["pending", "running", "stopping", "stopped"]
OFF = ("stopping", "stopped")

MARKETS = ("on-demand", "spot")
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
_TYPE = re.compile(r"[a-z0-9-]+\.[a-z0-9-]+")
_KEYS = {"name", "count", "type", "zone", "market", "role", "balancer", "paths"}


@dataclass(frozen=True)
class InstanceGroup:
    """Instances of one kind: `count` of `type`, in the availability zone `zone` (empty: any).

    `role` is what they are there for, one of `ROLES`. Web hosts may be reached through a balancer, under
    `paths`; a group that is not balanced has none.
    """

    name: str
    count: int
    type: str
    zone: str = ""
    market: str = "on-demand"
    role: str = WORKER
    paths: tuple[str, ...] = ()

    @property
    def balanced(self) -> bool:
        """Whether the group is reached through the balancer."""
        return bool(self.paths)


@dataclass(frozen=True)
class FleetPlan:
    """What to do: how many to `launch` by group, and ids of instances to `start` and to `remove`."""

    launch: dict[str, int] = field(default_factory=dict)
    start: list[dict[str, Any]] = field(default_factory=list)
    remove: list[dict[str, Any]] = field(default_factory=list)

    def starting_types(self, groups: list[InstanceGroup]) -> list[str]:
        """Return the type of every instance that will run in addition."""
        kinds = {group.name: group.type for group in groups}
        launched = [kinds[name] for name, count in self.launch.items() for _ in range(count)]
        return launched + [one["InstanceType"] for one in self.start]


def parse_groups(given: list[dict[str, Any]]) -> tuple[list[InstanceGroup], list[str]]:
    """Return the groups that can be and, as sentences, what is wrong with the others."""
    groups: list[InstanceGroup] = []
    wrong: list[str] = []
    for item in given:
        name = str(item.get("name", ""))
        count, problem = _count(item.get("count", 1))
        zone, market = str(item.get("zone") or ""), str(item.get("market") or "on-demand")
        kind, role = str(item.get("type") or ""), str(item.get("role") or WORKER)
        problems = [
            (not _NAME.fullmatch(name), f"the name '{name}': give 1 to 32 small letters, digits and dashes"),
            (name in {group.name for group in groups}, f"the name '{name}' twice: {_own_name(name)}"),
            (bool(problem), problem),
            (not _TYPE.fullmatch(kind), f"the type '{kind}': give one such as t3.small"),
            (market not in MARKETS, f"the market '{market}': give {' or '.join(MARKETS)}"),
            (role not in ROLES, f"the role '{role}': give {' or '.join(ROLES)}"),
            (
                bool(set(item) - _KEYS),
                f"{', '.join(sorted(set(item) - _KEYS))}: there are {', '.join(sorted(_KEYS))}",
            ),
        ]
        found = [text for is_wrong, text in problems if is_wrong] + wrong_paths(item, name, role, WEB)
        wrong += [f"the group of instances '{name}' has {text}" for text in found]
        if not found:
            paths = paths_of(item, name) if item.get("balancer") else ()
            groups.append(InstanceGroup(name, count, kind, zone, market, role, paths))
    return groups, wrong + _wrong_together([one for one in groups if one.balanced])


def _wrong_together(balanced: list[InstanceGroup]) -> list[str]:
    found = collisions([(one.name, path) for one in balanced for path in one.paths])
    if len(balanced) > MAX_GROUPS:
        found.append(f"{len(balanced)} groups are balanced, and a balancer has {MAX_GROUPS} at most")
    if (hosts := sum(one.count for one in balanced)) > MAX_TARGETS:
        found.append(f"{hosts} hosts are balanced, and a balancer has {MAX_TARGETS} at most")
    return found


def _own_name(name: str) -> str:
    more = " (web_count makes one of this name, unless it is 0)" if name == WEB else ""
    return f"give each its own{more}"


def _count(given: Any) -> tuple[int, str]:
    text = str(given)
    if isinstance(given, bool) or not re.fullmatch(r"[0-9]{1,4}", text):
        return 0, f"the count '{text}': give a whole number, 0 or more"
    return int(text), ""


def tags_of(instance: dict[str, Any]) -> dict[str, str]:
    """Return an instance's tags as a dict."""
    return {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}


def role_of(instance: dict[str, Any]) -> str:
    """Return what an instance is there for."""
    return tags_of(instance).get(ROLE_TAG, WORKER)


def is_scaled(instance: dict[str, Any]) -> bool:
    """Tell whether scaling launched an instance, and ends it."""
    return SCALED_TAG in tags_of(instance)


def find_ours(ec2: Any, stack: str) -> list[dict[str, Any]]:
    """Return the stack's instances that are not terminated, but for one that an image is just made of."""
    pages = ec2.get_paginator("describe_instances").paginate(
        Filters=[
            {"Name": "tag:jobfleet:stack", "Values": [stack]},
            {"Name": "instance-state-name", "Values": ALIVE},
        ]
    )
    return [
        one
        for page in pages
        for reservation in page["Reservations"]
        for one in reservation["Instances"]
        if role_of(one) != IMAGE
    ]


def make_plan(
    groups: list[InstanceGroup], instances: list[dict[str, Any]], key: str, *, replace: bool
) -> FleetPlan:
    """Plan group by group. Too many: those that are off go first, then the newest.

    With `replace`, instances that do not carry the tag of the login key `key` go too. Groups that are
    not wanted any more go altogether, and so do a group's instances if it gets another role: they have
    the other role's security group.
    """
    stale = [one for one in instances if replace and tags_of(one).get(KEY_TAG) != key]
    by_group: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one in instances:
        if one not in stale:
            of = (tags_of(one).get(GROUP_TAG, DEFAULT_GROUP), role_of(one))
            by_group.setdefault(of, []).append(one)
    plan = FleetPlan(remove=list(stale))
    for group in groups:
        found = sorted(by_group.pop((group.name, group.role), []), key=_keep_first)
        plan.remove.extend(reversed(found[group.count :]))
        plan.start.extend(one for one in found[: group.count] if one["State"]["Name"] in OFF)
        if missing := group.count - len(found[: group.count]):
            plan.launch[group.name] = missing
    for unwanted in by_group.values():
        plan.remove.extend(unwanted)
    return plan


def _keep_first(instance: dict[str, Any]) -> tuple[bool, Any, str]:
    return instance["State"]["Name"] in OFF, instance["LaunchTime"], instance["InstanceId"]


def knows_another_key(instance: dict[str, Any], key: str) -> bool:
    """Tell whether an instance was launched with another login key; one without the tag is taken as ours."""
    return tags_of(instance).get(KEY_TAG, key) != key
