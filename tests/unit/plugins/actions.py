"""Running an action plugin as Ansible does in the process of a task, without a playbook."""

import functools
from types import SimpleNamespace
from typing import Any

from ansible.inventory.group import Group
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import action_loader, shell_loader
from ansible.template import Templar
from ansible.vars.manager import VariableManager
from ansible.vars.plugins import get_vars_from_inventory_sources

from tests.places import REPOSITORY

INVENTORY = [str(REPOSITORY / "inventory" / "fleet_hosts.yml")]


def inventory_variables() -> dict[str, Any]:
    """Return the variables of a task on the controller, as the project's own inventory has them."""
    loader = DataLoader()
    manager = VariableManager(loader=loader, inventory=InventoryManager(loader=loader))
    return {
        **manager.get_vars(include_hostvars=False),
        **get_vars_from_inventory_sources(loader, INVENTORY, [Group("all")], "task"),
        "ansible_inventory_sources": INVENTORY,
        "hostvars": {"localhost": {}},
        "project_folder": str(REPOSITORY),
    }


@functools.cache
def action(name: str) -> Any:
    """Return the class of an action plugin."""
    action_loader.add_directory(str(REPOSITORY / "plugins" / "action"))
    return action_loader.get(name, class_only=True)


def run(
    plugin: Any,
    arguments: dict[str, Any],
    *,
    name: str = "tried",
    environment: dict[str, Any] | None = None,
    check_mode: bool = False,
    task_vars: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the result of one task."""
    task = SimpleNamespace(
        action=name,
        args=arguments,
        environment=[environment or {}],
        check_mode=check_mode,
        diff=True,
        async_val=0,
        collections=[],
    )
    loader = DataLoader()
    made = plugin(
        task=task,
        connection=SimpleNamespace(_shell=shell_loader.get("sh")),
        play_context=None,
        loader=loader,
        templar=Templar(loader=loader),
    )
    made._load_name = name
    result: dict[str, Any] = made.run(task_vars=task_vars or {})
    return result
