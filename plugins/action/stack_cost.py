"""The module `stack_cost` in Ansible's own process."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ansible.plugins.loader import action_loader

InProcessAws = action_loader.get("in_process_aws", class_only=True)

from ansible.module_utils.account.aws_session import preload
from ansible.module_utils.fleet.cpu_credits import credits_of
from ansible.module_utils.fleet.hourly_cost import make_bill
from ansible.module_utils.fleet.plan import find_ours

preload("ec2")


def _unlimited(ec2: Any, ours: list[dict[str, Any]]) -> dict[str, int]:
    """Return by id how many vCPUs each instance has that may use more CPU credits than it has earned."""
    unlimited = {one for one, option in credits_of(ec2, ours).items() if option == "unlimited"}
    kinds = {one["InstanceId"]: one["InstanceType"] for one in ours if one["InstanceId"] in unlimited}
    if not kinds:
        return {}
    found = ec2.describe_instance_types(InstanceTypes=sorted(set(kinds.values())))["InstanceTypes"]
    vcpus = {one["InstanceType"]: one["VCpuInfo"]["DefaultVCpus"] for one in found}
    return {one: vcpus[kind] for one, kind in kinds.items()}


class ActionModule(InProcessAws):
    """The action."""

    TROUBLE = "Could not look at the stack's instances"

    def ask(self) -> dict[str, Any]:
        """Return the bill of what runs."""
        ec2 = self.client("ec2")
        ours = find_ours(ec2, self.params["stack"])
        ids = [one["InstanceId"] for one in ours]
        attached = [{"Name": "attachment.instance-id", "Values": ids}]
        volumes = ec2.describe_volumes(Filters=attached)["Volumes"] if ids else []
        bill = make_bill(
            ours, volumes, self.params["prices"], self.region, datetime.now(UTC), _unlimited(ec2, ours)
        )
        return {"lines": bill.lines, "dollars": bill.dollars, "complete": bill.complete}
