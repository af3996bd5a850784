"""The module `stack_queues` in Ansible's own process."""

from __future__ import annotations

from typing import Any

from ansible.plugins.loader import action_loader

InProcessAws = action_loader.get("in_process_aws", class_only=True)

from ansible.module_utils.account.aws_session import preload
from ansible.module_utils.storage.queue_settings import ensure_absent, ensure_present

preload("sqs")


class ActionModule(InProcessAws):
    """The action."""

    TROUBLE = "Could not ensure that the queues are as they should be"
    REQUIRED_IF = (("state", "present", ["queues"]), ("state", "absent", ["urls"]))

    def ask(self) -> dict[str, Any]:
        """Make and mend the queues, or remove them."""
        ensure = ensure_present if self.params["state"] == "present" else ensure_absent
        return ensure(self.client("sqs"), self.params, dry=self.check_mode)
