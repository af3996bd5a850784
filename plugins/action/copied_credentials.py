"""The module `copied_credentials` in Ansible's own process."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ansible.plugins.loader import action_loader

InProcess = action_loader.get("in_process", class_only=True)

from ansible.module_utils.account.aws_session import new_session
from ansible.module_utils.account.caller_identity import CREDENTIALS_TROUBLE, trouble_of
from ansible.module_utils.account.lab_limits import is_lab
from ansible.module_utils.account.short_lived import life_of_copy


class ActionModule(InProcess):
    """The action."""

    def work(self) -> dict[str, Any]:
        """Look when the credentials end."""
        try:
            lab = is_lab(self.params["lab_mode"], self.params["arn"])
            life, too_short = life_of_copy(new_session(), datetime.now(UTC), lab=lab)
        except ValueError as problem:
            self.fail_json(f"{problem}.")
        except CREDENTIALS_TROUBLE as problem:
            self.fail_json(trouble_of(problem))
        if too_short:
            self.fail_json(life)
        return {"life": life}
