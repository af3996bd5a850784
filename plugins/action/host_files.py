"""What the module `host_files` does on the controller: it reads what goes to the host."""

from __future__ import annotations

import base64
from typing import Any

from ansible.plugins.loader import action_loader

OnHost = action_loader.get("on_host", class_only=True)


class ActionModule(OnHost):
    """The action itself."""

    IMPORTS = ("host_look",)

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Make or mend the files and folders."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        wanted = self.options()
        only = wanted.pop("only")
        paths = [path for path in wanted["paths"] if only is None or path["path"] in only]
        if not paths:
            return {**result, "changed": False}
        wanted["paths"] = [self._with_data(path) for path in paths]
        wanted["check"] = bool(self._task.check_mode)
        answer = {**result, **self.ask(wanted, task_vars)}
        if not self._task.diff:
            answer.pop("diff", None)
        return answer

    def _with_data(self, path: dict[str, Any]) -> dict[str, Any]:
        """Return a path that shall be, with the bytes that it shall hold in base64 as its `data`."""
        content = self.take_content(path)
        return path if content is None else {**path, "data": base64.b64encode(content).decode()}
