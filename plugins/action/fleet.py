"""The module `fleet` in Ansible's own process."""

from __future__ import annotations

from typing import Any

from ansible.plugins.loader import action_loader

InProcessAws = action_loader.get("in_process_aws", class_only=True)

from ansible.module_utils.account.aws_session import preload
from ansible.module_utils.account.lab_limits import LabLimits, is_lab, limits, refusals
from ansible.module_utils.firewall.regroup import regroup
from ansible.module_utils.fleet.change import Changer, Refused, newest_image
from ansible.module_utils.fleet.cpu_credits import NotChanged
from ansible.module_utils.fleet.gone_workers import forget, gone_workers
from ansible.module_utils.fleet.plan import InstanceGroup, find_ours, parse_groups
from ansible.module_utils.process.failure import Failure
from ansible.module_utils.storage.bucket_lock import BucketLock, LockHeld
from botocore.exceptions import ClientError

preload("ec2", "sts", "s3")

LOCK_KEY = "locks/fleet"

# What changes how many instances run.
COUNTED = ("launched", "started", "terminated")

# What is put right besides.
MENDED = ("profiled", "regrouped", "credited", "forgotten")


class ActionModule(InProcessAws):
    """The action."""

    TROUBLE = "Could not make the fleet what it should be"
    # It holds the hosts' private key.
    SECRETS = frozenset({"user_data"})

    def ask(self) -> dict[str, Any]:
        """Make the fleet what it should be."""
        try:
            done = self._change()
        except (Refused, LockHeld) as problem:
            raise Failure(str(problem)) from problem
        return {"changed": any(done[kind] for kind in (*COUNTED, *MENDED)), **done}

    def _change(self) -> dict[str, Any]:
        """Do what the parameters say. Raises `Refused`, `LockHeld` and AWS's own errors."""
        ec2 = self.client("ec2")
        newest = newest_image(ec2, self.params["image_owner"], self.params["image_name"], self.region)
        images = {"image_id": self.params["image_id"] or newest, "web_image_id": newest}
        groups, wrong = parse_groups(self.params["groups"])
        if wrong:
            raise Refused("; ".join(wrong))
        changer = Changer(ec2, {**self.params, **images}, groups, self._allowed(groups))
        plan = changer.plan()
        surplus = [one["InstanceId"] for one in plan.remove]
        elsewhere = changer.in_other_groups(surplus)
        done = {
            "launched": [name for name, count in plan.launch.items() for _ in range(count)],
            "started": [one["InstanceId"] for one in plan.start],
            "terminated": [one for one in surplus if one in self.params["remove"]],
            "surplus": surplus,
            "profiled": changer.without_profile(surplus),
            "regrouped": sorted(elsewhere),
            "credited": changer.with_other_credits(surplus),
            "booting": changer.booting(surplus),
            "running": changer.running(surplus),
            "forgotten": self._gone(ec2),
        }
        if self.check_mode:
            return done
        if any(done[kind] for kind in COUNTED):
            changer.wait_for_stopping(plan)
            with BucketLock(self.client("s3"), self.params["bucket"], LOCK_KEY) as lock:
                done = {**done, **changer.change(lock)}
        changer.settle(done)
        changer.give_profile(done["profiled"])
        regroup(ec2, elsewhere)
        return {**done, **self._tidied(changer, ec2, done), "running": changer.running(done["surplus"])}

    def _tidied(self, changer: Changer, ec2: Any, done: dict[str, Any]) -> dict[str, Any]:
        """Do what workers can do without: where it is not allowed, the run goes on and warns."""
        told: dict[str, Any] = {"credited": done["credited"], "warnings": []}
        try:
            changer.give_credits(done["credited"])
        except NotChanged as problem:
            told["credited"] = []
            told["warnings"].append(f"{problem}.")
        # Anew, with those that were terminated just now.
        told["forgotten"] = self._gone(ec2)
        try:
            forget(self.client("s3"), self.params["bucket"], told["forgotten"])
        except ClientError as problem:
            if problem.response["Error"]["Code"] != "AccessDenied":
                raise
            told["warnings"].append(
                f"The heartbeats of {', '.join(told['forgotten'])}, which are gone, may not be deleted: have "
                "s3:DeleteObject on workers/* allowed, or wait until they expire."
            )
            told["forgotten"] = []
        return told

    def _gone(self, ec2: Any) -> list[str]:
        """Return the workers that are gone and left heartbeats.

        Where hosts scale, that is no remainder: what they offered is known by it while none runs. It expires.
        """
        if self.params["scaling_max"]:
            return []
        there = {one["InstanceId"] for one in find_ours(ec2, self.params["stack"])}
        return gone_workers(self.client("s3"), self.params["bucket"], there)

    def _allowed(self, groups: list[InstanceGroup]) -> LabLimits:
        """Return the limits of this account. Raises `Refused` for groups that it does not allow at all."""
        try:
            lab = is_lab(self.params["lab_mode"], self.client("sts").get_caller_identity()["Arn"])
            most = limits(lab, self.params["lab_max_instances"])
        except ValueError as problem:
            raise Refused(f"{problem}.") from problem
        wanted = [(group.name, group.type, group.market) for group in groups if group.count]
        if lab and (said := refusals(self.region, wanted)):
            raise Refused(f"Nothing is launched: {'; '.join(said)}.")
        return most
