"""The module `preflight` in Ansible's own process."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import partial
from typing import Any

from ansible.plugins.loader import action_loader

InProcessAws = action_loader.get("in_process_aws", class_only=True)

from ansible.inventory.group import Group
from ansible.module_utils.account.aws_configuration import own_endpoints, strange_endpoints
from ansible.module_utils.account.aws_session import new_session, preload
from ansible.module_utils.account.caller_identity import CREDENTIALS_TROUBLE, life_of, trouble_of, who
from ansible.module_utils.firewall.own_address import NoAddress, own_range
from ansible.module_utils.preflight.checks import Checks
from ansible.module_utils.preflight.role_inputs import GROUPS, RoleVariables
from ansible.module_utils.preflight.role_rules import RoleRules
from ansible.module_utils.project.project_module import PROJECT
from ansible.utils.vars import load_extra_vars
from ansible.vars.plugins import get_vars_from_inventory_sources

preload("sts", "ec2", "iam")

# What roles ask later in the run: settings by which no client of these can be made are told here.
LATER = ("s3", "sqs")

# Where AWS does not say whose credentials they are: the account is part of the bucket's name.
SOME_ACCOUNT = "000000000000"


class ActionModule(InProcessAws):
    """The action."""

    def ask(self) -> dict[str, Any]:
        """Look at everything and return what was found."""
        session = new_session()
        checks = Checks(self.params, self.region, session.get_available_regions("ec2"))
        caller = None
        for service in LATER:
            self.client(service)
        try:
            life = life_of(session, datetime.now(UTC))
            caller, trouble = who(self.client)
        except CREDENTIALS_TROUBLE as problem:
            trouble = trouble_of(problem)
        if caller:
            checks.summary.append(f"Account {caller['account']}, as {caller['arn']}.")
            checks.summary.append(f"Credentials: {life}.")
        else:
            checks.failures.append(trouble)
        checks.failures += strange_endpoints(session, os.environ)
        checks.summary += own_endpoints(session, os.environ)
        rules = self._rules(caller["account"] if caller else SOME_ACCOUNT)
        checks.failures += rules.problems() if rules else []
        checks.of_settings(caller["arn"] if caller else "")
        if caller:
            checks.of_life(session, datetime.now(UTC))
            checks.of_account(caller["account"])
            quotas = partial(self.client, "service-quotas")
            checks.of_ec2(self.client("ec2"), quotas, rules.values if rules else {})
            if any(one.get("balancer") for one in self.params["groups"]):
                checks.of_balancer(self.client("elbv2"))
            checks.of_profile(self.client("iam"))
            checks.of_copy(session, datetime.now(UTC))
        return {
            "ssh_from": self._ssh_from(checks, rules.values.get("firewall", {}) if rules else {}),
            "failures": checks.failures,
            "summary": checks.summary,
            "account": caller["account"] if caller else "",
            "arn": caller["arn"] if caller else "",
            "lab": checks.lab,
        }

    @staticmethod
    def _ssh_from(checks: Checks, firewall: dict[str, Any]) -> str:
        """Return the address range that SSH will be open to; empty where it is not known."""
        if given := firewall.get("firewall_ssh_from"):
            return str(given)
        if not firewall.get("firewall_address_service"):
            return ""
        try:
            return own_range(firewall["firewall_address_service"], os.environ.get("AWS_ENDPOINT_URL", ""))
        except NoAddress as problem:
            checks.failures.append(str(problem))
            return ""

    def _rules(self, account: str) -> RoleRules | None:
        """Return the rules of later roles, and of the worker, with this run's variables."""
        if "stack_name" not in self.task_vars:
            return None  # the module alone, without the project's inventory
        sources = self.task_vars.get("ansible_inventory_sources", [])
        groups = {
            name: get_vars_from_inventory_sources(self._loader, sources, [Group(name)], "task")
            for name in GROUPS
        }
        here = {**self.task_vars, "account_id": account}
        variables = RoleVariables(PROJECT, here, groups, load_extra_vars(self._loader))
        return RoleRules(PROJECT, variables, self._loader)
