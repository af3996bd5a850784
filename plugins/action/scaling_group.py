"""The module `scaling_group` in Ansible's own process."""

from __future__ import annotations

from typing import Any

from ansible.plugins.loader import action_loader

InProcessAws = action_loader.get("in_process_aws", class_only=True)

from ansible.module_utils.account.aws_session import preload
from ansible.module_utils.account.lab_limits import LabLimits, is_lab, limits
from ansible.module_utils.fleet.change import Refused
from ansible.module_utils.fleet.plan import parse_groups
from ansible.module_utils.process.failure import Failure
from ansible.module_utils.scaling.changes import Changes
from ansible.module_utils.scaling.leaving import StillThere
from ansible.module_utils.scaling.scaling_fleet import Apis, ScalingFleet
from ansible.module_utils.scaling.shares import ScaledGroup, scaled_groups
from ansible.module_utils.storage.bucket_lock import LockHeld

preload("ec2", "sts", "s3")

LAUNCHED_WITH = (
    "groups",
    "limits",
    "queue",
    "name",
    "security_group",
    "key_name",
    "key_mark",
    "image_id",
    "user_data",
)


class ActionModule(InProcessAws):
    """The action."""

    TROUBLE = "Could not make the scaling of the fleet what it should be"
    # It holds the hosts' private key.
    SECRETS = frozenset({"user_data"})
    REQUIRED_IF = (("state", "present", LAUNCHED_WITH),)

    def ask(self) -> dict[str, Any]:
        """Switch scaling on, stop it or remove it."""
        changes = Changes(dry=self.check_mode)
        try:
            told = self._change(changes)
        except (Refused, StillThere, LockHeld) as problem:
            raise Failure(str(problem), mended=changes.names) from problem
        return {**told, **changes.result()}

    def _change(self, changes: Changes) -> dict[str, Any]:
        services = ("ec2", "autoscaling", "cloudwatch", "s3", "iam")
        apis = Apis(**{name: self.client(name) for name in services})
        if self.params["state"] == "absent":
            ScalingFleet(apis, self.params, LabLimits(), changes).switch_off(drain=self.params["drain"])
            return {}
        if self.params["state"] == "stopped":
            ScalingFleet(apis, self.params, LabLimits(), changes).stop()
            return {}
        most = self._most()
        return ScalingFleet(apis, self.params, most, changes).switch_on(self._wanted(), self.region)

    def _wanted(self) -> list[ScaledGroup]:
        groups, wrong = parse_groups(self.params["groups"])
        if wrong:
            raise Refused("; ".join(wrong))
        bounds = self.params["limits"]
        wanted = scaled_groups(self.params["stack"], groups, bounds["min"], bounds["max"])
        if not wanted:
            raise Refused("There is no group of workers that could scale: give one a count of 1 or more.")
        return wanted

    def _most(self) -> LabLimits:
        """Return the limits of this account. Raises `Refused` for settings that cannot be."""
        try:
            lab = is_lab(self.params["lab_mode"], self.client("sts").get_caller_identity()["Arn"])
            return limits(lab, self.params["lab_max_instances"])
        except ValueError as problem:
            raise Refused(f"{problem}.") from problem
