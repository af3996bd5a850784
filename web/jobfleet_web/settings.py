"""The settings of the web tier, from its TOML file."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from jobfleet.errors import UnknownSettings
from jobfleet.settings.settings import Settings
from jobfleet_jobs.near_words import did_you_mean
from jobfleet_jobs.protocol.message import LARGE_BYTES

MIB = 1024 * 1024

# The first parts of the paths that are served themselves, by nginx and here: no prefix may begin with one.
OWN_PATHS = frozenset(
    {
        "api", "batches", "healthz", "metrics", "nginx-problems", "readyz", "scaling", "static", "whoami",
        "work",
    }
)  # fmt: skip

_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_WORD = re.compile(r"[A-Za-z0-9._-]{0,128}")

# Least and most of a setting; or the name of the setting that it may not exceed.
_BOUNDS: Mapping[str, tuple[int, int | str]] = {
    "max_input_bytes": (1, 5 * 1024**3),
    # Below that, one upload could not be taken at all.
    "memory_bytes": (2 * LARGE_BYTES, 2**40),
    "waiting_max": (1, 100_000),
    "wait_default": (0, "wait_max"),
    "wait_max": (1, 3_600),
    "stop_timeout": (1, 3_600),
}


class BadSettings(ValueError):
    """The settings cannot work."""


@dataclass(frozen=True)
class WebSettings:
    """The keys of `web.toml`. Raises `BadSettings`, which says all that cannot work.

    `token_file` holds the token that every request must bring; it may be empty only together with
    `open_to_all_without_token`. `host_names` are the values of `Host` that are answered, without a port;
    127.0.0.1 and localhost always are. `memory_bytes` is what all uploads under way may take in memory
    together, `waiting_max` how many requests may be held at a time. `wait_default`, `wait_max` and
    `stop_timeout` are seconds. `default_operation` is done where a load generator names none; empty:
    `classify`.

    `prefixes` are paths such as `/cluster1`, under which a balancer sends requests here: all is served under
    each of them, and without one. `instance`, `instance_type`, `group` and `zone` are what `/whoami` tells.
    Where `balanced` says that a balancer stands in front, that needs no token, and there is `/work`.
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
    prefixes: tuple[str, ...] = ()
    balanced: bool = False
    instance: str = ""
    instance_type: str = ""
    group: str = ""
    zone: str = ""

    def __post_init__(self) -> None:
        wrong = [text for field in fields(self) if (text := self._not_of_kind(field.name, field.type))]
        # What is of another kind cannot be compared.
        if wrong := wrong or [*self._wrong()]:
            raise BadSettings("; ".join(wrong))

    def client_settings(self) -> Settings:
        """Return what names the stack. Raises `BadSettings`."""
        try:
            return Settings(self.stack, self.region, self.bucket, self.endpoint_url)
        except UnknownSettings as problem:
            raise BadSettings(str(problem)) from problem

    def _wrong(self) -> Iterator[str]:
        """Give a sentence for each thing that cannot work."""
        for name, (least, limit) in _BOUNDS.items():
            most = limit if isinstance(limit, int) else getattr(self, limit)
            if not least <= getattr(self, name) <= most:
                yield f"{name} is {getattr(self, name)}: give {least} to {most}"
        if bool(self.token_file) == self.open_to_all_without_token:
            yield (
                f"token_file {self.token_file!r}: give the path of a file with a token of its own, or set "
                "open_to_all_without_token = true, and then anybody who reaches the host may send jobs"
            )
        for name in ("instance", "instance_type", "group", "zone"):
            if not _WORD.fullmatch(getattr(self, name)):
                yield f"{name} is {getattr(self, name)!r}: give 128 letters, digits, '.', '_' and '-' at most"
        yield from _wrong_prefixes(self.prefixes)
        try:
            self.client_settings()
        except BadSettings as problem:
            yield str(problem)

    def _not_of_kind(self, name: str, kind: Any) -> str:
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
        return "" if fits else f"{name} is {value!r}: give {wanted}"


def _wrong_prefixes(prefixes: Sequence[str]) -> Iterator[str]:
    """Give a sentence for each prefix that cannot be one, and for each two that are not told apart."""
    for place, prefix in enumerate(prefixes):
        parts = prefix.split("/")[1:]
        if not _PREFIX.fullmatch(prefix) or {".", ".."} & {*parts}:
            yield (
                f"prefixes has {prefix!r}: give paths such as /cluster1, of letters, digits, '.', '_', '~' "
                "and '-', without a '/' at the end"
            )
        elif parts[0] in OWN_PATHS:
            yield f"prefixes has {prefix!r}, but /{parts[0]} is the web tier's own: give another name"
        for other in prefixes[:place]:
            if f"{prefix}/".startswith(f"{other}/") or f"{other}/".startswith(f"{prefix}/"):
                yield f"prefixes has {other!r} and {prefix!r}: one begins with the other, so leave one out"


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
    """Make settings of their names and values. Raises `BadSettings`, which says all that cannot work."""
    known = {field.name for field in fields(WebSettings)}
    needed = {field.name for field in fields(WebSettings) if field.default is MISSING}
    wrong = [
        f"{source} has {name!r}{did_you_mean(name, known)}, which is no setting"
        for name in sorted(set(given) - known)
    ]
    if missing := sorted(needed - set(given)):
        wrong.append(f"{source} lacks {', '.join(missing)}")
        raise BadSettings("; ".join(wrong))
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in given.items()
        if name in known
    }
    try:
        settings = WebSettings(**values)
    except BadSettings as problem:
        wrong.append(f"{source}: {problem}")
    if wrong:
        raise BadSettings("; ".join(wrong))
    return settings
