"""The checks before a deployment. Each method adds sentences to `failures`; none changes anything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible.module_utils.account.caller_identity import end_of_accepted
from ansible.module_utils.account.controller_keys import mark_of, public_half, remembered_account
from ansible.module_utils.account.lab_limits import (
    LabLimits,
    Load,
    is_lab,
    limits,
    load_of,
    over_limit,
    over_scaled,
    refusals,
)
from ansible.module_utils.account.short_lived import life_of_copy
from ansible.module_utils.fleet import vcpu_quota
from ansible.module_utils.fleet.plan import WORKER, FleetPlan, InstanceGroup, knows_another_key, parse_groups
from ansible.module_utils.fleet.region_facts import RegionFacts, look
from ansible.module_utils.preflight import balancer_rules
from ansible.module_utils.preflight.aws_limits import is_private
from ansible.module_utils.preflight.dry_runs import security_groups
from ansible.module_utils.preflight.permissions import PlannedCalls
from ansible.module_utils.preflight.scaling_plans import most_scaled, plans_of
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

# A first deployment takes up to so long. Other sources of credentials renew them by themselves.
DEPLOYMENT_MINUTES = 10
FIXED_SOURCES = ("env", "shared-credentials-file")

# The image is Debian's for this processor.
ARCHITECTURE = "x86_64"


class Checks:
    """The checks of one run, and what they found: `failures` and `summary`, both sentences."""

    def __init__(self, params: dict[str, Any], region: str, regions: list[str]) -> None:
        self._params, self._region, self._regions = params, region, regions
        self._folder = Path(params["folder"])
        self._groups: list[InstanceGroup] = []
        self._limits = LabLimits()
        self.lab = False
        self.failures: list[str] = []
        self.summary: list[str] = []

    def of_settings(self, arn: str) -> None:
        """Look at what needs no AWS; `arn` is empty when AWS does not say who the caller is."""
        self._groups, wrong = parse_groups(self._params["groups"])
        self.failures += [_sentence(text) for text in wrong]
        if (
            self._params["scaling"]
            and not wrong
            and not any(one.role == WORKER and one.count for one in self._groups)
        ):
            self.failures.append(
                "scaling is set, and no group of workers has a count above 0: with scaling the count is its "
                "weight, so set instances_count to 1."
            )
        if self._regions and self._region not in self._regions:
            self.failures.append(
                f"AWS has no region {self._region}: set aws_region to one such as us-east-1."
            )
        try:
            self.lab = is_lab(self._params["lab_mode"], arn)
            self._limits = limits(self.lab, self._params["lab_max_instances"])
        except ValueError as problem:
            self.failures.append(_sentence(str(problem)))
        if self.lab:
            wanted = [(one.name, one.type, one.market) for one in self._groups if one.count]
            self.failures += [_sentence(text) for text in refusals(self._region, wanted)]
        kind = "a Learner Lab" if self.lab else "no Learner Lab, so no limits are watched"
        if not arn and self._params["lab_mode"].strip().lower() == "auto":
            kind = "in a Learner Lab or not: only credentials that AWS takes would tell"
        self.summary.append(f"Region {self._region}, {kind}.")

    def of_life(self, session: Session, now: datetime) -> None:
        """Look whether credentials that AWS takes outlive a deployment, where that can be known."""
        credentials, ends = session.get_credentials(), end_of_accepted(session, now)
        if ends is None or credentials.method not in FIXED_SOURCES:
            return
        left = int((ends - now).total_seconds() // 60)
        if left < DEPLOYMENT_MINUTES:
            self.failures.append(
                f"The credentials end in {max(left, 0)} min, and a deployment may take {DEPLOYMENT_MINUTES}: "
                "get new ones first; in a Learner Lab press Start Lab again, which makes the session longer."
            )

    def of_copy(self, session: Session, now: datetime) -> None:
        """Look whether the workers' copy of the credentials lives long enough, where any worker gets one."""
        if self._params["copies_credentials"] and any(group.count for group in self._groups):
            life, too_short = life_of_copy(session, now, lab=self.lab)
            (self.failures if too_short else self.summary).extend([life] if life else [])

    def of_account(self, account: str) -> None:
        """Look whether the account is the one of the last run on this machine."""
        last = remembered_account(self._folder)
        if last not in ("", account) and not self._params["account_change"]:
            self.failures.append(
                f"These credentials belong to account {account}, and the last run of the stack "
                f"{self._params['stack']} on this machine was in account {last}: here everything would be "
                "new (bucket, queues, instances), nothing of the old account comes along, and what runs "
                "there still costs. Use the credentials of the old account, or go on with "
                "-e account_change=true."
            )

    def of_ec2(self, ec2: Any, quotas: Callable[[], Any], roles: dict[str, dict[str, Any]]) -> None:
        """Look at types, network, key pair, permissions, and how many instances would run.

        `quotas` makes a client of Service Quotas, and `roles` holds what roles will take, by role.
        """
        wanted = [group for group in self._groups if group.count]
        firewall = roles.get("firewall", {})
        names = list(security_groups(firewall).values())
        try:
            facts = look(
                ec2, self._params["stack"], self._params["keypair"], names, {group.type for group in wanted}
            )
            self._of_types(facts)
            self._of_zones(ec2)
            self._of_keys(facts)
            plans = plans_of(
                self._groups, facts.ours, mark_of(self._folder),
                replace_keys=self._params["keypair_replace"], scaling=self._params["scaling"],
            )  # fmt: skip
            plan = plans.now
            # What runs already has its place, whatever became of the network since.
            launching = [group for group in wanted if plans.most.launch.get(group.name)]
            public = not is_private(firewall.get("firewall_ssh_from") or "")
            self._of_network(facts, launching, public=public)
            if None in facts.types.values():
                return
            load = load_of(ec2, set(facts.types) | set(plan.starting_types(self._groups)))
            self._of_load(load, plan, facts)
            if problem := over_scaled(plans.plain, most_scaled(self._params["scaling"]), self._limits):
                self.failures.append(_sentence(problem))
            self._of_quota(load, plans.most, quotas)
            if facts.network is None or facts.network.vpc:
                self._of_permissions(ec2, plans.most, facts, roles)
        except (BotoCoreError, ClientError) as problem:
            self.failures.append(f"EC2 could not be asked in {self._region}: {problem}")

    def of_balancer(self, elbv2: Any) -> None:
        """Look whether there may be a balancer, where groups are to stand behind one."""
        try:
            self.failures += balancer_rules.refusals(elbv2, self._params["stack"], self._groups)
        except (BotoCoreError, ClientError) as problem:
            self.failures.append(f"Elastic Load Balancing could not be asked in {self._region}: {problem}")

    def of_profile(self, iam: Any) -> None:
        """Look for the instance profile, where one is wanted."""
        name = self._params["instance_profile"]
        if not name:
            return
        try:
            iam.get_instance_profile(InstanceProfileName=name)
        except ClientError as problem:
            if problem.response["Error"]["Code"] == "NoSuchEntity":
                self.failures.append(
                    f"There is no instance profile {name}, which worker_credentials: instance_profile needs: "
                    "set worker_credentials to file."
                )
            else:  # a lab may not let its users ask
                self.summary.append(f"Whether the instance profile {name} exists, AWS does not tell.")

    def _of_types(self, facts: RegionFacts) -> None:
        for kind, found in facts.types.items():
            if found is None:
                self.failures.append(f"There is no instance type {kind} in {self._region}: take another.")
            elif ARCHITECTURE not in found["ProcessorInfo"]["SupportedArchitectures"]:
                self.failures.append(
                    f"The image runs on {ARCHITECTURE} alone, and {kind} is "
                    f"{', '.join(found['ProcessorInfo']['SupportedArchitectures'])}: take another type."
                )

    def _of_network(self, facts: RegionFacts, wanted: list[InstanceGroup], *, public: bool) -> None:
        if facts.network is None:
            self.summary.append("What the default network looks like, these credentials may not see.")
        elif wanted:
            self.failures += facts.network.problems(wanted, self._region, public=public)
        if facts.network:
            self.failures += balancer_rules.network_problems(facts.network, self._groups, self._region)

    def _of_zones(self, ec2: Any) -> None:
        wanted = {group.zone for group in self._groups if group.zone}
        if not wanted:
            return
        there = {zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]}
        for zone in sorted(wanted - there):
            self.failures.append(
                f"There is no zone {zone} in {self._region}: take one of {', '.join(sorted(there))}."
            )

    def _of_keys(self, facts: RegionFacts) -> None:
        if self._params["keypair_replace"]:
            return
        name, key = self._params["keypair"], self._folder / "id_ed25519"
        held, here = facts.keypair, public_half(key)
        mend = (
            f"copy the folder {self._folder} from the machine that deployed, or run this again with "
            "-e keypair_replace=true, which makes a new key pair and replaces the instances"
        )
        if held and not here:
            self.failures.append(f"AWS holds the key pair {name}, and {key} is not here: {mend}.")
        elif held and held != here:
            self.failures.append(f"AWS holds another key pair {name} than {key}: {mend}.")
        elif strangers := self._strangers(facts.ours):
            self.failures.append(
                f"{', '.join(strangers)} was launched with other keys than lie in {self._folder}, and so "
                f"lets nobody in: {mend}."
            )

    def _strangers(self, ours: list[dict[str, Any]]) -> list[str]:
        mark = mark_of(self._folder)
        return [one["InstanceId"] for one in ours if knows_another_key(one, mark)]

    def _of_load(self, load: Load, plan: FleetPlan, facts: RegionFacts) -> None:
        starting = plan.starting_types(self._groups)
        leaving = [one["InstanceId"] for one in plan.remove]
        now, mine = load.vcpus_by_instance, {one["InstanceId"] for one in facts.ours}
        instances, vcpus = load.after(starting, leaving)
        most = f" of {self._limits.instances}" if self._limits.instances is not None else ""
        self.summary.append(
            f"Instances in the region: {len(now)} now ({len(mine & set(now))} of this stack), "
            f"{instances}{most} after this, with {vcpus} vCPUs."
        )
        if problem := over_limit(load, starting, leaving, self._limits):
            self.failures.append(_sentence(problem))

    def _of_quota(self, load: Load, plan: FleetPlan, quotas: Callable[[], Any]) -> None:
        freed = vcpu_quota.freed(plan, load.vcpus_by_type)
        for market, new in vcpu_quota.needed(plan, self._groups, load.vcpus_by_type).items():
            try:
                quota = vcpu_quota.quota_of(quotas(), market)
            except (BotoCoreError, ClientError) as problem:  # a lab may not let its users ask
                code = getattr(problem, "response", {}).get("Error", {}).get("Code", type(problem).__name__)
                self.summary.append(f"How many vCPUs the account may have, AWS does not tell ({code}).")
                return
            used = load.standard_vcpus.get(market, 0) - freed.get(market, 0)
            if text := vcpu_quota.problem(market, new, used, quota):
                self.failures.append(text)

    def _of_permissions(
        self, ec2: Any, plan: FleetPlan, facts: RegionFacts, roles: dict[str, dict[str, Any]]
    ) -> None:
        """Let AWS say whether it would refuse the calls that are about to be made."""
        asked = PlannedCalls(self._params, self._region, plan, self._groups)
        failures, summary = asked.refusals(ec2, facts, roles)
        self.failures += failures
        self.summary += summary


def _sentence(text: str) -> str:
    """Return a sentence of `text`; the name of a variable stays as it is."""
    is_name = "_" in text.split()[0]
    return f"{text if is_name else text[0].upper() + text[1:]}."
