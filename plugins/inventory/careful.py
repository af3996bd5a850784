"""Ansible inventory: no hosts, but the first thing that runs in every playbook of this project."""

from __future__ import annotations

DOCUMENTATION = r"""
name: careful
short_description: Keeps secrets out of whatever Ansible prints from here on
description:
  - Adds no hosts. Ansible reads the sources of an inventory in the order of their names, before anything
    else; so this one comes before the source that asks AWS, whose warnings may quote what it sent.
options:
  plugin:
    description: The name of this plugin.
    required: true
    choices: [careful]
"""

from typing import Any

from ansible.plugins.inventory import BaseInventoryPlugin
from ansible.plugins.loader import action_loader


class InventoryModule(BaseInventoryPlugin):
    """The source itself."""

    NAME = "careful"

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Make this process careful, also with its time."""
        super().parse(inventory, loader, path, cache)
        # Which does so when it is loaded.
        action_loader.get("in_process", class_only=True)
        from ansible.module_utils.process.rare_collection import collect_rarely

        collect_rarely()
