"""The module `project_wheel` in Ansible's own process; pip, where it has to build, has one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from ansible.plugins.loader import action_loader

InProcess = action_loader.get("in_process", class_only=True)

from ansible.module_utils.process.failure import Failure
from ansible.module_utils.project.project_sources import base_version, build_of

PIP_WHEEL = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")


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
            self._build(project, folder, build)
        return {"changed": not is_there, "version": version, "path": str(wheel)}

    @staticmethod
    def _build(project: Path, folder: Path, build: str) -> None:
        done = subprocess.run(  # noqa: S603 - pip itself
            [*PIP_WHEEL, f"--wheel-dir={folder}", str(project)],
            env={**os.environ, "JOBFLEET_BUILD": build},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Failure(f"The wheel cannot be built: {(done.stderr or done.stdout).strip()[-2000:]}")
