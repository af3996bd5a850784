"""The request and the result, and their JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

from jobfleet_jobs.careful_json import NESTED_MAX, STORED_NESTED_MAX, Fields, WrongField, parse
from jobfleet_jobs.credentials.redaction import redact, shown
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.aws_facts import SQS_MESSAGE_MAX_BYTES
from jobfleet_jobs.protocol.ids import is_job_id
from jobfleet_jobs.protocol.sqs_text import escaped

VERSION = 1

# An answer is its JSON and nothing else; what is longer says that the result is `stored`.
ANSWER_MAX_BYTES = SQS_MESSAGE_MAX_BYTES

# From this size on, in bytes, a file counts as large: it travels in parts of that size, is shown with its
# progress, and is worth a question about limits first.
LARGE_BYTES = 8 * 1024 * 1024

# What a request takes in bytes besides its input: an id, names, parameters, an output's key.
ENVELOPE_MAX_BYTES = 4_096

# What may stand in a request itself, counted as JSON; anything larger goes through the bucket. A call
# takes ten requests that share one message's limit, and ten of the largest fit with their envelopes
# (10 * (65,536 + 4,096) = 696,320). A small request is also cheap to receive again.
INLINE_MAX_BYTES = SQS_MESSAGE_MAX_BYTES // 16

# Asks a worker to tell when it has begun with a job that takes a while.
TELL_STARTED = "started"

Status = Literal["succeeded", "failed", "failing"]
STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True)
class Inline:
    """An input that stands in the request itself, as text."""

    text: str


@dataclass(frozen=True)
class Stored:
    """An input that lies in the stack's bucket; with an `etag`, it is that object and no later one."""

    bucket: str
    key: str
    etag: str | None = None


@dataclass(frozen=True)
class Dropped:
    """What only S3's own event says of an input: `sequencer`; `drop_events.is_later` compares two."""

    sequencer: str


@dataclass(frozen=True)
class Request:
    """One job to do. `id` is a UUIDv7: one id, one effect. `submitted_at` is ISO 8601 in UTC.

    `tell` is what the sender asks for at `reply_to` beside the answer: `TELL_STARTED`, for a `started_note`.

    `dropped` is None but for a request that was read from an event of S3's (`drop_events`), which has no
    JSON of its own.
    """

    id: str
    operation: str
    input: Inline | Stored
    submitted_at: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    output: str | None = None
    reply_to: str | None = None
    tell: Sequence[str] = ()
    dropped: Dropped | None = None

    def to_json(self) -> str:
        """Return the message body."""
        source = self.input
        body: dict[str, Any] = {
            "version": VERSION,
            "id": self.id,
            "operation": self.operation,
            "parameters": dict(self.parameters),
            "input": {"inline": source.text}
            if isinstance(source, Inline)
            else {"bucket": source.bucket, "key": source.key},
            "submitted_at": self.submitted_at,
        }
        if self.output is not None:
            body["output"] = {"key": self.output}
        if self.reply_to is not None:
            body["reply_to"] = self.reply_to
        if self.tell:
            body["tell"] = list(self.tell)
        return inline_json(body)

    @classmethod
    def from_json(cls, body: str) -> "Request":
        """Read a message body; fields it does not know are passed over. Raises `BadJob`."""
        message = json_object(body)
        version = message.get("version")
        if version != VERSION:
            raise BadJob("bad-version", f"version {shown(version)}: this worker reads version {VERSION}")
        job_id = _text(message, "id")
        if not is_job_id(job_id):
            raise BadJob("bad-request", f"id {shown(job_id)} is not a UUID in lower case")
        parameters = message.get("parameters", {})
        if not isinstance(parameters, dict):
            raise BadJob("bad-request", "parameters must be an object")
        output = message.get("output")
        if output is not None and not isinstance(output, dict):
            raise BadJob("bad-request", "output must be an object with a key")
        return cls(
            id=job_id,
            operation=_text(message, "operation"),
            parameters=parameters,
            input=_input(message.get("input")),
            output=None if output is None else _text(output, "key", "output.key"),
            reply_to=None if message.get("reply_to") is None else _text(message, "reply_to"),
            tell=_tell(message.get("tell")),
            submitted_at=_text(message, "submitted_at"),
        )


@dataclass(frozen=True)
class JobError:
    """Why a job failed: `code` for machines, `message` for people, without secrets."""

    code: str
    message: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", redact(self.message))


@dataclass(frozen=True)
class Output:
    """Where a job's output lies in the bucket, its size in bytes, and its ETag.

    Two jobs may be given the same name for their outputs; the ETag tells whose is there now.
    """

    bucket: str
    key: str
    bytes: int
    etag: str | None = None


@dataclass(frozen=True)
class Attempt:
    """An attempt that broke: when (ISO 8601 in UTC), where, which one, and why."""

    at: str
    worker: str
    attempt: int
    cause: str


@dataclass(frozen=True)
class Result:
    """What became of a job.

    `attempt` counts from 1. `timings` are seconds by the name of the step. `result` is the
    operation's own answer, `None` where it failed. A `failing` one is not final: its `attempts`
    broke, and the job is tried again, or lies in the dead-letter queue. It is stored and never sent.

    `stored` stands in an answer alone: its `result` is too long for a message and `None` here; the
    whole one lies in the bucket (`results.result_lookup.find_result`).

    `dropped` is the key of an input that lay in the drop folder: nobody was told the job's id.
    """

    id: str
    operation: str
    status: Status
    worker: str
    attempt: int
    result: Mapping[str, Any] | None = None
    output: Output | None = None
    error: JobError | None = None
    timings: Mapping[str, float] = field(default_factory=dict)
    attempts: Sequence[Attempt] = ()
    stored: bool = False
    dropped: str | None = None

    def to_answer(self, limit: int = ANSWER_MAX_BYTES) -> str:
        """Return the body of the answer: everything, or all but `result` if that has over `limit` bytes."""
        body = self.to_json()
        return body if len(body) <= limit else replace(self, result=None, stored=True).to_json()

    @property
    def last_attempt(self) -> Attempt | None:
        """The attempt that broke last, if any did; one that was redriven counts from 1 again."""
        return max(self.attempts, key=lambda attempt: attempt.at, default=None)

    def to_json(self) -> str:
        """Return what is stored in the bucket, in ASCII."""
        # Stored, logged and sent: worked out once. The fields do not change, nor what they hold.
        text: str = self.__dict__.get("_json") or self.__dict__.setdefault("_json", self._to_json())
        return text

    def _to_json(self) -> str:
        body: dict[str, Any] = {
            "version": VERSION, "id": self.id, "operation": self.operation, "status": self.status,
            "worker": self.worker, "attempt": self.attempt, "result": self.result,
            "output": self.output and asdict(self.output), "error": self.error and asdict(self.error),
            "timings": self.timings,
        }  # fmt: skip
        if self.stored:
            body["stored"] = True
        if self.dropped is not None:
            body["dropped"] = self.dropped
        if self.attempts:
            body["attempts"] = [asdict(attempt) for attempt in self.attempts]
        # ASCII, because a sender can put half a surrogate pair into a name, which no UTF-8 holds.
        return json.dumps(body, separators=(",", ":"))

    @classmethod
    def from_json(cls, body: str) -> "Result":
        """Read an answer or a stored result; fields it does not know are passed over. Raises `BadJob`."""
        message = json_object(body, STORED_NESTED_MAX)
        if message.get("version") != VERSION:
            raise BadJob("bad-version", f"result version {shown(message.get('version'))}: expected {VERSION}")
        try:
            return cls._of(Fields(message))
        except WrongField as problem:
            raise BadJob("bad-result", f"the result cannot be read: {problem}") from problem

    @classmethod
    def _of(cls, told: Fields) -> "Result":
        output, error, status = told.inner("output"), told.inner("error"), told.text("status")
        if status not in STATUSES:
            raise WrongField("status")
        return cls(
            id=told.text("id"),
            operation=told.text("operation"),
            status=status,
            worker=told.text("worker"),
            attempt=told.whole("attempt"),
            result=told.mapping("result"),
            output=None if output is None else _output(output),
            error=None if error is None else JobError(error.words("code"), error.words("message")),
            timings=told.numbers("timings"),
            attempts=tuple(
                Attempt(one.text("at"), one.text("worker"), one.whole("attempt"), one.text("cause"))
                for one in told.objects("attempts")
            ),
            stored=told.is_true("stored"),
            dropped=told.optional_text("dropped"),
        )


def inline_json(value: Any) -> str:
    """Return JSON as it stands in a request: any text in as few bytes as SQS takes it in."""
    return escaped(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def json_object(body: str, deepest: int = NESTED_MAX) -> dict[str, Any]:
    """Return the JSON object that a message is. Raises `BadJob`."""
    try:
        message = parse(body, deepest)
    except ValueError as problem:
        raise BadJob("bad-request", f"the message is not JSON: {problem}") from problem
    if not isinstance(message, dict):
        raise BadJob("bad-request", "the message is not a JSON object")
    return message


def _text(message: Mapping[str, Any], name: str, called: str | None = None) -> str:
    value = message.get(name)
    if not isinstance(value, str) or not value:
        raise BadJob("bad-request", f"field {called or name!r} is missing or not a text")
    return value


def _tell(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise BadJob("bad-request", f'tell {shown(value)}: give a list of texts, such as ["{TELL_STARTED}"]')
    return tuple(value)


def _input(value: Any) -> Inline | Stored:
    if isinstance(value, dict) and isinstance(value.get("inline"), str):
        return Inline(value["inline"])
    if isinstance(value, dict) and all(isinstance(value.get(name), str) for name in ("bucket", "key")):
        return Stored(value["bucket"], value["key"])
    raise BadJob("bad-request", "input must hold either 'inline' or 'bucket' and 'key'")


def _output(told: Fields) -> Output:
    return Output(told.text("bucket"), told.text("key"), told.whole("bytes"), told.optional_text("etag"))
