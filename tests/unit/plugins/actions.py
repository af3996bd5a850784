"""Running an action plugin as Ansible does in the process of a task, without a playbook."""

import functools
from types import SimpleNamespace
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import action_loader, shell_loader
from ansible.template import Templar

from tests.places import REPOSITORY


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
    result: dict[str, Any] = made.run(task_vars={})
    return result
