"""What actions share that do their work in Ansible's own process; plugins/README.md says why they do.

A plugin gets this class from Ansible's loader, and from then on it may import from plugins/module_utils:

    from ansible.plugins.loader import action_loader

    InProcess = action_loader.get("in_process", class_only=True)
"""

from __future__ import annotations

import os
import sys
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import ansible.module_utils
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase

PLUGINS = Path(__file__).parents[1]

# Ansible sends these along with modules; here they are imported from where they lie.
if str(PLUGINS / "module_utils") not in ansible.module_utils.__path__:
    ansible.module_utils.__path__.append(str(PLUGINS / "module_utils"))

# What client and worker know of credentials that are not whole, from where it lies too: Ansible's Python need
# not have the project installed.
if str(PLUGINS.parent / "jobs") not in sys.path:
    sys.path.insert(0, str(PLUGINS.parent / "jobs"))

from ansible.module_utils.process.careful_process import be_careful
from ansible.module_utils.process.failure import Failure
from ansible.module_utils.process.options import documented_options

be_careful()


@contextmanager
def environment(more: dict[str, Any]) -> Iterator[None]:
    """Have variables in the environment for a while, as a module's process has those of its task."""
    before = dict(os.environ)
    os.environ.update({name: str(value) for name, value in more.items()})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class ActionModule(ActionBase):
    """An action that does its `work` right here. Its options are those that its module documents.

    `params` are the arguments, checked and coerced; `name` is the module's name.
    """

    SECRETS: frozenset[str] = frozenset()
    """Options whose values never come back in a result."""

    REQUIRED_IF: tuple[tuple[Any, ...], ...] = ()
    """As `required_if` of a module."""

    name = ""
    params: dict[str, Any] = {}  # noqa: RUF012 - each task has an object of its own, and sets it
    task_vars: dict[str, Any] = {}  # noqa: RUF012 - likewise

    @abstractmethod
    def work(self) -> dict[str, Any]:
        """Do what the task says and return its result. Raises `Failure`."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the task."""
        result = super().run(tmp, task_vars)
        self.name, self.task_vars = self._task.action.rpartition(".")[2], task_vars or {}
        variables: dict[str, Any] = {}
        self._compute_environment_string(variables)
        with environment(variables):
            # AWS's options take what is not given from the environment.
            checked, self.params = self.validate_argument_spec(self.options(), required_if=self.REQUIRED_IF)
            try:
                result |= {"changed": False, **self.work()}
            except Failure as problem:
                result |= {"failed": True, "msg": str(problem), **problem.more}
        # As a module does before it answers. What the check found has no public name.
        shown: dict[str, Any] = remove_values(result, checked._no_log_values)
        return shown

    def options(self) -> dict[str, Any]:
        """Return how the arguments are checked."""
        told = documented_options(str(PLUGINS / "modules" / f"{self.name}.py"))
        return {name: {**one, "no_log": name in self.SECRETS} for name, one in told.items()}

    @property
    def check_mode(self) -> bool:
        """Whether nothing may be changed."""
        return bool(self._task.check_mode)

    def fail_json(self, msg: str, **more: Any) -> NoReturn:
        """End the task; amazon.aws's helpers call it by this name. Raises `Failure`."""
        raise Failure(msg, **more)

    def run_module(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Run a module as a task does, in a process of its own, and return its result. Raises `Failure`."""
        answer: dict[str, Any] = self._execute_module(
            module_name=name, module_args=arguments, task_vars=self.task_vars
        )
        if answer.pop("failed", False):
            raise Failure(answer.pop("msg", f"{name} failed"), **answer)
        return answer
