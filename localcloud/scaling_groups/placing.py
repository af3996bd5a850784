"""Where the next instance goes, and which one leaves first."""

from collections import Counter
from collections.abc import Callable, Iterable

from localcloud.scaling_groups.ec2 import Spot
from localcloud.scaling_groups.group import GroupMember, ScalingGroup

_HOUR = 3600.0

DEFAULT_POLICIES = ("Default",)
# Some mean nothing where all instances are on demand and of launch templates: they leave the choice as it is.
POLICIES = (
    "Default",
    "OldestInstance",
    "NewestInstance",
    "OldestLaunchTemplate",
    "OldestLaunchConfiguration",
    "ClosestToNextInstanceHour",
    "AllocationStrategy",
)


def spots_in_turn(group: ScalingGroup) -> list[Spot]:
    """Return where to try to launch, one after the other: zones with the fewest instances first.

    A zone that has no room is left for the next one:
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-availability-zone-balanced.html
    """
    in_zones = Counter(member.zone for member in group.counted())
    return sorted(group.spots, key=lambda spot: in_zones[spot.zone])


def victims(group: ScalingGroup, number: int, now: float, hour: float = _HOUR) -> list[GroupMember]:
    """Return which instances go when the group has `number` too many; at times there are fewer that may.

    Each time one of the zone that has the most, so that zones stay balanced, then by the group's policies.
    Protected instances never go, nor those that rebalancing has just launched. `hour` is how many seconds of
    the clock an hour takes.
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html
    """
    left = [member for member in group.in_service() if member.id not in group.beyond]
    chosen: list[GroupMember] = []
    for _ in range(number):
        free = [member for member in left if not member.protected]
        if not free:
            break
        in_zones = Counter(member.zone for member in left)
        most = max(in_zones[member.zone] for member in free)
        candidates = [member for member in free if in_zones[member.zone] == most]
        chosen.append(_choose(candidates, group.termination_policies or DEFAULT_POLICIES, now, hour))
        left.remove(chosen[-1])
    return chosen


def _choose(candidates: list[GroupMember], policies: Iterable[str], now: float, hour: float) -> GroupMember:
    for policy in [*policies, "Default"]:
        for rank in _ranks(policy, now, hour):
            least = min(rank(member) for member in candidates)
            candidates = [member for member in candidates if rank(member) == least]
    return min(candidates, key=lambda member: member.id)


def _ranks(policy: str, now: float, hour: float) -> list[Callable[[GroupMember], float]]:
    """Return what a policy looks at, one after the other; the least goes first."""

    def oldest_template(member: GroupMember) -> float:
        return float(member.template.version or 0)

    def until_the_next_hour(member: GroupMember) -> float:
        return hour - (now - member.since) % hour

    match policy:
        case "OldestInstance":
            return [lambda member: member.since]
        case "NewestInstance":
            return [lambda member: -member.since]
        case "OldestLaunchTemplate":
            return [oldest_template]
        case "ClosestToNextInstanceHour":
            return [until_the_next_hour]
        case "Default":
            return [oldest_template, until_the_next_hour]
        case _:
            return []
