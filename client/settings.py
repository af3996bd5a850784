"""Which stack is meant: from flags, `JOBFLEET_*`, the variables file, AWS's environment, in this order."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from client.errors import UnknownSettings
from jobs.names import BadStackName, StackNames

VARS_FILE = Path("inventory/group_vars/all.yml")

# The names a variables file has for what is asked here.
_IN_VARS_FILE = {"stack": "stack_name", "region": "aws_region"}
_IN_AWS_ENVIRONMENT = {"region": ("AWS_REGION", "AWS_DEFAULT_REGION")}


@dataclass(frozen=True)
class Settings:
    """What names a stack. Raises `UnknownSettings` for a stack name that cannot be.

    `bucket` is None where it is to be derived from the account. `sources` says where each value
    was found. Credentials are boto3's own matter.
    """

    stack: str
    region: str
    bucket: str | None = None
    endpoint_url: str | None = None
    sources: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            StackNames(self.stack)
        except BadStackName as problem:
            where = self.sources.get("stack")
            raise UnknownSettings(f"{problem}" + (f" (from {where})" if where else "")) from problem

    @property
    def names(self) -> StackNames:
        """The names derived from the stack's name."""
        return StackNames(self.stack)


def find(
    *,
    stack: str | None = None,
    region: str | None = None,
    bucket: str | None = None,
    vars_file: str | Path | None = None,
    endpoint_url: str | None = None,
) -> Settings:
    """Return the settings; what is given wins over what is found. Raises `UnknownSettings`."""
    given = {"stack": stack, "region": region, "bucket": bucket, "endpoint_url": endpoint_url}
    file = _Vars(vars_file)
    values: dict[str, str | None] = {}
    sources = {}
    for name, value in given.items():
        values[name] = None
        for found, source in _places(name, value, file):
            if found:
                values[name], sources[name] = found, source
                break
    for name, flag in (("stack", "--stack"), ("region", "--region")):
        if not values[name]:
            raise UnknownSettings(
                f"no {name} is known: give {flag}, set JOBFLEET_{name.upper()}, or name the variables file "
                f"with --vars or JOBFLEET_VARS ({file.what_it_lacks(_IN_VARS_FILE[name])})"
            )
    return Settings(
        stack=values["stack"] or "", region=values["region"] or "", bucket=values["bucket"],
        endpoint_url=values["endpoint_url"], sources=sources,
    )  # fmt: skip


def _places(name: str, given: str | None, file: "_Vars") -> Iterator[tuple[str | None, str]]:
    yield given, f"--{name.replace('_', '-')}"
    variable = f"JOBFLEET_{name.upper()}"
    yield os.environ.get(variable), variable
    if name in _IN_VARS_FILE:
        yield file.value(_IN_VARS_FILE[name]), str(file.path)
    for variable in _IN_AWS_ENVIRONMENT.get(name, ()):
        yield os.environ.get(variable), variable


class _Vars:
    """The variables file, read when something is first asked of it."""

    def __init__(self, path: str | Path | None) -> None:
        self._named = path or os.environ.get("JOBFLEET_VARS") or None
        self.path = Path(self._named).expanduser() if self._named else _look_upwards()
        self._values: Mapping[str, Any] | None = None

    def value(self, name: str) -> str | None:
        """Return a plain value, or None for one that only Ansible can work out."""
        if self._values is None:
            self._values = self._read()
        value = self._values.get(name)
        return value if isinstance(value, str) and "{{" not in value and "{%" not in value else None

    def what_it_lacks(self, name: str) -> str:
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
            raise UnknownSettings(f"the variables file {self.path} cannot be read: {why}") from problem
        return _parse(text, self.path)


def _parse(text: str, path: Path) -> Mapping[str, Any]:
    import yaml

    class Loader(yaml.SafeLoader):
        """Passes over Ansible's own tags, such as `!vault`."""

    Loader.add_multi_constructor("!", lambda *_: None)
    try:
        values = yaml.load(text, Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as problem:
        raise UnknownSettings(f"the variables file {path} is no YAML: {problem}") from problem
    if not isinstance(values, dict):
        raise UnknownSettings(f"the variables file {path} holds no variables")
    return values


def _look_upwards() -> Path | None:
    here = Path.cwd()
    return next(
        (folder / VARS_FILE for folder in (here, *here.parents) if (folder / VARS_FILE).is_file()), None
    )
