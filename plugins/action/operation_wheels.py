"""The module `operation_wheels` in Ansible's own process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.loader import action_loader

InProcess = action_loader.get("in_process", class_only=True)

from ansible.module_utils.process.failure import Failure
from ansible.module_utils.project.operation_wheels import BadPackage, one


class ActionModule(InProcess):
    """The action."""

    def work(self) -> dict[str, Any]:
        """Build what is not built yet.

        In check mode too, or what follows could not tell what would change.
        """
        base, kept = Path(self.params["base"]), Path(self.params["folder"])
        try:
            made = [one(package, base, kept) for package in self.params["packages"]]
        except (BadPackage, OSError) as problem:
            raise Failure(f"worker_operation_packages: {problem}") from problem
        return {"changed": any(now for _, now in made), "packages": [package for package, _ in made]}
