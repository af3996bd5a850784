"""What the module `host_look` does on the controller: digests of what shall be."""

from __future__ import annotations

import hashlib
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.loader import action_loader

OnHost = action_loader.get("on_host", class_only=True)

from ansible.module_utils.firewall.ssh_trouble import no_answer


class ActionModule(OnHost):
    """The action itself."""

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Return what differs on the host."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        wanted = self.options()
        wanted["paths"] = [self._with_digest(each) for each in wanted["paths"]]
        try:
            return {**result, **self.ask(wanted, task_vars, wanted["wait"])}
        except AnsibleConnectionFailure as problem:
            if not wanted["wait"]:
                raise
            source = task_vars["hostvars"].get("localhost", {}).get("firewall_caller", "")
            address = str(self._play_context.remote_addr)
            words = no_answer(address, wanted["wait"], source, str(problem))
            raise AnsibleConnectionFailure(words) from problem

    def _with_digest(self, path: dict[str, Any]) -> dict[str, Any]:
        """Return a path that shall be, with the digest of its content in place of the content."""
        content = self.take_content(path)
        return path if content is None else {**path, "sha256": hashlib.sha256(content).hexdigest()}
