"""The module `stack_firewall`: looks and makes the group itself, and lets amazon.aws mend what differs."""

from __future__ import annotations

from typing import Any

from ansible.plugins.loader import action_loader

InProcessAws = action_loader.get("in_process_aws", class_only=True)

from ansible.module_utils.account.aws_session import preload
from ansible.module_utils.firewall.group_rules import (
    difference,
    found_rules,
    found_tags,
    named_groups,
    wanted_rules,
)
from ansible.module_utils.firewall.security_group import find, let_go, make, remove
from ansible.module_utils.process.patience import NEW_GROUP_S_RULES, patiently

preload("ec2")

MENDS = "amazon.aws.ec2_security_group"


class ActionModule(InProcessAws):
    """The action."""

    TROUBLE = "Could not ensure that the security group is as it should be"
    REQUIRED_IF = (("state", "present", ("description", "rules", "rules_egress")),)

    def ask(self) -> dict[str, Any]:
        """Look at the group, and let it be mended, or remove it, where it is not as wanted."""
        ec2 = self.client("ec2")
        group = find(ec2, self.params["name"])
        return self._absent(ec2, group) if self.params["state"] == "absent" else self._present(ec2, group)

    def _absent(self, ec2: Any, group: dict[str, Any] | None) -> dict[str, Any]:
        if group is None or not found_tags(group).items() >= self._tags.items():
            return {}
        if not self.check_mode:
            let_go(ec2, group["GroupId"], self._tags)
            remove(ec2, group["GroupId"])
        before = {"group": self.params["name"], "rules": sorted(found_rules(group))}
        return {"changed": True, "diff": {"before": before, "after": {"group": None, "rules": []}}}

    def _present(self, ec2: Any, group: dict[str, Any] | None) -> dict[str, Any]:
        named = named_groups(self.params["rules"] + self.params["rules_egress"])
        peers = {name: find(ec2, name) for name in named}
        shown = self._difference(group, {name: one["GroupId"] for name, one in peers.items() if one})
        if not shown:
            return {}
        mended: dict[str, Any] = {}
        if not self.check_mode:
            delays = []
            if group is None:
                # The module breaks on a group of its own making that EC2 does not show it at once.
                make(ec2, self.params["name"], self.params["description"], self._tags)
                delays = [NEW_GROUP_S_RULES]
            for name in (name for name, there in peers.items() if not there):
                make(ec2, name, named[name], self._tags)
                delays = [NEW_GROUP_S_RULES]
            # Its own difference names rules that stay, and leaves out all ports of a rule but the last.
            mended = patiently(self.run_module, *delays, name=MENDS, arguments=dict(self._task.args))
        return {
            "changed": True,
            "diff": {
                when: {what: told[when] for what, told in shown.items()} for when in ("before", "after")
            },
            **{name: mended[name] for name in ("warnings", "deprecations") if name in mended},
        }

    @property
    def _tags(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.params["tags"].items()}

    def _difference(self, group: dict[str, Any] | None, peers: dict[str, str]) -> dict[str, dict[str, Any]]:
        """Return by `group`, `rules` and `tags` what is to be shown `before` and `after`.

        `peers` has the ids of the groups that rules name and that are there.
        """
        wanted = wanted_rules(self.params["rules"], self.params["rules_egress"], peers)
        tags = self._tags
        if group is None:
            return {
                "group": {"before": None, "after": self.params["name"]},
                "rules": difference(set(), wanted),
                "tags": {"before": {}, "after": tags},
            }
        held = found_tags(group)
        parts = {
            "rules": difference(found_rules(group), wanted),
            "tags": {
                "before": {name: held[name] for name in held if tags.get(name) != held[name]},
                "after": {name: tags[name] for name in tags if held.get(name) != tags[name]},
            },
        }
        return {what: told for what, told in parts.items() if told["before"] or told["after"]}
