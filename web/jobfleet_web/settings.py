"""The settings of the web tier, from its TOML file."""

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from jobfleet.errors import UnknownSettings
from jobfleet.settings.settings import Settings
from jobfleet_jobs.near_words import did_you_mean
from jobfleet_jobs.protocol.message import LARGE_BYTES

MIB = 1024 * 1024


class BadSettings(ValueError):
    """The settings cannot work."""


@dataclass(frozen=True)
class WebSettings:
    """The keys of `web.toml`. Raises `BadSettings` for what cannot work.

    `token_file` holds the token that every request must bring; it may be empty only together with
    `open_to_all_without_token`. `host_names` are the values of `Host` that are answered, without a port;
    127.0.0.1 and localhost always are. `memory_bytes` is what all uploads under way may take in memory
    together, `waiting_max` how many requests may be held at a time. `wait_default`, `wait_max` and
    `stop_timeout` are seconds. `default_operation` is done where a load generator names none; empty:
    `classify`.
    """

    stack: str
    region: str
    bucket: str
    token_file: str
    host_names: tuple[str, ...] = ()
    endpoint_url: str | None = None
    open_to_all_without_token: bool = False
    max_input_bytes: int = 256 * MIB
    memory_bytes: int = 64 * MIB
    waiting_max: int = 200
    wait_default: int = 30
    wait_max: int = 120
    stop_timeout: int = 30
    default_operation: str = ""

    def __post_init__(self) -> None:
        for field in fields(self):
            self._check_kind(field.name, field.type)
        self._within("max_input_bytes", 1, 5 * 1024**3)
        # Below that, one upload could not be taken at all.
        self._within("memory_bytes", 2 * LARGE_BYTES, 2**40)
        self._within("waiting_max", 1, 100_000)
        self._within("wait_default", 0, self.wait_max)
        self._within("wait_max", 1, 3_600)
        self._within("stop_timeout", 1, 3_600)
        if bool(self.token_file) == self.open_to_all_without_token:
            raise BadSettings(
                f"token_file {self.token_file!r}: give the path of a file with a token of its own, or set "
                "open_to_all_without_token = true, and then anybody who reaches the host may send jobs"
            )
        self.client_settings()

    def client_settings(self) -> Settings:
        """Return what names the stack. Raises `BadSettings`."""
        try:
            return Settings(self.stack, self.region, self.bucket, self.endpoint_url)
        except UnknownSettings as problem:
            raise BadSettings(str(problem)) from problem

    def _check_kind(self, name: str, kind: Any) -> None:
        value = getattr(self, name)
        fits, wanted = {
            str: (isinstance(value, str), "a text"),
            int: (isinstance(value, int) and not isinstance(value, bool), "a whole number"),
            bool: (isinstance(value, bool), "true or false"),
            tuple[str, ...]: (
                isinstance(value, tuple) and all(isinstance(one, str) and one for one in value),
                'a list of texts, such as ["203.0.113.7"]',
            ),
        }.get(kind, (value is None or (isinstance(value, str) and bool(value)), "a text, or leave it out"))
        if not fits:
            raise BadSettings(f"{name} is {value!r}: give {wanted}")

    def _within(self, name: str, least: int, most: int) -> None:
        value = getattr(self, name)
        if not least <= value <= most:
            raise BadSettings(f"{name} is {value}: give {least} to {most}")


def from_file(path: Path) -> WebSettings:
    """Read `web.toml`. Raises `BadSettings`."""
    try:
        with path.open("rb") as file:
            given = tomllib.load(file)
    except OSError as problem:
        raise BadSettings(f"{path} cannot be read: {problem.strerror or problem}") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise BadSettings(f"{path} is not TOML: {problem}") from problem
    return from_mapping(given, str(path))


def from_mapping(given: Mapping[str, Any], source: str = "web.toml") -> WebSettings:
    """Make settings of their names and values. Raises `BadSettings`."""
    known = {field.name for field in fields(WebSettings)}
    needed = {field.name for field in fields(WebSettings) if field.default is MISSING}
    for name in sorted(set(given) - known):
        raise BadSettings(f"{source} has {name!r}{did_you_mean(name, known)}, which is no setting")
    if missing := sorted(needed - set(given)):
        raise BadSettings(f"{source} lacks {', '.join(missing)}")
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
    }
    try:
        return WebSettings(**values)
    except BadSettings as problem:
        raise BadSettings(f"{source}: {problem}") from problem
