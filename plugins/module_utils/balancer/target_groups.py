"""Target groups: one for each group of hosts behind the balancer, with how their health is looked at."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.balancer.found import STACK_TAG, tags_by_arn, target_groups_of, unless_missing
from ansible.module_utils.balancer.load_balancer import listed, mend_tags
from ansible.module_utils.balancer.names import target_group_name
from ansible.module_utils.balancer.wanted import NEW, health_check, target_attributes, target_group
from ansible.module_utils.fleet.change import Refused
from ansible.module_utils.fleet.plan import GROUP_TAG, InstanceGroup
from ansible.module_utils.process.patience import HELD_TARGET_GROUP, NEW_BALANCER, patiently
from ansible.module_utils.scaling.changes import Changes


class TargetGroups:
    """The target groups of one stack. `tags` are theirs, besides the name of their group of hosts."""

    def __init__(self, elbv2: Any, stack: str, tags: dict[str, str], changes: Changes) -> None:
        self._api, self._stack, self._tags, self._changes = elbv2, stack, tags, changes

    def ensure(self, group: InstanceGroup, vpc: str, drain_seconds: int) -> str:
        """Make a target group, or make it as it should be; return its ARN, `NEW` where it is not made yet."""
        fixed, health = target_group(self._stack, group, vpc), health_check(group)
        name, tags = fixed["Name"], {**self._tags, GROUP_TAG: group.name}
        found = unless_missing(lambda: self._api.describe_target_groups(Names=[name])["TargetGroups"])
        if not found:
            made = {"TargetGroupArn": NEW}

            def make() -> None:
                told = self._api.create_target_group(**fixed, **health, Tags=listed(tags))
                made.update(told["TargetGroups"][0])

            self._changes.ensure(f"target group {name}", None, {**fixed, **health, "tags": tags}, make)
            arn = made["TargetGroupArn"]
        else:
            arn = found[0]["TargetGroupArn"]
            self._mend(found[0], fixed, health, tags)
        self._mend_attributes(arn, name, target_attributes(drain_seconds))
        return arn

    def arn_of(self, group: InstanceGroup) -> str:
        """Return a target group's ARN; in check mode `NEW` where it is not made yet. Raises `Refused`."""
        name = target_group_name(self._stack, group.name)
        found = unless_missing(lambda: self._api.describe_target_groups(Names=[name])["TargetGroups"])
        if found:
            return str(found[0]["TargetGroupArn"])
        if not self._changes.dry:
            raise Refused(f"There is no target group {name}: run site.yml, which makes it.")
        return NEW

    def of_stack(self) -> dict[str, str]:
        """Return the names of the stack's target groups by their ARNs."""
        found = target_groups_of(self._api, STACK_TAG, self._stack)
        return {one["TargetGroupArn"]: one["TargetGroupName"] for one in found}

    def remove(self, arn: str, name: str) -> None:
        """Remove one. A rule that is gone may hold it for some moments more."""
        self._changes.ensure(
            f"target group {name}", {"TargetGroupArn": arn}, None,
            lambda: patiently(self._api.delete_target_group, HELD_TARGET_GROUP, TargetGroupArn=arn),
        )  # fmt: skip

    def _mend(
        self, held: dict[str, Any], fixed: dict[str, Any], health: dict[str, Any], tags: dict[str, str]
    ) -> None:
        name, arn = fixed["Name"], held["TargetGroupArn"]
        if tags_by_arn(self._api, [arn])[arn].get(STACK_TAG) != self._stack:
            raise Refused(
                f"There is a target group {name} that does not carry the stack's tag: remove it, or "
                "take another stack_name."
            )
        now = {"TargetGroupName": fixed["Name"], **{key: fixed[key] for key in fixed if key != "Name"}}
        if other := {key: held.get(key) for key, value in now.items() if held.get(key) != value}:
            raise Refused(
                f"The target group {name} has {other}, which AWS never changes: remove it, and run "
                "this again."
            )
        self._changes.ensure(
            f"health check of {name}", {key: held.get(key) for key in health}, health,
            lambda: self._api.modify_target_group(TargetGroupArn=arn, **health),
        )  # fmt: skip
        mend_tags(self._api, self._changes, name, arn, tags)

    def _mend_attributes(self, arn: str, name: str, wanted: dict[str, str]) -> None:
        if arn == NEW:
            return
        told = patiently(self._api.describe_target_group_attributes, NEW_BALANCER, TargetGroupArn=arn)
        now = {one["Key"]: one["Value"] for one in told["Attributes"]}
        self._changes.ensure(
            f"attributes of {name}", {key: now.get(key) for key in wanted}, wanted,
            lambda: self._api.modify_target_group_attributes(TargetGroupArn=arn, Attributes=listed(wanted)),
        )  # fmt: skip
