"""The variables file, `inventory/group_vars/all.yml` or a copy of it, as the client reads it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jobfleet.errors import UnknownSettings
from jobfleet.files.paths import at_home, named, working_folder

VARS_FILE = Path("inventory/group_vars/all.yml")

# Ours has a few hundred lines; what is much larger, or never ends, is something else.
_MAX_BYTES = 1024 * 1024

_WAY_OUT = "name another with --vars or JOBFLEET_VARS, or give --stack and --region"


class Variables:
    """The variables file, read when something is first asked of it."""

    def __init__(self, path: str | Path | None) -> None:
        self._named = path or os.environ.get("JOBFLEET_VARS") or None
        self.named_by = "--vars" if path else "JOBFLEET_VARS" if self._named else None
        self.path = at_home(self._named) if self._named else _look_upwards()
        self._values: Mapping[str, Any] | None = None

    def value(self, name: str) -> str | None:
        """Return a plain text, or None for one that only Ansible can work out. Raises `UnknownSettings`."""
        if self._values is None:
            self._values = self._read()
        value = self._values.get(name)
        if value is None or (isinstance(value, str) and ("{{" in value or "{%" in value)):
            return None
        if not isinstance(value, str):
            raise UnknownSettings(
                f"{named(self.path or '')}: {name} is {value!r}, which is no text: put it in quotes"
            )
        return value

    def what_it_lacks(self, name: str) -> str:
        """Return a clause on why it does not have `name`."""
        if self.path is None:
            return f"there is no {VARS_FILE} here or in a folder above"
        return f"{named(self.path)} has no plain {name}"

    def _read(self) -> Mapping[str, Any]:
        if self.path is None:
            return {}
        try:
            with self.path.open("rb") as file:
                data = file.read(_MAX_BYTES + 1)
            if len(data) > _MAX_BYTES:
                raise UnknownSettings(f"{named(self.path)} is too large for a variables file; {_WAY_OUT}")
            text = data.decode()
        except (OSError, ValueError) as problem:
            why = problem.strerror if isinstance(problem, OSError) else "it is no UTF-8 text"
            raise UnknownSettings(
                f"the variables file {named(self.path)} cannot be read: {why}; {_WAY_OUT}"
            ) from problem
        return _parse(text, self.path)


def _parse(text: str, path: Path) -> Mapping[str, Any]:
    import yaml

    class Loader(yaml.SafeLoader):
        """Passes over Ansible's own tags, such as `!vault`."""

    Loader.add_multi_constructor("!", lambda *_: None)
    try:
        values = yaml.load(text, Loader)  # noqa: S506 - a SafeLoader
    # What looks like a date or a number and is none, and what is nested too deeply, the library lets through.
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        where = " ".join(str(problem).split())
        raise UnknownSettings(
            f"the variables file {named(path)} is no YAML: {where}; {_WAY_OUT}"
        ) from problem
    if not isinstance(values, dict):
        raise UnknownSettings(f"the variables file {named(path)} holds no variables; {_WAY_OUT}")
    return values


def _look_upwards() -> Path | None:
    here = working_folder()
    if here is None:
        return None
    return next(
        (folder / VARS_FILE for folder in (here, *here.parents) if (folder / VARS_FILE).is_file()), None
    )
