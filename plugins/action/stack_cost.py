"""The module `stack_cost` in Ansible's own process."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ansible.plugins.loader import action_loader

InProcessAws = action_loader.get("in_process_aws", class_only=True)

from ansible.module_utils.account.aws_session import preload
from ansible.module_utils.balancer.found import Found, find
from ansible.module_utils.fleet.cpu_credits import credits_of
from ansible.module_utils.fleet.hourly_cost import make_bill
from ansible.module_utils.fleet.plan import GROUP_TAG, find_ours, is_scaled, tags_of
from ansible.module_utils.fleet.scaled_cost import scaling_lines
from ansible.module_utils.fleet.web_hosts import members_of, showing_the_page
from ansible.module_utils.scaling.changes import Changes
from ansible.module_utils.scaling.published import GROUPS, PublishedScaling, read
from botocore.exceptions import ClientError

preload("ec2", "s3", "elbv2")


def _unlimited(ec2: Any, ours: list[dict[str, Any]]) -> dict[str, int]:
    """Return by id how many vCPUs each instance has that may use more CPU credits than it has earned."""
    unlimited = {one for one, option in credits_of(ec2, ours).items() if option == "unlimited"}
    kinds = {one["InstanceId"]: one["InstanceType"] for one in ours if one["InstanceId"] in unlimited}
    if not kinds:
        return {}
    found = ec2.describe_instance_types(InstanceTypes=sorted(set(kinds.values())))["InstanceTypes"]
    vcpus = {one["InstanceType"]: one["VCpuInfo"]["DefaultVCpus"] for one in found}
    return {one: vcpus[kind] for one, kind in kinds.items()}


def _balancer_lines(balancer: Found | None) -> list[str]:
    """Return how the balancer is, and who is behind it."""
    if not balancer:
        return []
    urls = balancer.urls()
    return [f"Load balancer {balancer.name} is {balancer.state}."] + [
        f"{', '.join(urls.get(group, ['no path']))} leads to {group}: "
        f"{'; '.join(one.words for one in hosts) or 'nobody'}."
        for group, hosts in sorted(balancer.targets.items())
    ]


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
        balancer = find(self.client("elbv2"), self.params["stack"])
        bill = make_bill(
            ours, volumes, self.params["prices"], self.region, datetime.now(UTC), _unlimited(ec2, ours),
            len(balancer.zones) if balancer else 0,
        )  # fmt: skip
        lines = bill.lines + self._scaling(ours) + _balancer_lines(balancer)
        behind = balancer.targets if balancer else {}
        plain = [one for one in ours if not is_scaled(one) and tags_of(one).get(GROUP_TAG) not in behind]
        web = _web(plain, on_workers=self.params["web_on_workers"])
        return {
            "lines": lines,
            "dollars": bill.dollars,
            "complete": bill.complete,
            "web": web,
            "balanced": [url for urls in balancer.urls().values() for url in urls] if balancer else [],
        }

    def _scaling(self, ours: list[dict[str, Any]]) -> list[str]:
        """Return what there is to say of the stack's scaling, if it scales."""
        bucket = self.params["bucket"]
        held = PublishedScaling(self.client("s3"), bucket, Changes(dry=True)).held() if bucket else None
        configuration = read(held) if held else None
        if configuration is None:
            return []
        prices = self.params["prices"] if self.region in self.params["prices"]["regions"] else {}
        return scaling_lines(
            configuration, ours, self._wanted(configuration), prices, self.params["volume_size"]
        )

    def _wanted(self, configuration: Any) -> int | None:
        """Return how many hosts the groups want; None where there are none, or they may not be looked at."""
        if configuration.mode != GROUPS:
            return None
        names = [one.scaling_group for one in configuration.groups]
        try:
            found = self.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=names)
        except ClientError as problem:
            if problem.response["Error"]["Code"] != "AccessDenied":
                raise
            return None
        return sum(one["DesiredCapacity"] for one in found["AutoScalingGroups"])
