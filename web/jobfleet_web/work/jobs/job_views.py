"""Jobs as people and programs see them, made of what was sent and what the workers say."""

import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.protocol.message import Output, Result

from jobfleet_web.links import HERE
from jobfleet_web.model import JobFailure, JobView, OutputFile
from jobfleet_web.work.jobs.job_facts import JobFacts

# What files are sent as, by the format that the worker says it wrote or the ending of their name.
CONTENT_TYPES = {
    "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp", "tiff": "image/tiff",
    "bmp": "image/bmp", "ppm": "image/x-portable-anymap", "heic": "image/heic", "avif": "image/avif",
    ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".gif": "image/gif",
    ".webp": "image/webp", ".tif": "image/tiff", ".tiff": "image/tiff", ".bmp": "image/bmp",
    ".heic": "image/heic", ".heif": "image/heif", ".hif": "image/heif", ".avif": "image/avif",
    ".txt": "text/plain; charset=utf-8", ".csv": "text/csv; charset=utf-8", ".json": "application/json",
    ".pdf": "application/pdf", ".hocr": "application/xhtml+xml",
}  # fmt: skip
UNKNOWN_TYPE = "application/octet-stream"

# The steps of a worker that are work on the job; its `wait` is for a process that is free.
_WORK = ("input", "operation", "output")

# What to do about a job that failed, by the worker's code.
MENDS = {
    "not-an-image": "send a picture: JPEG, PNG, GIF, TIFF, WEBP, HEIC, AVIF, BMP or PPM",
    "broken-image": "the file is damaged: open it in a viewer, save it anew and send that",
    "breaks-the-code": "open the file in a viewer, save it anew and send that; please report the fault",
    "trailing-data": "the file holds more than a picture: save it anew and send that",
    "too-large": "send a smaller file",
    "too-many-pixels": "send a smaller picture, or make it smaller first",
    "too-large-for-format": "choose another output format, or a smaller size",
    "unsupported-mode": "save the picture as RGB or greyscale and send that",
    "too-many-numbers": "send fewer numbers, or leave out what needs all of them in memory",
    "no-numbers": "send at least one number, such as 1 2 3.5",
    "bad-number": "correct that item and send the numbers again",
    "bad-csv": "correct the table and send it again: names in its first row, as many cells in each row",
    "no-column": "name a column that stands in the first row",
    "not-text": "send the numbers as text in UTF-8",
    "bad-input": "send another file",
    "bad-parameter": "correct that parameter and send the file again",
    "unknown-operation": f"choose an operation that GET {HERE}/api/v1/operations lists as offered",
    "not-offered": f"choose an operation that GET {HERE}/api/v1/operations lists as offered",
    "archived": "restore the input from its archive (aws s3api restore-object), then send it again",
    "superseded": "nothing: the file that was put in its place is done by itself",
    "bad-event": "let only S3 itself tell of dropped files, and only of the stack's bucket",
    "bad-output-name": "give the output another name",
    "bad-reply-to": "let the client choose where the answer goes",
    "bad-request": "send the job with a client of this stack",
    "bad-version": "update the client or the workers to the same version, and send the job again",
    "bad-result": "send the job again",
    "no-such-input": "the input is not in the bucket any more: send the file again",
}
# Of an operation of a package, it is that which breaks.
_MENDS_OF_PACKAGES = {
    "breaks-the-code": "look at the code of the operation's package, or ask those who look after it",
}
_MEND_OTHERWISE = "send another file, or ask whoever runs the stack: `jobfleet logs` has more"


def waiting_view(facts: JobFacts, *, working: bool = False, failing: Result | None = None) -> JobView:
    """Return a job that is not done; `failing` is what is stored of it if attempts of it broke."""
    failing = failing and _writable(failing)
    last = failing.last_attempt if failing else None
    notes = []
    if last:
        notes.append(
            f"attempt {last.attempt} broke on worker {last.worker}: {last.cause}; the job is tried again. "
            "If that was its last attempt, it lies among the dead letters (`jobfleet dead list`)"
        )
    return JobView(
        id=facts.id, name=facts.name, operation=facts.operation, status="working" if working else "waiting",
        batch=facts.batch, retry_of=facts.retry_of, parameters=facts.parameters or {}, bytes=facts.bytes,
        submitted_at=facts.submitted_at, notes=notes, attempts=_attempts(failing),
        times=_known(upload=facts.received),
    )  # fmt: skip


def done_view(facts: JobFacts, result: Result, since_sent: float | None, began: float | None) -> JobView:
    """Return a job that is done.

    `since_sent` is after how many seconds its answer was here, `began` after how many a worker began, both
    counted from when it was sent; None where this process did not send it, or was not told.
    """
    result = _writable(result)
    answer = dict(result.result or {})
    notes = answer.pop("notes", ())
    failed = result.status != "succeeded"
    return JobView(
        id=facts.id,
        name=facts.name,
        operation=facts.operation or result.operation,
        status="failed" if failed else "succeeded",
        batch=facts.batch,
        retry_of=facts.retry_of,
        parameters=facts.parameters or {},
        bytes=facts.bytes,
        submitted_at=facts.submitted_at,
        result=None if failed else answer,
        notes=[str(note) for note in notes] if isinstance(notes, list | tuple) else (),
        failure=_failure(result) if failed else None,
        output=_output_file(result.output, result.operation, answer) if result.output else None,
        attempts=_attempts(result),
        times=_times(facts, result, since_sent, began),
    )


def _writable(result: Result) -> Result:
    """Return a result as UTF-8 can hold it: a package's operation may give halves of surrogate pairs."""
    text = result.to_json()
    if r"\ud" not in text:
        return result
    whole = json.dumps(json.loads(text), ensure_ascii=False)
    return Result.from_json(whole.encode("utf-8", "replace").decode())


def _times(
    facts: JobFacts, result: Result, since_sent: float | None, began: float | None
) -> Mapping[str, float]:
    """Return the seconds by step.

    `upload`: until the body was here. `working`: what the worker measured of input, operation and output.
    `waiting`: until it began. `answering`: what is left until the answer was here. Who was not told when it
    began cannot tell the last two apart: `waiting` is then all that was not work.
    """
    working = sum(float(result.timings.get(step, 0.0)) for step in _WORK)
    waiting = answering = None
    if since_sent is not None:
        rest = max(0.0, since_sent - working)
        waiting = rest if began is None else min(began, rest)
        answering = None if began is None else rest - waiting
    return _known(upload=facts.received, waiting=waiting, working=working, answering=answering)


def _known(**seconds: float | None) -> Mapping[str, float]:
    return {step: round(value, 4) for step, value in seconds.items() if value is not None}


def _failure(result: Result) -> JobFailure:
    error = result.error
    if error is None:
        return JobFailure("failed", "the worker says no more than that it failed", _MEND_OTHERWISE)
    own = _MENDS_OF_PACKAGES if result.operation not in OPERATIONS else {}
    mend = own.get(error.code) or MENDS.get(error.code, _MEND_OTHERWISE)
    return JobFailure(error.code, error.message, mend)


def _output_file(output: Output, operation: str, answer: Mapping[str, Any]) -> OutputFile:
    """Return what came out. Of an image, the worker says what it wrote, whatever its name asks for."""
    name = output.key.rpartition("/")[2]
    kind = CONTENT_TYPES.get(PurePath(name).suffix.lower())
    if operation in OPERATIONS and OPERATIONS[operation].gives == "image":
        kind = CONTENT_TYPES.get(str(answer.get("format", "")).lower(), kind)
    return OutputFile(name, output.bytes, kind or UNKNOWN_TYPE)


def _attempts(result: Result | None) -> tuple[Mapping[str, Any], ...]:
    return tuple(
        {"at": one.at, "worker": one.worker, "attempt": one.attempt, "cause": one.cause}
        for one in (result.attempts if result else ())
    )
