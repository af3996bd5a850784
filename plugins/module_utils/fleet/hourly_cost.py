"""What a stack's instances, addresses and volumes cost an hour."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ansible.module_utils.fleet.plan import (
    DEFAULT_GROUP,
    GROUP_TAG,
    WORKER,
    is_scaled,
    role_of,
    tags_of,
)

HOURS_PER_MONTH = 730
RUNNING = ("pending", "running")


@dataclass
class Bill:
    """Lines for a person; `dollars` an hour, and whether something is in it whose price is unknown."""

    lines: list[str] = field(default_factory=list)
    dollars: float = 0.0
    complete: bool = True

    def add(self, text: str, each: float | None, amount: float) -> None:
        """Add a line for `amount` of something at `each` dollars an hour; None if that is unknown."""
        if each is None:
            self.complete = False
            self.lines.append(f"{text}: price unknown")
        else:
            self.dollars += each * amount
            self.lines.append(f"{text}: {each * amount:.4f} $ an hour")


def make_bill(
    instances: list[dict[str, Any]],
    volumes: list[dict[str, Any]],
    prices: dict[str, Any],
    region: str,
    now: datetime,
    unlimited: dict[str, int] | None = None,
    balancer_zones: int = 0,
) -> Bill:
    """Return the bill of what `describe_instances` and `describe_volumes` returned.

    `balancer_zones` are in how many zones there is a load balancer; 0 without one.
    `unlimited` has the vCPUs of each instance, by id, that may use more CPU credits than it has earned.
    """
    bill = Bill()
    known = region in prices["regions"]
    for kind, found in sorted(_by_kind(instances).items()):
        _add_kind(bill, kind, found, prices["instances"] if known else {}, now)
    _add_credits(bill, instances, unlimited or {}, prices["credits"] if known else {})
    addresses = sum(bool(one.get("PublicIpAddress")) for one in instances)
    if addresses:
        bill.add(f"{addresses} public IPv4", float(prices["address"]) if known else None, addresses)
    if balancer_zones:
        _add_balancer(bill, balancer_zones, prices if known else {})
    sizes: Counter[str] = Counter()
    for volume in volumes:
        sizes[volume["VolumeType"]] += volume["Size"]
    for kind, size in sorted(sizes.items()):
        month = prices["volumes"].get(kind) if known else None
        bill.add(f"{size} GiB {kind}", None if month is None else month / HOURS_PER_MONTH, size)
    _add_sum(bill, prices["as_of"])
    return bill


def _by_kind(instances: list[dict[str, Any]]) -> dict[tuple[str, str, str, str], list[dict[str, Any]]]:
    found: dict[tuple[str, str, str, str], list[dict[str, Any]]] = {}
    for one in instances:
        state = "running" if one["State"]["Name"] in RUNNING else "stopped"
        market = one.get("InstanceLifecycle", "on-demand")
        group, role = tags_of(one).get(GROUP_TAG, DEFAULT_GROUP), role_of(one)
        group = group if role in (group, WORKER) else f"{group}, {role}"
        group += ", scales" if is_scaled(one) else ""
        found.setdefault((group, one["InstanceType"], state, market), []).append(one)
    return found


def _add_kind(
    bill: Bill,
    kind: tuple[str, str, str, str],
    found: list[dict[str, Any]],
    prices: dict[str, float],
    now: datetime,
) -> None:
    group, name, state, market = kind
    text = f"{len(found)} {name} ({group}), {state}"
    if state == "stopped":
        bill.add(text, 0.0, len(found))
        return
    ages = sorted((now - one["LaunchTime"]).total_seconds() for one in found)
    text += f" for {_words(ages[0])}" if len(ages) == 1 else f" for {_words(ages[0])} to {_words(ages[-1])}"
    if market != "on-demand":
        bill.add(f"{text}, {market}", None, len(found))
    else:
        bill.add(text, prices.get(name), len(found))


def _add_credits(
    bill: Bill, instances: list[dict[str, Any]], unlimited: dict[str, int], prices: dict[str, float]
) -> None:
    """Say what unearned CPU credits may cost; how many are used nobody knows before the bill comes."""
    busy = [
        one for one in instances
        if one["State"]["Name"] in RUNNING and unlimited.get(one.get("InstanceId", ""))
    ]  # fmt: skip
    for kind in sorted({one["InstanceType"] for one in busy}):
        vcpus = [unlimited[one["InstanceId"]] for one in busy if one["InstanceType"] == kind]
        each = prices.get(kind.partition(".")[0])
        price = "price unknown" if each is None else f"up to {each * sum(vcpus):.4f} $ an hour more"
        at = "" if each is None else f", {each:.2f} $ a vCPU-hour above the baseline"
        bill.complete = False
        bill.lines.append(f"{len(vcpus)} {kind} with unlimited CPU credits, when busy: {price}{at}")


def _add_balancer(bill: Bill, zones: int, prices: dict[str, Any]) -> None:
    """Add a balancer and its addresses, one a zone; how much it serves nobody knows before the bill comes."""
    bill.add("1 load balancer", prices.get("balancer"), 1)
    bill.add(f"{zones} public IPv4 of the load balancer", prices.get("address"), zones)
    unit = prices.get("balancer_unit")
    bill.complete = False
    bill.lines.append(
        "what the load balancer serves: "
        + ("price unknown" if unit is None else f"{unit} $ an hour more for each capacity unit (LCU)")
    )


def _words(seconds: float) -> str:
    minutes = max(0, int(seconds // 60))
    days, hours = minutes // 1440, minutes // 60 % 24
    return f"{days} d {hours} h" if days else f"{hours} h {minutes % 60:02d} min"


def _add_sum(bill: Bill, as_of: str) -> None:
    if not bill.lines:
        bill.lines.append("No instances: nothing that costs by the hour.")
        return
    least = "" if bill.complete else "at least "
    bill.lines.append(
        f"Together {least}{bill.dollars:.4f} $ an hour, {bill.dollars * 24:.2f} $ a day "
        f"(AWS's list prices of {as_of}, without tax)."
    )
