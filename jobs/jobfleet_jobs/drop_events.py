"""The drop folder's events: what S3 says of an object under `incoming/`, and the job that it asks for.

Its structure: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from typing import Any
from urllib.parse import unquote_plus

from jobfleet_jobs.careful_json import parse
from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Text, Value
from jobfleet_jobs.protocol.aws_facts import SQS_MESSAGE_MAX_BYTES
from jobfleet_jobs.protocol.ids import derived_job_id
from jobfleet_jobs.protocol.message import Dropped, Request, Stored, inline_json
from jobfleet_jobs.protocol.names import INCOMING, OUTPUTS

# Beside the objects of an operation: what they share. Objects' own metadata go before it.
PARAMETERS_NAME = "_parameters.json"
PARAMETERS_MAX_BYTES = 65_536

# What may be asked for beside an operation's own parameters: an ending for the output's name.
OUTPUT_ENDING = "output_ending"
_SPELT_WITH_DASH = OUTPUT_ENDING.replace("_", "-")

# S3's own limit: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
_KEY_MAX_BYTES = 1_024

# S3 sends one event a message, and says nowhere how many it may send. Each becomes a message of its own, and
# a forged list of nothing would become hundreds of thousands.
EVENTS_MAX = 100

_ETAG = re.compile(r"[0-9A-Za-z-]{1,100}")
_SEQUENCER = re.compile(r"[0-9A-Fa-f]{1,64}")
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,16}")


@dataclass(frozen=True)
class Nothing:
    """An event that asks for nothing, and why: `code` for machines, `words` for people."""

    code: str
    words: str


@dataclass(frozen=True)
class Several:
    """A message with several events: the messages that hold one each."""

    bodies: tuple[str, ...]


def read_event(body: str, bucket: str) -> Request | Nothing | Several | None:
    """Return what an event asks for; None for a message that is no event of S3's.

    `bucket` is the stack's. Raises `BadJob` for an event that S3 cannot have sent of it.
    """
    try:
        message = parse(body)
    except ValueError:
        return None
    if not isinstance(message, dict):
        return None
    if message.get("Event") == "s3:TestEvent":
        return Nothing("test-event", "S3 tried whether its events arrive: they do")
    records = message.get("Records")
    if not isinstance(records, list):
        return None
    if len(records) == 1:
        return _read_record(records[0], bucket)
    if not records:
        return Nothing("no-records", "the message holds no event")
    if len(records) > EVENTS_MAX:
        raise BadJob("bad-event", f"the message holds {len(records):,} events; at most {EVENTS_MAX} are read")
    bodies = tuple(inline_json({"Records": [record]}) for record in records)
    # Numbers may be written in more characters than they came in.
    if max(len(body.encode()) for body in bodies) > SQS_MESSAGE_MAX_BYTES:
        raise BadJob("bad-event", "one of the message's events is longer than a message may be")
    return Several(bodies)


def drop_id(bucket: str, key: str, etag: str, milliseconds: int) -> str:
    """Return the id of the job that an object asks for: a UUIDv7 of when S3 had it, in Unix time.

    All but the time follows from bucket, key and ETag (`drop_mark`), so the same event is the same
    job however often it comes, and a job can be told from what is listed in the bucket.
    """
    return derived_job_id(milliseconds, _digest(bucket, key, etag))


def drop_mark(bucket: str, key: str, etag: str) -> str:
    """Return the part of `drop_id` that does not tell the time: what stands behind the second dash."""
    return drop_id(bucket, key, etag, 0)[14:]


def is_later(sequencer: str, other: str) -> bool:
    """Tell whether of two events of one key the one with `sequencer` is the later.

    They are texts of digits, not numbers: S3 wants the shorter one filled up with zeros on the right.
    """
    width = max(len(sequencer), len(other))
    return sequencer.ljust(width, "0") > other.ljust(width, "0")


def parameters_key(operation: str) -> str:
    """Where the parameters lie that all objects of an operation share."""
    return f"{INCOMING}{operation}/{PARAMETERS_NAME}"


def filled_in(
    request: Request, operation: Operation, metadata: Mapping[str, str], shared: str | None
) -> Request:
    """Return the request with its parameters and its output's key.

    `metadata` are the object's own, by lower-case name; a name that is no parameter of `operation`
    is another program's. `shared` is the text of `_parameters.json`, None if there is none. Raises
    `BadJob`.
    """
    given: dict[str, Any] = _shared(shared, operation)
    own = {name.lower().replace("-", "_"): decoded(value) for name, value in metadata.items()}
    for one in operation.parameters:
        if one.name in own:
            # A text is what it is; its pattern may be of a package, and is tried where time is limited.
            given[one.name] = own[one.name] if isinstance(one, Text) else one.read(own[one.name])
    ending = own.get(OUTPUT_ENDING, given.pop(OUTPUT_ENDING, ""))
    name = relative_name(request) + (checked_ending(ending) if ending else "")
    wanted = operation.gives == "image" or (operation.gives == "file" and ending)
    return replace(request, parameters=given, output=OUTPUTS + name if wanted else None)


def checked_ending(ending: Any) -> str:
    """Return an ending that is asked for. Raises `BadJob`."""
    if not isinstance(ending, str) or not _ENDING.fullmatch(ending):
        raise BadJob("bad-parameter", f"{OUTPUT_ENDING}={shown(ending)}: give a dot and letters, as in .txt")
    return ending


def relative_name(request: Request) -> str:
    """Return the name of a dropped input without the folder: `<operation>/<name>`."""
    assert isinstance(request.input, Stored)  # noqa: S101 - for the type checker
    return request.input.key.removeprefix(INCOMING)


def decoded(value: str) -> str:
    """Return a metadata value in its own letters: S3 gives what is not ASCII as RFC 2047 has it."""
    if "=?" not in value:
        return value
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, UnicodeError):
        return value


def _shared(text: str | None, operation: Operation) -> dict[str, Value]:
    if text is None:
        return {}
    where = parameters_key(operation.name)
    try:
        found = parse(text)
    except ValueError as problem:
        raise BadJob("bad-parameter", f"{where} is not JSON: {problem}") from problem
    if not isinstance(found, dict):
        raise BadJob("bad-parameter", f'{where} is no JSON object of parameters, such as {{"level": 100}}')
    # As it is spelt in an object's metadata, whose names have dashes.
    if _SPELT_WITH_DASH in found:
        raise operation.no_such_parameter(_SPELT_WITH_DASH, [OUTPUT_ENDING])
    return found


def _read_record(record: Any, bucket: str) -> Request | Nothing:
    if not isinstance(record, dict) or record.get("eventSource") != "aws:s3":
        raise BadJob("bad-event", "the event is not one of S3's")
    about = record.get("s3")
    where = _text(_part(about, "bucket"), "name")
    if where != bucket:
        raise BadJob("bad-event", f"the event is of bucket {shown(where)}, which is not this stack's")
    thing = _part(about, "object")
    key = _decoded_key(_text(thing, "key"))
    if not _text(record, "eventName").startswith("ObjectCreated:"):
        return Nothing("not-created", f"nothing was put at {shown(key, 200)}")
    if not key.startswith(INCOMING):
        return Nothing("not-incoming", f"{shown(key, 200)} is not under {INCOMING}")
    if key.endswith("/"):
        return Nothing("folder", f"{shown(key, 200)} is a folder that a console made")
    operation, slash, name = key.removeprefix(INCOMING).partition("/")
    if slash and name == PARAMETERS_NAME:
        return Nothing("parameters", f"{shown(key, 200)} holds the parameters of what is dropped beside it")
    etag, sequencer = _text(thing, "eTag"), thing.get("sequencer") or "0"
    if not _ETAG.fullmatch(etag) or not (isinstance(sequencer, str) and _SEQUENCER.fullmatch(sequencer)):
        raise BadJob("bad-event", "eTag or sequencer of the event are none")
    at = _text(record, "eventTime")
    return Request(
        id=drop_id(bucket, key, etag, _milliseconds(at)),
        operation=operation if slash else "",
        input=Stored(bucket, key, etag),
        submitted_at=at,
        dropped=Dropped(sequencer.lower()),
    )


def _milliseconds(text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
        milliseconds = int(at.timestamp() * 1000) if at.tzinfo else -1
    except (ValueError, OverflowError) as problem:
        raise BadJob("bad-event", f"eventTime {shown(text)} is no time") from problem
    if milliseconds < 0:
        raise BadJob("bad-event", f"eventTime {shown(text)} is no time in UTC since 1970")
    return milliseconds


def _decoded_key(text: str) -> str:
    try:
        key = unquote_plus(text, errors="strict")
        length = len(key.encode())
    except UnicodeError as problem:
        raise BadJob("bad-event", f"key {shown(text)} is not encoded as S3 encodes keys") from problem
    if length > _KEY_MAX_BYTES:
        raise BadJob("bad-event", f"key {shown(key)} is longer than any key of S3's")
    return key


def _part(whole: Any, name: str) -> dict[str, Any]:
    part = whole.get(name) if isinstance(whole, dict) else None
    if not isinstance(part, dict):
        raise BadJob("bad-event", f"the event says nothing of its {name}")
    return part


def _text(part: Mapping[str, Any], name: str) -> str:
    text = part.get(name)
    if not isinstance(text, str) or not text:
        raise BadJob("bad-event", f"the event has no {name}")
    return text


def _digest(bucket: str, key: str, etag: str) -> bytes:
    return hashlib.sha256(json.dumps([bucket, key, etag]).encode()).digest()
