"""What the module `host_look` does on the controller: digests of what shall be, and the way to the host."""

from __future__ import annotations

import hashlib
import json
import shlex
import time
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

MODULE = Path(__file__).parents[1] / "modules/host_look.py"
PAUSE_SECONDS = 1


class ActionModule(ActionBase):
    """The action itself."""

    _supports_check_mode = True
    _requires_connection = True

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Return what differs on the host."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        source = MODULE.read_text(encoding="utf-8")
        _, wanted = self.validate_argument_spec(argument_spec=options_of(source))
        wanted["paths"] = [self._with_digest(each) for each in wanted["paths"]]
        interpreter = self._templar.template(task_vars.get("ansible_python_interpreter", "/usr/bin/python3"))
        program = f"{source}\n\nmain({json.dumps(wanted)!r})\n"
        result.update(self._ask(f"{shlex.quote(interpreter)} -I -", program, wanted["wait"]))
        return result

    def _with_digest(self, path: dict[str, Any]) -> dict[str, Any]:
        """Return a path that shall be, with the digest of its content in place of the content."""
        content, src = path.pop("content", None), path.pop("src", None)
        if content is not None:
            path["sha256"] = hashlib.sha256(content.encode()).hexdigest()
        elif src is not None:
            file = self._loader.get_real_file(self._find_needle("files", src))
            path["sha256"] = hashlib.sha256(Path(file).read_bytes()).hexdigest()
        return path

    def _ask(self, command: str, program: str, seconds: int) -> dict[str, Any]:
        """Run the program on the host, and return its answer; try for some seconds until Python starts."""
        end = time.monotonic() + seconds
        while True:
            try:
                done = self._low_level_execute_command(command, in_data=program.encode())
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
                        f"The host could not be looked at: {done['stderr'] or done['stdout']}"
                    )
            time.sleep(PAUSE_SECONDS)


def options_of(source: str) -> dict[str, Any]:
    """Return a module's argument spec, as its documentation says it."""
    documentation = source.partition('DOCUMENTATION = r"""')[2].partition('"""')[0]
    return spec_of(yaml.load(documentation, Loader=yaml.CSafeLoader)["options"])


def spec_of(documented: dict[str, Any]) -> dict[str, Any]:
    """Return documented options as an argument spec."""
    kept = ("type", "elements", "default", "choices", "required")
    return {
        name: {
            **{key: option[key] for key in kept if key in option},
            **({"options": spec_of(option["suboptions"])} if "suboptions" in option else {}),
        }
        for name, option in documented.items()
    }
