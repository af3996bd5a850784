"""The module `project_wheel` in Ansible's own process; pip, where it has to build, has one of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.loader import action_loader

InProcess = action_loader.get("in_process", class_only=True)

from ansible.module_utils.process.failure import Failure
from ansible.module_utils.project.pip_wheel import build_wheel
from ansible.module_utils.project.project_sources import base_version, build_of


class ActionModule(InProcess):
    """The action."""

    def work(self) -> dict[str, Any]:
        """Build the wheel where it is not there."""
        project, folder = Path(self.params["project"]), Path(self.params["folder"])
        try:
            build = build_of(project, self.params["sources"], self.params["files"])
            version = f"{base_version(project)}+{build}"
        except (OSError, ValueError) as problem:
            raise Failure(f"The wheel's sources cannot be read: {problem}") from problem
        wheel = folder / f"jobfleet-{version}-py3-none-any.whl"
        is_there = wheel.exists()
        if not is_there:
            trouble = build_wheel(project, folder, "--no-build-isolation", JOBFLEET_BUILD=build)
            if trouble:
                raise Failure(f"The wheel cannot be built: {trouble}")
        return {"changed": not is_there, "version": version, "path": str(wheel)}
