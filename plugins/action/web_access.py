"""The module `web_access` in Ansible's own process."""

from __future__ import annotations

from typing import Any

from ansible.plugins.loader import action_loader

InProcessAws = action_loader.get("in_process_aws", class_only=True)

from ansible.module_utils.account.aws_session import preload
from ansible.module_utils.storage.web_token import WebToken

preload("s3")


class ActionModule(InProcessAws):
    """The action."""

    TROUBLE = "Could not ensure that there is a token for the page, or none"

    def ask(self) -> dict[str, Any]:
        """Read the token, and make, replace or remove it where that is wanted."""
        held = WebToken(self.client("s3"), self.params["bucket"], self.params["key"])
        if self.params["state"] == "absent":
            changed = held.is_there()
            if changed and not self.check_mode:
                held.remove()
            return {"changed": changed}
        token, changed = held.read(), False
        if not token or self.params["new"]:
            token, changed = held.make(over=token, try_only=self.check_mode)
        return {"changed": changed, "token": token}
