"""The module `own_address` in Ansible's own process."""

from __future__ import annotations

import os
from typing import Any

from ansible.plugins.loader import action_loader

InProcess = action_loader.get("in_process", class_only=True)

from ansible.module_utils.firewall.own_address import NoAddress, own_range
from ansible.module_utils.process.failure import Failure


class ActionModule(InProcess):
    """The action."""

    def work(self) -> dict[str, Any]:
        """Ask the service."""
        try:
            return {"range": own_range(self.params["service"], os.environ.get("AWS_ENDPOINT_URL", ""))}
        except NoAddress as problem:
            raise Failure(str(problem)) from problem
