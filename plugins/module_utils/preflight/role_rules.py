"""What the roles of site.yml, and the start of worker and web tier, would refuse of this run's variables.

Nothing is written down here a second time. What a role takes stands in its argument_specs, what AWS takes in
`aws_limits`, and what worker and web tier take in their own settings, which are asked for the very file that
the role would write.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.preflight.aws_limits import RULES, is_range, is_source
from ansible.module_utils.preflight.balancer_rules import WITH_BALANCER, against_balancer
from ansible.module_utils.preflight.role_inputs import (
    RoleVariables,
    defaults_of,
    filled_in,
    is_template,
    options_of,
    roles_of,
    worked_out,
)
from ansible.module_utils.preflight.scaling_rules import WITH_SCALING, against_scaling
from ansible.module_utils.project.operation_wheels import BadPackage, check
from ansible.module_utils.project.project_module import project_module
from ansible.parsing.dataloader import DataLoader

_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "names and values",
    "path": "a path",
    "str": "a text",
}

# What has to be a file on this machine.
_FILES = (
    "worker_classify_model", "worker_classify_labels", "credentials_from", "preflight_web_credentials_file"
)  # fmt: skip

# By the role that writes its file: where a program's settings are read, the file's name, and who reads it.
_PROGRAMS = {
    "worker": ("jobfleet_worker.settings", "worker.toml", "worker"),
    "web": ("jobfleet_web.settings", "web.toml", "web tier"),
}

# A name of which nothing is refused, to look at the rest where the stack's own is none.
_SOME_STACK = "stack"


class RoleRules:
    """The rules of all roles, applied to one run's variables."""

    def __init__(self, project: Path, variables: RoleVariables, loader: DataLoader) -> None:
        self._project, self._variables, self._loader = project, variables, loader
        # By name, for one variable may go to several roles.
        self._found: dict[str, str] = {}
        self.values: dict[str, dict[str, Any]] = {}
        """What each role will take, by role; what it would refuse is not there."""

    def problems(self) -> list[str]:
        """Return a sentence for each variable that would be refused."""
        self._of_stack()
        for role, hosts in roles_of(self._project):
            variables = self._variables.of(role, hosts)
            known = self.values[role] = self._known_values(role, variables)
            self._of_files(known, variables)
            if role == "operations":
                self._of_packages(known)
            if role in _PROGRAMS:
                self._of_program(role, variables)
        web = self.values.get("web", {})
        if text := open_page(self.values.get("firewall", {}), web):
            self._note("web_from", text)
        if web.get("web_tls") and web.get("web_balanced"):
            self._note("web_tls", "web_tls is true: behind a balancer, TLS ends there. Set it to false")
        self._of_scaling()
        self._of_balancer()
        return [text if text.endswith(".") else f"{text}." for text in dict.fromkeys(self._found.values())]

    def _of_stack(self) -> None:
        names = project_module("jobfleet_jobs.protocol.names")
        variables = self._variables.of("preflight")
        try:
            names.StackNames(worked_out(self._loader, variables, variables["stack_name"]))
        except names.BadStackName as problem:
            self._note("stack_name", f"{problem} Set it in inventory/group_vars/all.yml")
            self._variables = self._variables.but(stack_name=_SOME_STACK)

    def _of_scaling(self) -> None:
        if not self.values.get("scaling", {}).get("scaling_limits"):
            return
        variables = self._variables.of("scaling")
        known = {
            name: worked_out(self._loader, variables, variables[name])
            for name in WITH_SCALING
            if name in variables
        }
        for name, text in against_scaling(known).items():
            self._note(name, text)

    def _of_balancer(self) -> None:
        if not self.values.get("firewall", {}).get("firewall_balanced_hosts"):
            return
        variables = self._variables.of("firewall")
        known = {
            name: worked_out(self._loader, variables, variables[name])
            for name in (*WITH_BALANCER, "balancer_certificate", "aws_region", "web_from", "ssh_from")
            if name in variables
        }
        for role, name in (("web", "web_wait_max"), ("balancer", "balancer_idle_timeout")):
            known[name] = self.values.get(role, {}).get(name)
        for name, text in against_balancer(known).items():
            self._note(name, text)

    def _known_values(self, role: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Return the values that a role will take, by name; note those that it would not."""
        taken, own = dict[str, Any](), defaults_of(self._project, role)
        for name, option in options_of(self._project, role).items():
            shown = _as_typed(name, variables)
            if name not in variables:
                if option.get("required"):
                    self._note(shown, f"{shown} is missing: give it a value")
                continue
            # What only passes another one on is that one's value.
            value = variables.get(shown, variables[name])
            if value is own.get(name) and not is_template(value):
                taken[name] = value  # as the role has it, and a test holds its defaults to its specification
                continue
            try:
                value = worked_out(self._loader, variables, value)
            except AnsibleError as problem:
                self._note(shown, f"{shown} cannot be worked out: {problem}")
                continue
            if give := _why_not(name, option, value):
                self._note(shown, f"{shown} is {value!r}: {give}")
            else:
                taken[name] = value
        return taken

    def _of_files(self, known: dict[str, Any], variables: dict[str, Any]) -> None:
        # Nothing is copied to hosts with a profile of their own.
        unused = set() if known.get("credentials_source") == "file" else {"credentials_from"}
        for name in (name for name in _FILES if name not in unused):
            path = str(known.get(name) or "")
            if path and not path.startswith("bucket:") and not self._is_file(Path(path).expanduser()):
                shown = _as_typed(name, variables)
                self._note(shown, f"{shown} is {path!r}: there is no such file on this machine")

    def _is_file(self, path: Path) -> bool:
        # Where Ansible looks for what a role copies, and where who typed it may have meant.
        role, playbooks = self._project / "roles" / "worker", self._project / "playbooks"
        places = (Path(), self._project, role / "files", role, playbooks / "files", playbooks)
        return any((place / path).is_file() for place in places)

    def _of_packages(self, known: dict[str, Any]) -> None:
        for package in known.get("operations_packages", []):
            try:
                check(str(package), Path(known.get("operations_base", self._project)))
            except (BadPackage, OSError) as problem:
                self._note(f"package {package}", f"worker_operation_packages: {problem}")

    def _of_program(self, role: str, variables: dict[str, Any]) -> None:
        """Let a program itself look at the file that its role would write."""
        module, name, words = _PROGRAMS[role]
        settings = project_module(module)
        template = self._project / "roles" / role / "templates" / f"{name}.j2"
        try:
            settings.from_mapping(tomllib.loads(filled_in(self._loader, variables, template)))
        except (AnsibleError, ValueError) as problem:  # BadSettings is one, and TOML's own
            # What is of the wrong type makes no file that could be read; that was said already.
            if isinstance(problem, settings.BadSettings) or not any(map(_is_a_program_s, self._found)):
                self._note(name, f"the {words} would not start: {problem}")

    def _note(self, name: str, sentence: str) -> None:
        self._found.setdefault(name, sentence)


def open_page(firewall: dict[str, Any], web: dict[str, Any]) -> str:
    """Return why the page may not be for everybody, if it would be; both hold what a role will take."""
    source = str(firewall.get("firewall_web_from") or "")
    if not web.get("web_open_to_all_without_token") or not is_range(source) or is_source(source):
        return ""
    return (
        f"web_from is {source!r}: the page would be for everybody, without a token. Name a range, or set "
        "web_open_to_all_without_token to false"
    )


def _is_a_program_s(name: str) -> bool:
    return name.startswith(tuple(f"{role}_" for role in _PROGRAMS))


def _as_typed(name: str, variables: dict[str, Any]) -> str:
    """Return what a person sets: many a role's variable only passes on one of the inventory's."""
    passed_on = re.fullmatch(r"\{\{ (\w+)(?: \| default\(\w*\))? \}\}", str(variables.get(name, "")))
    if not passed_on or passed_on[1] not in variables:
        return name
    return _as_typed(passed_on[1], variables)


def _why_not(name: str, option: dict[str, Any], value: Any) -> str:
    """Return what to give instead, or an empty text where the value is taken."""
    checked = ArgumentSpecValidator({name: option}).validate({name: value})
    if checked.error_messages:
        kind = option.get("type", "str")
        if "choices" in option:
            return f"give {' or '.join(map(str, option['choices']))}"
        inner = f" ({'; '.join(checked.error_messages)})" if kind in ("list", "dict") else ""
        return f"give {_WORDS[kind]}{inner}"
    taken, rule = checked.validated_parameters[name], RULES.get(name)
    if rule:
        return "" if rule.holds(taken) else rule.give
    # What only a program wants, or a task before it makes, is the program's own to refuse.
    return "give it a value" if option.get("required") and taken == "" and not _is_a_program_s(name) else ""
