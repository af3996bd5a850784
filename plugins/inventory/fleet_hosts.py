"""Ansible inventory: which of the running hosts are this stack's, and what they are there for."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet_hosts
short_description: Puts the hosts of one stack into groups by their role
description:
  - Adds no hosts. It looks at those that amazon.aws.aws_ec2 has found, by their tags.
  - C(workers) are the stack's workers. C(web_hosts) are its web hosts, and the first worker if
    C(web_on_workers) is true. C(image_hosts) is the host that an image is made of.
    C(fleet_hosts) are all of these.
  - C(scaled_hosts) are the hosts that scaling has launched. They boot from a finished image and end by
    themselves, so no playbook logs into them. They are in no other group.
  - ansible.builtin.constructed looks at one host at a time, and so does not know which worker is the first.
options:
  plugin:
    description: The name of this plugin.
    required: true
    choices: [fleet_hosts]
"""

from typing import Any

from ansible.errors import AnsibleParserError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible.plugins.loader import action_loader
from ansible.utils.vars import load_extra_vars
from ansible.vars.plugins import get_vars_from_inventory_sources

action_loader.get("in_process", class_only=True)  # from then on plugins/module_utils can be imported from

from ansible.module_utils.fleet.plan import IMAGE, ROLE_TAG, SCALED_TAG, WORKER
from ansible.module_utils.fleet.web_hosts import Member, first_attached, showing_the_page

FLEET_HOSTS = "fleet_hosts"
WORKERS = "workers"
WEB_HOSTS = "web_hosts"
SCALED_HOSTS = "scaled_hosts"
IMAGE_HOSTS = "image_hosts"


class InventoryModule(BaseInventoryPlugin):
    """The source itself."""

    NAME = "fleet_hosts"

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Put the hosts into their groups, which are there also where they are empty."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        inventory.add_group(FLEET_HOSTS)
        for group in (WORKERS, WEB_HOSTS, IMAGE_HOSTS):
            inventory.add_group(group)
            inventory.add_child(FLEET_HOSTS, group)
        inventory.add_group(SCALED_HOSTS)
        sources = inventory.processed_sources
        known = get_vars_from_inventory_sources(loader, sources, [inventory.groups["all"]], "all")
        self.templar.available_variables = {**known, **load_extra_vars(loader)}
        members = []
        for name, host in list(inventory.hosts.items()):
            tags = host.get_vars().get("ec2_tags", {})
            if tags.get("jobfleet:stack") != self._value("stack_name"):
                continue
            if SCALED_TAG in tags:
                inventory.add_child(SCALED_HOSTS, name)
            else:
                members.append(_member(name, host.get_vars()))
        self._put(inventory, members)

    def _put(self, inventory: Any, members: list[Member]) -> None:
        for one in members:
            if one.role == IMAGE:
                inventory.add_child(IMAGE_HOSTS, one.id)
        workers = {one.id for one in members if one.role == WORKER}
        for one in workers:
            inventory.add_child(WORKERS, one)
        try:
            on_workers = boolean(self._value("web_on_workers"))
        except TypeError:
            on_workers = False  # preflight says so
        for one in showing_the_page(members, on_workers=on_workers):
            inventory.add_child(WEB_HOSTS, one)
            if one in workers:
                # Nobody could wake it through a page that went to sleep with it.
                inventory.set_variable(one, "worker_idle_stop_minutes", 0)

    def _value(self, name: str) -> Any:
        try:
            return self.templar.template(self.templar.available_variables[name])
        except KeyError as problem:
            raise AnsibleParserError(
                f"{name} is missing: set it in inventory/group_vars/all.yml"
            ) from problem


def _member(name: str, known: dict[str, Any]) -> Member:
    disks = known.get("ec2_block_device_mappings", [])
    attached = first_attached(str(disk["ebs"].get("attach_time", "")) for disk in disks)
    return Member(attached, name, known["ec2_tags"].get(ROLE_TAG, WORKER))
