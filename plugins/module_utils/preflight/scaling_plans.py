"""What a run launches where the fleet scales: at once, and at most."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ansible.module_utils.fleet.plan import (
    COUNTED,
    GROUP_TAG,
    WORKER,
    FleetPlan,
    InstanceGroup,
    is_scaled,
    make_plan,
    role_of,
    tags_of,
)
from ansible.module_utils.scaling.shares import scaled_groups


@dataclass(frozen=True)
class Plans:
    """What is launched by this run (`now`), and what may be in the end (`most`), when scaling has grown."""

    now: FleetPlan
    most: FleetPlan
    plain: list[InstanceGroup] = field(default_factory=list)
    """The groups whose instances do not scale."""


def plans_of(
    groups: list[InstanceGroup], ours: list[dict[str, Any]], key: str, *, replace_keys: bool, scaling: Any
) -> Plans:
    """Plan a run. `scaling` is the variable: a dictionary with `min` and `max`, or empty."""
    scaled = [one for one in ours if is_scaled(one)]
    plain = [one for one in ours if not is_scaled(one)]
    if not scaling:
        # What scaled is drained and ended before anything is launched.
        plan = make_plan(groups, plain, key, replace=replace_keys)
        plan.remove.extend(scaled)
        return Plans(plan, plan, groups)
    low, high = _bound(scaling, "min"), _bound(scaling, "max")
    web = [one for one in groups if one.role != WORKER]
    # Plain workers of before stay until the ones that scale work.
    standing = [one for one in plain if role_of(one) != WORKER]
    plan = make_plan(web, standing, key, replace=replace_keys)
    kinds = scaled_groups("", groups, low, high)
    running = [tags_of(one).get(GROUP_TAG, "") for one in scaled if one["State"]["Name"] in COUNTED]
    missing = {
        bound: {
            one.kind.name: count
            for one in kinds
            if (count := getattr(one, bound) - running.count(one.kind.name)) > 0
        }
        for bound in ("minimum", "maximum")
    }
    now = replace(plan, launch={**plan.launch, **missing["minimum"]})
    return Plans(now, replace(plan, launch={**plan.launch, **missing["maximum"]}), web)


def most_scaled(scaling: Any) -> int:
    """Return how many hosts scaling may launch; 0 without it."""
    return _bound(scaling, "max") if scaling else 0


def _bound(scaling: Any, name: str) -> int:
    """Return a bound; 0 for what is none, which the rules of the role `scaling` say."""
    value = scaling.get(name) if isinstance(scaling, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10_000 else 0
