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
from ansible.module_utils.fleet.web_hosts import members_of, showing_the_page

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


def _web(ours: list[dict[str, Any]], *, on_workers: bool) -> list[str]:
    """Return the addresses of those that run and show the page."""
    running = [one for one in ours if one["State"]["Name"] == "running"]
    showing = showing_the_page(members_of(running), on_workers=on_workers)
    found = {one["InstanceId"]: one.get("PublicIpAddress") or one["PrivateIpAddress"] for one in running}
    return [f"[{found[one]}]" if ":" in found[one] else found[one] for one in showing]


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
        web = _web(ours, on_workers=self.params["web_on_workers"])
        return {"lines": bill.lines, "dollars": bill.dollars, "complete": bill.complete, "web": web}
