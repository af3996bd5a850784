"""What the actions share whose program goes to the host as it is; plugins/README.md says why.

Such a program is a file of plugins/modules that needs Python's standard library alone. Its function `main`
takes the options in JSON and prints the result in JSON.
"""

from __future__ import annotations

import json
import shlex
import time
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import action_loader

action_loader.get("in_process", class_only=True)  # from then on plugins/module_utils can be imported from

from ansible.module_utils.process.options import documented_options

MODULES = Path(__file__).parents[1] / "modules"
PAUSE_SECONDS = 1

# One program may import from another, though neither is a file on the host.
_LOADED = """
{name} = sys.modules["{name}"] = types.ModuleType("{name}")
exec(compile({source!r}, "{name}.py", "exec"), {name}.__dict__)
"""


class ActionModule(ActionBase):
    """An action whose work is done by a program on the host."""

    _supports_check_mode = True
    _requires_connection = True

    IMPORTS: tuple[str, ...] = ()
    """Names of other programs that it imports from."""

    def options(self) -> dict[str, Any]:
        """Return the arguments, checked and coerced as the module's documentation says."""
        _, wanted = self.validate_argument_spec(documented_options(str(MODULES / f"{self._name}.py")))
        return wanted

    def ask(self, wanted: dict[str, Any], task_vars: dict[str, Any], seconds: int = 0) -> dict[str, Any]:
        """Run the program on the host, and return its answer; try for some seconds until Python starts."""
        interpreter = self._templar.template(task_vars.get("ansible_python_interpreter", "/usr/bin/python3"))
        command, program = f"{shlex.quote(interpreter)} -I -", self._program(wanted).encode()
        end = time.monotonic() + seconds
        while True:
            try:
                done = self._low_level_execute_command(command, in_data=program)
            except AnsibleConnectionFailure:
                if time.monotonic() >= end:
                    raise
                # A connection that is shared may be one to a host that is gone.
                self._connection.reset()
            else:
                if done["rc"] == 0:
                    answer: dict[str, Any] = json.loads(done["stdout"])
                    return answer
                # While a host boots, sudo may not know yet who may use it.
                if "Traceback" in done["stderr"] or time.monotonic() >= end:
                    raise AnsibleActionFail(
                        f"{self._name} did not run on the host: {done['stderr'] or done['stdout']}"
                    )
            time.sleep(PAUSE_SECONDS)

    def take_content(self, path: dict[str, Any]) -> bytes | None:
        """Return what a path on the host shall hold, and take it out of what is said of the path.

        A file on the controller is found as that of a copy is.
        """
        content, src = path.pop("content", None), path.pop("src", None)
        if content is not None:
            return bytes(content.encode())
        if src is not None:
            return Path(self._loader.get_real_file(self._find_needle("files", src))).read_bytes()
        return None

    @property
    def _name(self) -> str:
        return str(self._task.action).rpartition(".")[2]

    def _program(self, wanted: dict[str, Any]) -> str:
        names = (*self.IMPORTS, self._name)
        sources = ((name, (MODULES / f"{name}.py").read_text(encoding="utf-8")) for name in names)
        loaded = "".join(_LOADED.format(name=name, source=source) for name, source in sources)
        return f"import sys, types\n{loaded}{self._name}.main({json.dumps(wanted)!r})\n"
