"""The module `stack_caller` in Ansible's own process."""

from __future__ import annotations

from typing import Any

from ansible.plugins.loader import action_loader

InProcessAws = action_loader.get("in_process_aws", class_only=True)

from ansible.module_utils.aws_session import preload

preload("sts")


class ActionModule(InProcessAws):
    """The action."""

    TROUBLE = "Failed to retrieve caller identity"

    def ask(self) -> dict[str, Any]:
        """Return who the caller is."""
        answer = self.client("sts").get_caller_identity()
        return {"account": answer["Account"], "arn": answer["Arn"]}
