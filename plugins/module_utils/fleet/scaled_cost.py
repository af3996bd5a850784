"""What is said of a fleet that scales: bounds, how many hosts are wanted, and what it costs at most."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.fleet.hourly_cost import HOURS_PER_MONTH
from ansible.module_utils.fleet.plan import COUNTED, is_scaled
from ansible.module_utils.scaling.shares import shares

# The type of the volumes that hosts are launched with.
VOLUME = "gp3"


def scaling_lines(
    configuration: Any,
    instances: list[dict[str, Any]],
    wanted: int | None,
    prices: dict[str, Any],
    volume_size: int,
) -> list[str]:
    """Return sentences on a stack's scaling.

    `configuration` is the stack's own, `wanted` how many hosts its groups want; None where nobody tells.
    `prices` are those of `make_bill`, for this region, or empty.
    """
    running = sum(is_scaled(one) and one["State"]["Name"] in COUNTED for one in instances)
    told = "" if wanted is None else f"{wanted} wanted now, "
    how = "Auto Scaling groups" if configuration.mode == "groups" else "plain launches: groups are refused"
    bounds = f"from {configuration.minimum} to {configuration.maximum}"
    lines = [f"Workers scale {bounds} ({how}): {told}{running} run or boot."]
    if configuration.paused:
        lines.append("The scaling is stopped: playbooks/start.yml brings it back.")
    most = _most(configuration, prices, volume_size)
    price = "price unknown" if most is None else f"{most:.4f} $ an hour"
    lines.append(f"All {configuration.maximum} of them, with addresses and volumes: {price}.")
    return lines


def _most(configuration: Any, prices: dict[str, Any], volume_size: int) -> float | None:
    """Return what the greatest fleet costs an hour, in dollars; None where a price is unknown."""
    groups = [one for one in configuration.groups if one.weight > 0]
    counts = shares(configuration.maximum, [one.weight for one in groups])
    total = 0.0
    for group, count in zip(groups, counts, strict=True):
        price = prices.get("instances", {}).get(group.type)
        if price is None:
            return None
        volume = float(prices["volumes"][VOLUME]) / HOURS_PER_MONTH * volume_size
        total += count * (float(price) + float(prices["address"]) + volume)
    return total
