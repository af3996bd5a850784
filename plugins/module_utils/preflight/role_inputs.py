"""What a run of site.yml will give its roles: which roles there are, what they take, and their values now."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import lookup_loader
from ansible.template import Templar

# Who is a host before there is one. The id has the form of EC2's.
STAND_IN = {
    "ec2_instance_id": "i-00000000000000000",
    "inventory_hostname": "i-00000000000000000",
    "ec2_private_ip_address": "10.0.0.1",
}

# The groups of the inventory whose hosts roles may run on, and whose variables they then have.
GROUPS = ("workers", "web_hosts")


@cache
def roles_of(project: Path, playbook: str = "site.yml") -> list[tuple[str, str]]:
    """Return the roles that a playbook runs, those of imported playbooks too, each once with its hosts."""
    file, found = project / playbook, dict[tuple[str, str], None]()
    for play in _yaml(file):
        if imported := play.get("ansible.builtin.import_playbook"):
            found |= dict.fromkeys(roles_of(project, str((file.parent / imported).relative_to(project))))
        for role in play.get("roles", []):
            found[role["role"] if isinstance(role, dict) else role, play["hosts"]] = None
    return list(found)


@cache
def options_of(project: Path, role: str) -> dict[str, dict[str, Any]]:
    """Return what a role takes, as its argument_specs say."""
    specs = _yaml(project / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]
    return dict(specs["main"].get("options", {}))


class RoleVariables:
    """The variables of this run as roles will see them.

    `here` are those of a task on this machine. What a group of hosts has, by its name in `groups`, comes
    over them, and what was given with -e over all.
    """

    def __init__(
        self, project: Path, here: dict[str, Any], groups: dict[str, dict[str, Any]], given: dict[str, Any]
    ) -> None:
        self._project, self._here, self._groups, self._given = project, here, groups, given

    def but(self, **given: Any) -> RoleVariables:
        """Return the variables with others in the place of some."""
        return RoleVariables(self._project, self._here, self._groups, {**self._given, **given})

    def of(self, role: str, hosts: str = "localhost") -> dict[str, Any]:
        """Return what one role will see on such hosts, with its own defaults; nothing is worked out yet."""
        above = {**STAND_IN, **self._groups[hosts]} if hosts in self._groups else {}
        return {**defaults_of(self._project, role), **self._here, **above, **self._given}


def worked_out(loader: DataLoader, variables: dict[str, Any], value: Any) -> Any:
    """Return a value with its templates filled in. Raises `AnsibleError`."""
    return Templar(loader=loader, variables=variables).template(value)


def filled_in(loader: DataLoader, variables: dict[str, Any], template: Path) -> str:
    """Return what the role would make of a template, by the lookup that it uses. Raises `AnsibleError`."""
    templar = Templar(loader=loader, variables=variables)
    lookup = lookup_loader.get("ansible.builtin.template", loader=loader, templar=templar)
    return str(lookup.run([str(template)], variables)[0])


@cache
def defaults_of(project: Path, role: str) -> dict[str, Any]:
    """Return a role's own defaults, as it has them: templates in them can be worked out."""
    file = project / "roles" / role / "defaults" / "main.yml"
    return dict(DataLoader().load_from_file(str(file), cache="none", trusted_as_template=True) or {})


def is_template(value: Any) -> bool:
    """Tell whether there is anything to be worked out in a value."""
    return "{{" in str(value) or "{%" in str(value)


def _yaml(file: Path) -> Any:
    # The loader in C where there is one: in Python it takes ten times as long.
    return yaml.load(file.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
