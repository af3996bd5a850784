"""The variables file, `inventory/group_vars/all.yml` or a copy of it, as the client reads it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jobfleet.errors import UnknownSettings

VARS_FILE = Path("inventory/group_vars/all.yml")

_WAY_OUT = "name another with --vars or JOBFLEET_VARS, or give --stack and --region"


class Variables:
    """The variables file, read when something is first asked of it."""

    def __init__(self, path: str | Path | None) -> None:
        self._named = path or os.environ.get("JOBFLEET_VARS") or None
        self.named_by = "--vars" if path else "JOBFLEET_VARS" if self._named else None
        self.path = Path(self._named).expanduser() if self._named else _look_upwards()
        self._values: Mapping[str, Any] | None = None

    def value(self, name: str) -> str | None:
        """Return a plain text, or None for one that only Ansible can work out. Raises `UnknownSettings`."""
        if self._values is None:
            self._values = self._read()
        value = self._values.get(name)
        if value is None or (isinstance(value, str) and ("{{" in value or "{%" in value)):
            return None
        if not isinstance(value, str):
            raise UnknownSettings(f"{self.path}: {name} is {value!r}, which is no text: put it in quotes")
        return value

    def what_it_lacks(self, name: str) -> str:
        """Return a clause on why it does not have `name`."""
        if self.path is None:
            return f"there is no {VARS_FILE} here or in a folder above"
        return f"{self.path} has no plain {name}"

    def _read(self) -> Mapping[str, Any]:
        if self.path is None:
            return {}
        try:
            text = self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            why = problem.strerror if isinstance(problem, OSError) else "it is no UTF-8 text"
            raise UnknownSettings(
                f"the variables file {self.path} cannot be read: {why}; {_WAY_OUT}"
            ) from problem
        return _parse(text, self.path)


def _parse(text: str, path: Path) -> Mapping[str, Any]:
    import yaml

    class Loader(yaml.SafeLoader):
        """Passes over Ansible's own tags, such as `!vault`."""

    Loader.add_multi_constructor("!", lambda *_: None)
    try:
        values = yaml.load(text, Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as problem:
        where = " ".join(str(problem).split())
        raise UnknownSettings(f"the variables file {path} is no YAML: {where}; {_WAY_OUT}") from problem
    if not isinstance(values, dict):
        raise UnknownSettings(f"the variables file {path} holds no variables; {_WAY_OUT}")
    return values


def _look_upwards() -> Path | None:
    here = Path.cwd()
    return next(
        (folder / VARS_FILE for folder in (here, *here.parents) if (folder / VARS_FILE).is_file()), None
    )
