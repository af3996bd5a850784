"""What commands do with Auto Scaling groups and with calls that shall fail."""

from typing import TYPE_CHECKING, Any

from localcloud.errors import LocalcloudError

if TYPE_CHECKING:
    from localcloud.control.admin_paths import Action
    from localcloud.iam.ordered_refusals import OrderedRefusals
    from localcloud.scaling_groups.engine import GroupEngine


def group_actions(engine: "GroupEngine", orders: "OrderedRefusals") -> "dict[str, Action]":
    """Return the actions by their paths."""

    def refuse(asked: dict[str, Any]) -> dict[str, Any]:
        orders.give(asked["call"], int(asked["times"]), asked.get("code"))
        return {}

    def rebalance(asked: dict[str, Any]) -> dict[str, Any]:
        from localcloud.scaling_groups import wishes

        found = [group for group in engine.everything() if group.name == asked["group"]]
        if not found:
            raise LocalcloudError(f"there is no Auto Scaling group {asked['group']}: see `status`")
        with engine.changing(found[0].place):
            launched = wishes.rebalance(engine, found[0])
            return {"launched": launched, "suspended": sorted(found[0].suspended)}

    return {"refuse": refuse, "rebalance": rebalance}
