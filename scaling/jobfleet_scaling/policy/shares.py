"""Which group gets how many of the hosts, and which hosts leave first."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class GroupShare:
    """What a group may have: a part of the fleet by its `weight`, and at most `maximum` hosts."""

    weight: int
    maximum: int


@dataclass(frozen=True)
class FleetMember:
    """A host of the fleet that is not leaving yet.

    `launched` is a time in seconds, `idle` says that it has no job in hand (as one that boots),
    `outdated` that it was launched from an earlier version of its group's template, and `doubtful` that its
    worker is late to say that it lives.
    """

    host: str
    group: str
    launched: float
    idle: bool = False
    outdated: bool = False
    doubtful: bool = False


def distribute(
    total: int, groups: Mapping[str, GroupShare], standing: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Return how many of `total` hosts each group is to have.

    It begins with what each has, `standing`, and adds hosts where a group has least for its weight, or takes
    them where it has most. So a group never shrinks while another one grows, unless it has more than its
    maximum. Groups of weight 0 come last. The sum is less than `total` only if all are at their maximum.
    """
    counts = {
        name: min(max(0, (standing or {}).get(name, 0)), max(0, group.maximum))
        for name, group in groups.items()
    }
    have = sum(counts.values())
    for _ in range(total - have):
        open_groups = [name for name in groups if counts[name] < groups[name].maximum]
        if not open_groups:
            break
        counts[max(open_groups, key=lambda name: _claim(groups[name], counts[name]))] += 1
    for _ in range(have - max(0, total)):
        taken = [name for name in groups if counts[name]]
        counts[min(reversed(taken), key=lambda name: _claim(groups[name], counts[name] - 1))] -= 1
    return counts


def first_to_leave(members: Iterable[FleetMember], counts: Mapping[str, int]) -> list[str]:
    """Return the hosts that are more than their groups are to have, in the order in which they are to go.

    Those that may be dead go first, then those of an earlier version, then those without a job, then the
    youngest. A host whose group is not in `counts` goes too.
    """
    order = sorted(
        members, key=lambda one: (not one.doubtful, not one.outdated, not one.idle, -one.launched, one.host)
    )
    surplus = Counter(one.group for one in order)
    surplus.subtract(counts)
    leaving = []
    for one in order:
        if surplus[one.group] > 0:
            surplus[one.group] -= 1
            leaving.append(one.host)
    return leaving


def _claim(group: GroupShare, count: int) -> tuple[bool, float]:
    """Return how much a group is due one more host: by the method of Webster and Sainte-Laguë.

    Unlike rounding each share, it never takes a host from a group because the total grew.
    """
    return group.weight > 0, group.weight / (2 * count + 1) if group.weight > 0 else -count
