"""The settings of a scaler, from its TOML file."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from jobfleet_jobs.protocol.names import StackNames

# Ids become part of keys in the log.
_INSTANCE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")

_NEEDED = ("stack", "region", "bucket", "request_queue")


class BadSettings(ValueError):
    """The settings cannot work."""


@dataclass(frozen=True)
class ScalerSettings:
    """The keys of `scaler.toml`. Raises `BadSettings` for what cannot work.

    `instance_id` says who this scaler is; without it the metadata service is asked. `worker` tells whether a
    worker runs on this host, which then drains when it is to leave.
    """

    stack: str
    region: str
    bucket: str
    request_queue: str
    instance_id: str = ""
    endpoint_url: str | None = None
    worker: bool = True

    def __post_init__(self) -> None:
        StackNames(self.stack)
        if wrong := [sentence for sentence in self._problems() if sentence]:
            raise BadSettings("; ".join(wrong))

    def _problems(self) -> Iterator[str]:
        """Give a sentence for each value that cannot work, and an empty one for each that can."""
        for name in ("region", "bucket", "request_queue"):
            value = getattr(self, name)
            yield self._require(name, isinstance(value, str) and bool(value), "give a name")
        yield self._require(
            "instance_id",
            isinstance(self.instance_id, str)
            and (not self.instance_id or bool(_INSTANCE_ID.fullmatch(self.instance_id))),
            "give 1 to 80 letters, digits, dots, dashes and underscores, a letter or digit first; "
            "or leave it out, and the instance's own is found",
        )
        endpoint = self.endpoint_url
        yield self._require(
            "endpoint_url",
            endpoint is None or str(endpoint).startswith(("http://", "https://")),
            "give a URL that begins with http:// or https://, or leave it out for AWS itself",
        )
        yield self._require("worker", isinstance(self.worker, bool), "give true or false")

    def _require(self, name: str, holds: bool, way_out: str) -> str:
        return "" if holds else f"scaler setting {name} = {getattr(self, name)!r} cannot work: {way_out}"


def from_mapping(given: Mapping[str, Any]) -> ScalerSettings:
    """Return settings from the keys of a TOML file. Raises `BadSettings` for unknown and missing keys."""
    known = {one.name for one in fields(ScalerSettings)}
    wrong = [f"scaler setting {name!r} is unknown" for name in sorted(set(given) - known)]
    if wrong:
        wrong[-1] += f"; there are {', '.join(sorted(known))}"
    wrong += [f"scaler setting {name!r} is missing" for name in sorted(set(_NEEDED) - set(given))]
    if wrong:
        raise BadSettings("; ".join(wrong))
    return ScalerSettings(**given)


def from_file(path: Path) -> ScalerSettings:
    """Read a TOML file. Raises `BadSettings` that names the file."""
    try:
        return from_mapping(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as problem:
        raise BadSettings(f"{path}: {problem.strerror}; name another file in --config") from problem
    except ValueError as problem:  # TOML's own error and BadSettings both are
        raise BadSettings(f"{path}: {problem}") from problem
