"""The module `stack_caller` in Ansible's own process."""

from __future__ import annotations

from typing import Any

from ansible.plugins.loader import action_loader

InProcessAws = action_loader.get("in_process_aws", class_only=True)

from ansible.module_utils.account.aws_session import preload
from ansible.module_utils.account.caller_identity import trouble_of, who
from ansible.module_utils.process.failure import Failure
from botocore.exceptions import BotoCoreError

preload("sts", "ec2")


class ActionModule(InProcessAws):
    """The action."""

    def ask(self) -> dict[str, Any]:
        """Return who the caller is. Fails with a sentence where the credentials cannot be used."""
        try:
            caller, trouble = who(self.client)
        except BotoCoreError as problem:
            caller, trouble = None, trouble_of(problem)
        if caller is None:
            raise Failure(trouble)
        return dict(caller)
