"""The settings of a worker, from its TOML file or from the stack's name alone."""

import functools
import os
import re
import socket
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from jobfleet_jobs.protocol.message import LARGE_BYTES
from jobfleet_jobs.protocol.names import StackNames
from jobfleet_jobs.results.result_batches import RESULT_BATCH_MAX

# SQS's own limits: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
LONG_POLL_MAX_SECONDS = 20
VISIBILITY_TIMEOUT_MAX_SECONDS = 43_200

# A message can be held for 12 hours in all, waiting and working.
JOB_TIME_LIMIT_MAX_SECONDS = 36_000

# Below this, Python and Pillow do not even start.
JOB_MEMORY_LIMIT_MIN_BYTES = 256 * 1024**2

# SQS gives out this many of a queue's messages at a time, to all workers together:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MAX_IN_FLIGHT_MAX = 120_000

# A lease is extended three times in one timeout; below this, one slow call would lose it.
VISIBILITY_TIMEOUT_MIN_SECONDS = 6

# What may happen to an input from the drop folder once its result is stored.
DROP_PROCESSED = ("tag", "move", "leave")

STANDARD_INPUT = Path("-")

# Worker ids become part of log keys and of file names.
_WORKER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")

# What Tesseract calls languages becomes part of a command line.
_LANGUAGE = re.compile(r"[A-Za-z_]{1,40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class BadSettings(ValueError):
    """The settings cannot work."""


def _default_worker_id() -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:80].strip("-._") or "worker"


def _default_spool() -> Path:
    """Return systemd's state directory, or a temporary folder of this user's own."""
    state = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    return Path(state or Path(tempfile.gettempdir()) / f"jobfleet-worker-{os.getuid()}") / "spool"


@dataclass(frozen=True)
class WorkerSettings:
    """The keys of `worker.toml`. Raises `BadSettings` for what cannot work.

    `visibility_timeout`, `wait_time` (the long poll), `job_time_limit`, `stop_timeout` and
    `log_max_age` are seconds, `batch_linger` is milliseconds, `job_memory_limit` bytes of address
    space. `max_pixels` counts all frames of an image. Numbers of more than `stream_from_bytes` are
    streamed through the disk, up to `max_stream_bytes`. `spool` is where log lines lie until they are
    in the bucket. `text` says whether text is read, `classify_model` what recognises images.
    docs/worker.md has the reason of each default.
    """

    stack: str
    region: str
    bucket: str
    request_queue: str
    response_queue: str
    dead_letter_queue: str
    endpoint_url: str | None = None
    worker_id: str = field(default_factory=_default_worker_id)
    visibility_timeout: int = 60
    wait_time: int = 5
    max_pixels: int = 100_000_000
    max_input_bytes: int = 256 * 1024 * 1024
    max_numbers: int = 10_000_000
    stream_from_bytes: int = LARGE_BYTES
    max_stream_bytes: int = 4 * 1024**3
    job_time_limit: int = 120
    stream_seconds_per_mib: int = 4
    job_memory_limit: int = 2 * 1024**3
    max_in_flight: int = 1000
    processes: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))
    batch_max: int = RESULT_BATCH_MAX
    batch_linger: int = 15
    log_max_age: int = 30
    stop_timeout: int = 80
    text: bool = False
    text_languages: tuple[str, ...] = ("eng",)
    classify_model: str = ""
    classify_sha256: str = ""
    classify_labels: str = ""
    classify_input: Mapping[str, Any] = field(default_factory=dict)
    drop_processed: str = "tag"
    spool: Path = field(default_factory=_default_spool)

    def __post_init__(self) -> None:
        StackNames(self.stack)
        if wrong := [sentence for sentence in self._problems() if sentence]:
            raise BadSettings("; ".join(wrong))

    def _problems(self) -> Iterator[str]:
        """Give a sentence for each value that cannot work, and an empty one for each that can."""
        for name in ("region", "bucket", "request_queue", "response_queue", "dead_letter_queue"):
            yield self._require(
                name, isinstance(getattr(self, name), str) and bool(getattr(self, name)), "give a name"
            )
        yield self._within(
            "visibility_timeout", VISIBILITY_TIMEOUT_MIN_SECONDS, VISIBILITY_TIMEOUT_MAX_SECONDS
        )
        yield self._within("wait_time", 0, LONG_POLL_MAX_SECONDS)
        for name in ("max_pixels", "max_input_bytes", "max_numbers", "stream_from_bytes", "max_stream_bytes"):
            yield self._within(name, 1, 2**63)
        yield self._within("job_time_limit", 1, JOB_TIME_LIMIT_MAX_SECONDS)
        yield self._within("stream_seconds_per_mib", 1, JOB_TIME_LIMIT_MAX_SECONDS)
        yield self._within("job_memory_limit", JOB_MEMORY_LIMIT_MIN_BYTES, 2**62)
        yield self._within("max_in_flight", 1, MAX_IN_FLIGHT_MAX)
        yield self._within("processes", 1, 1_000)
        yield self._within("batch_max", 1, RESULT_BATCH_MAX)
        yield self._within("batch_linger", 0, 10_000)
        yield self._within("log_max_age", 1, 86_400)
        yield self._within("stop_timeout", 1, 86_400)
        yield self._require("text", isinstance(self.text, bool), "give true or false")
        yield self._require(
            "text_languages",
            bool(self.text_languages) and all(map(_LANGUAGE.fullmatch, self.text_languages)),
            'give languages as Tesseract calls them, such as ["eng", "deu"]',
        )
        for name in ("classify_model", "classify_labels"):
            yield self._require(name, isinstance(getattr(self, name), str), "give the path of a file")
        yield self._require(
            "classify_sha256",
            not self.classify_model or bool(_SHA256.fullmatch(str(self.classify_sha256))),
            "give the model's SHA-256, 64 small hexadecimal digits, as sha256sum prints them",
        )
        yield self._require(
            "classify_input", isinstance(self.classify_input, Mapping), "give names and values"
        )
        yield self._require(
            "drop_processed", self.drop_processed in DROP_PROCESSED, "give tag, move or leave"
        )
        endpoint = self.endpoint_url
        yield self._require(
            "endpoint_url",
            endpoint is None or str(endpoint).startswith(("http://", "https://")),
            "give a URL that begins with http:// or https://, or leave it out for AWS itself",
        )
        yield self._require(
            "worker_id",
            isinstance(self.worker_id, str) and bool(_WORKER_ID.fullmatch(self.worker_id)),
            "give 1 to 80 letters, digits, dots, dashes and underscores, a letter or digit first",
        )

    @functools.cached_property
    def names(self) -> StackNames:
        """The names derived from the stack's name."""
        return StackNames(self.stack)

    def stream_allowance(self, size: int) -> int:
        """Return the seconds that numbers of `size` bytes may take in a stream, beyond `job_time_limit`."""
        mebibytes = -(-size // 2**20)
        return min(mebibytes * self.stream_seconds_per_mib, JOB_TIME_LIMIT_MAX_SECONDS - self.job_time_limit)

    def _within(self, name: str, least: int, most: int) -> str:
        value = getattr(self, name)
        whole = isinstance(value, int) and not isinstance(value, bool)
        return self._require(
            name, whole and least <= value <= most, f"give a whole number from {least} to {most}"
        )

    def _require(self, name: str, holds: bool, way_out: str) -> str:
        return "" if holds else f"worker setting {name} = {getattr(self, name)!r} cannot work: {way_out}"


def from_mapping(given: Mapping[str, Any]) -> WorkerSettings:
    """Return settings from the keys of a TOML file. Raises `BadSettings` for unknown and missing keys."""
    known = {f.name for f in fields(WorkerSettings)}
    needed = {"stack", "region", "bucket", "request_queue", "response_queue", "dead_letter_queue"}
    wrong = [f"worker setting {name!r} is unknown" for name in sorted(set(given) - known)]
    if wrong:
        wrong[-1] += f"; there are {', '.join(sorted(known))}"
    wrong += [f"worker setting {name!r} is missing" for name in sorted(needed - set(given))]
    if wrong:
        raise BadSettings("; ".join(wrong))
    spool = {"spool": Path(given["spool"])} if "spool" in given else {}
    languages = given.get("text_languages")
    if languages is not None and (
        not isinstance(languages, list) or not all(isinstance(language, str) for language in languages)
    ):
        raise BadSettings(f"worker setting text_languages = {languages!r} cannot work: give a list of texts")
    tuples = {"text_languages": tuple(languages)} if languages is not None else {}
    return WorkerSettings(**{**given, **spool, **tuples})


def from_file(path: Path) -> WorkerSettings:
    """Read a TOML file, or standard input where it is `-`. Raises `BadSettings` that names the file."""
    try:
        data = sys.stdin.buffer.read() if path == STANDARD_INPUT else path.read_bytes()
        return from_mapping(tomllib.loads(data.decode("utf-8")))
    except OSError as problem:
        raise BadSettings(f"{path}: {problem.strerror}; give --config, or --stack and --region") from problem
    except ValueError as problem:  # TOML's own error and BadSettings both are
        raise BadSettings(f"{path}: {problem}") from problem


def from_stack(stack: str, region: str, account: str) -> WorkerSettings:
    """Derive everything from the stack's name, for a worker run as an ordinary process."""
    names = StackNames(stack)
    return WorkerSettings(
        stack=stack,
        region=region,
        bucket=names.bucket(account, region),
        request_queue=names.requests,
        response_queue=names.responses,
        dead_letter_queue=names.dead_letters,
        endpoint_url=os.environ.get("AWS_ENDPOINT_URL") or None,
    )
