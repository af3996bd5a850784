"""The names of a stack's queues, bucket and keys, all derived from `stack_name`.

`inventory/group_vars/all.yml` derives the same names for the playbooks; a test holds the two
equal.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote, unquote

from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.ids import is_job_id

# S3 allows 63 characters in a bucket's name; the account id, the longest region's name and two
# dashes take 29 of them (https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html).
STACK_NAME_PATTERN = re.compile(r"[a-z][a-z0-9-]{0,30}[a-z0-9]")

# S3 allows 1,024 bytes of UTF-8 in a key; the longest prefix here and a job id fit in the rest.
OUTPUT_NAME_MAX_BYTES = 900

STACK_TAG = "jobfleet:stack"

UPLOADS, INCOMING, OUTPUTS, RESULTS = "uploads/", "incoming/", "outputs/", "results/"
# Beside log lines by time lie those of earlier versions: by day, worker and time, in this order.
LOGS, LOGS_BY_TIME = "logs/", "logs/by-time/"
PROCESSED = "processed/"
WORKERS = "workers/"

# Where a deployment publishes what clients may know of the stack (roles/description).
DESCRIPTION_KEY = "config/stack.json"

# How the stack scales (roles/scaling), the scalers' common state, and the log of what they decided, by time.
SCALING_CONFIGURATION_KEY, SCALING_STATE_KEY = "config/scaling.json", "scaling/state.json"
SCALING_LOG = "scaling/log/"

# What workers offer that boot from an image of the stack's, one object for each image (roles/image).
IMAGE_OFFERS = "config/offers/"

# What the web tier keeps: an empty object for each upload of a batch, whose key says all; what was sent under
# an Idempotency-Key; and the token that its requests bring.
WEB_BATCHES, WEB_KEYS, WEB_ACCESS_KEY = "web/batches/", "web/keys/", "web/access.json"

# With so many bytes of a file's name, percent-encoded, a batch's key has its most of 1,024.
SHOWN_NAME_MAX_BYTES = 255


class BadStackName(ValueError):
    """A stack's name must be 2 to 32 lower-case letters, digits and dashes, a letter first, no dash last."""


@dataclass(frozen=True)
class StackNames:
    """The names everyone derives from one `stack_name`. Raises `BadStackName`."""

    stack: str

    def __post_init__(self) -> None:
        # A variables file may hold a number, or nothing at all.
        if not isinstance(self.stack, str) or not STACK_NAME_PATTERN.fullmatch(self.stack):
            raise BadStackName(f"stack_name {self.stack!r}: {BadStackName.__doc__}")

    @property
    def requests(self) -> str:
        """The queue that clients send requests to."""
        return f"{self.stack}-requests"

    @property
    def responses(self) -> str:
        """The queue that takes the answers to requests without a `reply_to`."""
        return f"{self.stack}-responses"

    @property
    def dead_letters(self) -> str:
        """The queue for requests that failed too often."""
        return f"{self.stack}-dead"

    @property
    def replies_prefix(self) -> str:
        """What the names of the clients' own reply queues begin with."""
        return f"{self.stack}-reply-"

    def bucket(self, account: str, region: str) -> str:
        """Return the bucket's name; with the account in it, a new lab account gets a new bucket."""
        return f"{self.stack}-{account}-{region}"


def upload_key(job_id: str, name: str) -> str:
    """Where a client puts the input of one job; only the last part of `name` is kept."""
    return f"{UPLOADS}{job_id}/{name.replace(chr(92), '/').rstrip('/').rpartition('/')[2] or 'input'}"


def output_key(name: str) -> str:
    """Where the output goes that a person named `name`. Raises `BadJob` for a name no key can hold."""
    parts = name.split("/")
    unfit = not name.isprintable() or len(name.encode()) > OUTPUT_NAME_MAX_BYTES
    if unfit or any(part in ("", ".", "..") for part in parts):
        raise BadJob(
            "bad-output-name",
            f"output name {shown(name)}: give a relative name of letters that can be shown, without empty "
            f"parts, '.' or '..', at most {OUTPUT_NAME_MAX_BYTES} bytes long",
        )
    return OUTPUTS + name


def result_key(job_id: str) -> str:
    """Where the result of a job lies."""
    return f"{RESULTS}{job_id}.json"


def heartbeat_key(worker: str) -> str:
    """Where a worker says that it lives, and what it did."""
    return f"{WORKERS}{worker}.json"


def image_offer_key(image: str) -> str:
    """Where it lies what workers offer that boot from an image, which is known by its hash (12 digits)."""
    return f"{IMAGE_OFFERS}{image}.json"


def log_key(worker: str, at: datetime, number: int) -> str:
    """Where a batch of a worker's log lines goes; `at` is in UTC, `number` tells one second's apart.

    Time comes first, so that one listing brings what all workers wrote after a time.
    """
    return f"{log_keys_from(at.replace(microsecond=number))}{worker}.jsonl"


def log_keys_from(at: datetime) -> str:
    """Return what sorts right before the keys of all log lines of that time (UTC) or later."""
    return f"{LOGS_BY_TIME}{at:%Y/%m/%d/%H%M%S-%f}-"


class BatchEntry(NamedTuple):
    """An upload of a batch, as the key of its empty object tells it. `name` is the file's, for display.

    `retry_of` is the job that this one is the next try of; None where it is none.
    """

    batch: str
    job: str
    operation: str
    name: str
    retry_of: str | None = None

    @property
    def key(self) -> str:
        """Where the object lies. The keys of a batch are in the order in which its jobs' ids were made."""
        shown = quote(shown_name(self.name), safe="", errors="replace")
        tried = f"/{self.retry_of}" if self.retry_of else ""
        return f"{WEB_BATCHES}{self.batch}/{self.job}/{self.operation}/{shown}{tried}"

    @classmethod
    def of(cls, key: str) -> "BatchEntry | None":
        """Read a key; None for one that is none."""
        batch, *parts = key.removeprefix(WEB_BATCHES).split("/")
        if len(parts) not in (3, 4) or not all(map(is_job_id, parts[3:])):
            return None
        job, operation, name, *retry_of = parts
        return cls(batch, job, operation, unquote(name), *retry_of)


def shown_name(name: str) -> str:
    """Return a file's name as far as it is kept for display: its first bytes of UTF-8, and its ending."""
    if len(name.encode("utf-8", "replace")) <= SHOWN_NAME_MAX_BYTES:
        return name
    stem, dot, ending = name.rpartition(".")
    tail = f"\u2026{dot}{ending}" if stem and len(ending) <= 10 else "\u2026"
    room = SHOWN_NAME_MAX_BYTES - len(tail.encode("utf-8", "replace"))
    return name.encode("utf-8", "replace")[:room].decode("utf-8", "ignore") + tail


def sent_once_key(idempotency_key: str) -> str:
    """Where it stands what was sent under an Idempotency-Key."""
    return f"{WEB_KEYS}{hashlib.sha256(idempotency_key.encode('utf-8', 'replace')).hexdigest()}.json"
