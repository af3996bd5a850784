"""What is known of a job before it is done, and how that is kept beside its input in the bucket."""

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

from jobfleet_jobs.careful_json import parse
from jobfleet_jobs.protocol.ids import is_job_id, sent_at
from jobfleet_jobs.protocol.names import shown_name

from jobfleet_web.model import JobView, Upload
from jobfleet_web.problems import Problem

# S3 takes 2 KB of metadata in all (https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html).
# The name takes 765 bytes of it at most, the other values some hundred.
PARAMETERS_MAX_CHARACTERS = 1_000
TYPE_MAX_CHARACTERS = 100

# What is put before parameters that were compressed to fit.
_COMPRESSED = "z:"


@dataclass(frozen=True)
class JobFacts:
    """A job as it was sent. Where only its id is known, the rest is as here.

    `parameters` is None where nothing tells them. `received` is how long its body took to come in, in
    seconds. `key` is where its input lies, None where it stands in the request. `retry_of` is the job that
    failed before it.
    """

    id: str
    name: str = ""
    operation: str = ""
    parameters: Mapping[str, Any] | None = None
    batch: str | None = None
    bytes: int | None = None
    content_type: str = ""
    received: float | None = None
    key: str | None = None
    retry_of: str | None = None

    @property
    def submitted_at(self) -> str | None:
        """When its id was made, in ISO 8601."""
        at = sent_at(self.id)
        return at.isoformat(timespec="milliseconds") if at else None

    @property
    def age_seconds(self) -> float:
        """How long ago its id was made; 0 for one that does not tell."""
        at = sent_at(self.id)
        return (datetime.now(UTC) - at).total_seconds() if at else 0.0


def facts_of(upload: Upload, batch: str | None, key: str) -> JobFacts:
    """Return what an upload says of its job. Raises `Problem` for more than can be kept."""
    facts = JobFacts(
        upload.job_id, shown_name(upload.name), upload.operation.name, dict(upload.parameters), batch,
        upload.bytes, upload.content_type[:TYPE_MAX_CHARACTERS], round(upload.received_seconds, 3), key,
    )  # fmt: skip
    metadata_of(facts)
    return facts


def facts_of_view(view: JobView) -> JobFacts:
    """Return what a view says of its job as it was sent."""
    return JobFacts(
        view.id, view.name, view.operation, view.parameters, view.batch, view.bytes,
        received=view.times.get("upload"), retry_of=view.retry_of,
    )  # fmt: skip


def metadata_of(facts: JobFacts) -> dict[str, str]:
    """Return the metadata that goes with a job's input. Raises `Problem` for parameters that do not fit."""
    written = {
        "name": _quoted(shown_name(facts.name)),
        "operation": facts.operation,
        "parameters": _packed(facts.parameters or {}),
        "batch": facts.batch or "",
        "retry-of": facts.retry_of or "",
        "type": _quoted(facts.content_type)[:TYPE_MAX_CHARACTERS],
        "received": "" if facts.received is None else f"{facts.received:.3f}",
    }
    return {name: value for name, value in written.items() if value}


def read_metadata(job_id: str, key: str, size: int, found: Mapping[str, str]) -> JobFacts:
    """Return what the metadata of an input says, whoever put it."""
    try:
        parameters = _unpacked(found["parameters"]) if "parameters" in found else None
        received = float(found["received"]) if "received" in found else None
    except (ValueError, zlib.error):
        parameters = received = None
    retry_of = found.get("retry-of", "")
    return JobFacts(
        job_id, unquote(found.get("name", "")) or key.rpartition("/")[2], found.get("operation", ""),
        parameters, found.get("batch") or None, size, unquote(found.get("type", "")), received, key,
        retry_of if is_job_id(retry_of) else None,
    )  # fmt: skip


def _quoted(text: str) -> str:
    return quote(text, safe="()+,-./:;=@_", errors="replace").strip()


def _packed(parameters: Mapping[str, Any]) -> str:
    text = json.dumps(parameters, separators=(",", ":"))
    plain = quote(text, safe='{}[]":,.-_')
    if len(plain) <= PARAMETERS_MAX_CHARACTERS:
        return plain
    packed = _COMPRESSED + base64.b64encode(zlib.compress(text.encode(), 9)).decode()
    if len(packed) > PARAMETERS_MAX_CHARACTERS:
        raise Problem(
            400, "too-many-parameters", f"the parameters take {len(text):,} characters as JSON",
            mend="give fewer or shorter ones, or send this job with `jobfleet run`",
        )  # fmt: skip
    return packed


def _unpacked(text: str) -> dict[str, Any] | None:
    if text.startswith(_COMPRESSED):
        inflate = zlib.decompressobj()
        # What comes out of it is small, whoever wrote it.
        text = inflate.decompress(base64.b64decode(text[len(_COMPRESSED) :]), 65_536).decode()
    else:
        text = unquote(text)
    found = parse(text)
    return found if isinstance(found, dict) else None
