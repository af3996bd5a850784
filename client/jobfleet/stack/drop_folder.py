"""The drop folder, as the client uses it: files put there, and the states of those that lie there."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from jobfleet_jobs.drop_events import PARAMETERS_NAME, drop_mark
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.aws_facts import error_code
from jobfleet_jobs.protocol.ids import ids_from
from jobfleet_jobs.protocol.message import Result
from jobfleet_jobs.protocol.names import INCOMING, PROCESSED, RESULTS

from jobfleet.aws.account import Account
from jobfleet.aws.bucket import THREADS, Bucket, ListedObject, Listing
from jobfleet.aws.transfers import OnProgress, Transfers, ignore_progress
from jobfleet.errors import BadInput
from jobfleet.files.inputs import opened
from jobfleet.sending.drop_plan import Drop

# S3 tells when an object was put by whole seconds, and the event by its own clock.
_SLACK = timedelta(seconds=5)

# As many pages of results are listed, 1,000 a page.
RESULT_PAGES_MAX = 100

# What ids begin with until the year 2527; beside results of their own lie the batches.
_V7 = "0"

WAITING = "waiting"

# S3 heeds a new notification after five minutes, and brings an event within one:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-enable-disable-notification-intro.html
OVERDUE = timedelta(minutes=10)

# Only a result says of a file left untagged that it is done, and results expire, after 30 days if nobody
# changes that. Preflight refuses a `bucket_results_days` that is no longer than this. What was put longer ago
# than this is not sent again.
AGAIN_WITHIN = timedelta(days=7)

# What an object says of itself, which a copy over itself has to say anew.
_KEPT = (
    "Metadata", "ContentType", "CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage",
    "StorageClass",
)  # fmt: skip

# Why an object that was listed cannot be sent again, by S3's code.
_NOT_AGAIN = {
    "404": "it is gone",
    "NoSuchKey": "it is gone",
    "PreconditionFailed": "it was put again just now",
    "ObjectNotInActiveTierError": "it is archived: restore it first",
}


@dataclass(frozen=True)
class DropStatus:
    """What lies in the drop folder, or was moved out of it, and what is known of its job.

    `state` is `waiting`, `failing` (tried again, or among the dead letters), `succeeded` or `failed`.
    """

    key: str
    size: int
    put: datetime
    state: str
    job: str | None = None
    code: str | None = None

    @property
    def is_overdue(self) -> bool:
        """Whether it has waited for so long that S3 may never have told a worker of it."""
        lies_there = self.key.startswith(INCOMING)
        return self.state == WAITING and lies_there and datetime.now(UTC) - self.put > OVERDUE

    @property
    def is_too_old(self) -> bool:
        """Whether it is overdue, and was put so long ago that it may be done and its result expired."""
        return self.is_overdue and datetime.now(UTC) - self.put > AGAIN_WITHIN


class DropFolder:
    """The drop folder of a stack. Its methods raise AWS's errors."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._bucket = Bucket(account)
        self._transfers = Transfers(account)

    def put(self, drop: Drop, told: Mapping[str, str], on_progress: OnProgress = ignore_progress) -> None:
        """Put a file into the bucket, with its metadata."""
        with opened(drop.path) as file:
            self._transfers.upload(file, self._bucket.name, drop.key, on_progress, metadata=told)

    def look(self, operation: str | None = None) -> tuple[list[DropStatus], bool]:
        """Return what lies there, and whether that is all; of one operation, if one is named."""
        return self._look((INCOMING, PROCESSED), operation, None)

    def overdue(self, operation: str | None = None) -> list[DropStatus]:
        """Return what is overdue, of one operation, if one is named.

        Raises `BadInput` where not everything could be listed: what is done would look as if it waited.
        """
        found, whole = self._look((INCOMING,), operation, datetime.now(UTC) - AGAIN_WITHIN)
        if not whole:
            raise BadInput(
                "nothing was sent again: there are more files or results than are looked at, so what is done "
                "cannot be told from what waits; narrow it with --operation, or drop anew the files that "
                "have no output"
            )
        return [one for one in found if one.is_overdue]

    def _look(
        self, folders: Sequence[str], operation: str | None, since: datetime | None
    ) -> tuple[list[DropStatus], bool]:
        """Look into these folders; results are looked for only of what was put after `since`."""
        within = f"{operation}/" if operation else ""
        listed = [self._bucket.list(folder + within) for folder in folders]
        items = [item for listing in listed for item in listing.items if _is_input(item.key)]
        known = self._by_tags(items)
        unknown = [
            item for item in items if item.key not in known and (since is None or item.modified > since)
        ]
        results = self._listed_results(unknown)
        known |= self._by_results(unknown, results)
        found = [known.get(item.key) or _found(item, WAITING) for item in items]
        return found, all(listing.whole for listing in [*listed, results])

    def put_again(self, key: str) -> str | None:
        """Let S3 tell of an object anew, as if it had just been put; return why that cannot be, if so.

        It is copied over itself, and keeps what it says of itself, its tags and its class.
        """
        where: Any = {"Bucket": self._bucket.name, "Key": key}
        try:
            found = self._account.s3.head_object(**where)
            kept: Any = {name: value for name, value in found.items() if name in _KEPT}
            self._account.s3.copy_object(
                **where, CopySource=where, CopySourceIfMatch=found["ETag"],
                MetadataDirective="REPLACE", **kept,
            )  # fmt: skip
        except ClientError as problem:
            if (why := _NOT_AGAIN.get(error_code(problem))) is None:
                raise
            return why
        return None

    def _by_tags(self, items: Sequence[ListedObject]) -> dict[str, DropStatus]:
        self._bucket.prepare()
        with ThreadPoolExecutor(THREADS) as threads:
            tags = list(threads.map(lambda item: self._bucket.tags(item.key), items))
        found = {}
        for item, told in zip(items, tags, strict=True):
            # Tags of an object that was there before say nothing of this one.
            outcome = told.get("jobfleet:outcome") if told.get("jobfleet:etag") == item.etag else None
            if outcome:
                state, _, code = outcome.partition(":")
                found[item.key] = _found(item, state, told.get("jobfleet:job"), code or None)
        return found

    def _listed_results(self, items: Sequence[ListedObject]) -> Listing:
        if not items:
            return Listing([])
        first = ids_from(min(item.modified for item in items) - _SLACK)
        return self._bucket.list(RESULTS + _V7, RESULTS + first, pages=RESULT_PAGES_MAX)

    def _by_results(self, items: Sequence[ListedObject], results: Listing) -> dict[str, DropStatus]:
        """Find the jobs of inputs without tags by what their ids say of the input."""
        wanted = {drop_mark(self._bucket.name, _dropped_key(item.key), item.etag): item for item in items}
        keys = {}
        for one in results.items:
            job = one.key.removeprefix(RESULTS).removesuffix(".json")
            if item := wanted.get(job[14:]):
                keys[one.key] = item
        found = {}
        for key, text in self._bucket.texts(list(keys)):
            try:
                result = Result.from_json(text)
            except BadJob:
                continue
            item = keys[key]
            code = result.error.code if result.error else None
            found[item.key] = _found(item, result.status, result.id, code)
        return found


def _found(item: ListedObject, state: str, job: str | None = None, code: str | None = None) -> DropStatus:
    return DropStatus(item.key, item.size, item.modified, state, job, code)


def _is_input(key: str) -> bool:
    within = key.removeprefix(INCOMING).removeprefix(PROCESSED)
    return not key.endswith("/") and within.partition("/")[2] != PARAMETERS_NAME


def _dropped_key(key: str) -> str:
    return INCOMING + key.removeprefix(PROCESSED) if key.startswith(PROCESSED) else key
