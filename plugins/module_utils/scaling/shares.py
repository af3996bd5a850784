"""How the bounds of a fleet are shared out among its groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible.module_utils.fleet.plan import WORKER, InstanceGroup


@dataclass(frozen=True)
class ScaledGroup:
    """A group of workers that scales between its shares of the fleet's bounds.

    `name` is that of its Auto Scaling group and of its launch template.
    """

    name: str
    kind: InstanceGroup
    minimum: int
    maximum: int


def scaled_groups(
    stack: str, groups: Sequence[InstanceGroup], minimum: int, maximum: int
) -> list[ScaledGroup]:
    """Return the groups of workers with their shares. The count of a group is its weight; 0 is none."""
    workers = [one for one in groups if one.role == WORKER and one.count > 0]
    weights = [one.count for one in workers]
    least, most = shares(minimum, weights), shares(maximum, weights)
    return [
        ScaledGroup(f"{stack}-{one.name}", one, low, high)
        for one, low, high in zip(workers, least, most, strict=True)
    ]


def shares(total: int, weights: Sequence[int]) -> list[int]:
    """Share `total` out by positive `weights`; the shares add up to it.

    By highest averages (D'Hondt): more to share out never makes a share smaller, so that a group's least
    share is never above its greatest. https://en.wikipedia.org/wiki/D%27Hondt_method
    """
    given = [0] * len(weights)
    for _ in range(total if weights else 0):
        first = max(range(len(weights)), key=lambda at: (weights[at] / (given[at] + 1), -at))
        given[first] += 1
    return given
