"""The module `image_builder` in Ansible's own process."""

from __future__ import annotations

from typing import Any

from ansible.plugins.loader import action_loader

InProcessAws = action_loader.get("in_process_aws", class_only=True)

from ansible.module_utils.account.aws_session import preload
from ansible.module_utils.account.lab_limits import LabLimits, is_lab, limits
from ansible.module_utils.fleet.change import Refused
from ansible.module_utils.images.builder import Builders
from ansible.module_utils.process.failure import Failure

preload("ec2", "sts")


class ActionModule(InProcessAws):
    """The action."""

    TROUBLE = "Could not make or end the host that the image is made of"
    # It holds a private key.
    SECRETS = frozenset({"user_data"})
    REQUIRED_IF = (
        ("state", "present", ("stack", "name", "folder", "type", "image_id", "key_name", "security_group")),
    )

    def ask(self) -> dict[str, Any]:
        """Launch one, or end those that are named."""
        builders = Builders(self.client("ec2"), self.params, self._allowed())
        try:
            return self._launch(builders) if self.params["state"] == "present" else self._end(builders)
        except Refused as problem:
            raise Failure(str(problem)) from problem

    def _launch(self, builders: Builders) -> dict[str, Any]:
        if self.check_mode:
            builders.room()
            return {"changed": True, "id": ""}
        return {"changed": True, "id": builders.launch()}

    def _end(self, builders: Builders) -> dict[str, Any]:
        if not self.check_mode:
            builders.end(self.params["ids"])
        return {"changed": bool(self.params["ids"])}

    def _allowed(self) -> LabLimits:
        if self.params["state"] == "absent":
            return LabLimits()
        try:
            lab = is_lab(self.params["lab_mode"], self.client("sts").get_caller_identity()["Arn"])
            return limits(lab, self.params["lab_max_instances"])
        except ValueError as problem:
            raise Failure(f"{problem}.") from problem
