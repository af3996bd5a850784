"""The module `stack_balancer` in Ansible's own process."""

from __future__ import annotations

from typing import Any

from ansible.plugins.loader import action_loader

InProcessAws = action_loader.get("in_process_aws", class_only=True)

from ansible.module_utils.account.aws_session import preload
from ansible.module_utils.balancer.stack_balancer import StackBalancer
from ansible.module_utils.fleet.change import Refused
from ansible.module_utils.fleet.plan import InstanceGroup, parse_groups
from ansible.module_utils.process.failure import Failure
from ansible.module_utils.scaling.changes import Changes

preload("ec2", "elbv2")


class ActionModule(InProcessAws):
    """The action."""

    TROUBLE = "Could not make the balancer what it should be"
    REQUIRED_IF = (
        ("state", "present", ("groups", "security_group")),
        ("state", "serving", ("groups",)),
        ("state", "drained", ("leaving",)),
    )

    def ask(self) -> dict[str, Any]:
        """Make the balancer, have it serve, drain hosts, or remove it."""
        changes = Changes(dry=self.check_mode)
        try:
            told = self._change(changes)
        except Refused as problem:
            raise Failure(str(problem), mended=changes.names) from problem
        return {**told, **changes.result()}

    def _change(self, changes: Changes) -> dict[str, Any]:
        state, groups = self.params["state"], self._groups()
        balancer = StackBalancer(self.client("ec2"), self.client("elbv2"), self.params, groups, changes)
        if state == "drained":
            balancer.drain(self.params["leaving"])
            return {}
        if state == "serving":
            balancer.serve()
            return balancer.told()
        if state == "absent" or not groups:
            balancer.remove(drained=state != "absent")
            return {"dns_name": "", "name": balancer.name}
        return {"dns_name": balancer.ensure(self.region), "name": balancer.name}

    def _groups(self) -> list[InstanceGroup]:
        """Return the groups behind the balancer. Raises `Refused` for some that cannot be."""
        groups, wrong = parse_groups(self.params["groups"] or [])
        if wrong:
            raise Refused("; ".join(wrong))
        return [one for one in groups if one.balanced and one.count]
