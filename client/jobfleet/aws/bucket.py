"""Views into the stack's bucket: keys in order, a bounded number of them, and small texts in parallel."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from jobfleet_jobs.protocol.aws_facts import error_code

from jobfleet.aws.account import Account

# S3 lists at most 1,000 keys a call; as many calls for one listing.
PAGE_KEYS = 1_000
PAGES_MAX = 10

# Calls at a time; boto3 keeps that many connections.
THREADS = 10

# How far back is looked for the newest things, step by step, as S3 lists from old to new only.
WINDOWS = tuple(timedelta(minutes=m) for m in (10, 120, 1_440, 14 * 1_440))
BISECTIONS = 12


@dataclass(frozen=True)
class ListedObject:
    """An object that was listed."""

    key: str
    modified: datetime
    size: int = 0
    etag: str = ""


@dataclass(frozen=True)
class Listing:
    """Objects that were listed, in the order of their keys; not `whole` where there are more."""

    items: Sequence[ListedObject]
    whole: bool = True


class Bucket:
    """Reads; never writes."""

    def __init__(self, account: Account) -> None:
        self._account = account

    @property
    def name(self) -> str:
        """The bucket's name; may ask AWS for the account."""
        return self._account.bucket

    def prepare(self) -> None:
        """Make what threads shall share."""
        _ = self._account.s3, self.name

    def list(self, prefix: str, after: str = "", before: str = "", pages: int | None = None) -> Listing:
        """List the keys that begin with `prefix` and lie between two keys; so many pages at most."""
        items: list[ListedObject] = []
        more: dict[str, Any] = {"StartAfter": after} if after else {}
        for _ in range(pages or PAGES_MAX):
            page = self._account.s3.list_objects_v2(
                Bucket=self.name, Prefix=prefix, MaxKeys=PAGE_KEYS, **more
            )
            found = [
                ListedObject(one["Key"], one["LastModified"], one["Size"], one["ETag"].strip('"'))
                for one in page.get("Contents", ())
            ]
            items += [one for one in found if not before or one.key < before]
            if not page.get("IsTruncated") or (before and found and found[-1].key >= before):
                return Listing(items)
            more = {"ContinuationToken": page["NextContinuationToken"]}
        return Listing(items, whole=False)

    def list_all(self, wanted: Iterable[tuple[str, str]]) -> Listing:
        """List several (prefix, after) at the same time."""
        self.prepare()
        with ThreadPoolExecutor(THREADS) as threads:
            listings = list(threads.map(lambda one: self.list(*one), wanted))
        return Listing([item for one in listings for item in one.items], all(one.whole for one in listings))

    def text(self, key: str) -> str | None:
        """Return an object as text, None if it is not there."""
        data = read_object(self._account, self.name, key)
        return None if data is None else data.decode("utf-8", "replace")

    def tags(self, key: str) -> dict[str, str]:
        """Return an object's tags; none of one that is not there any more."""
        try:
            answer = self._account.s3.get_object_tagging(Bucket=self.name, Key=key)
        except ClientError as problem:
            if error_code(problem) == "NoSuchKey":
                return {}
            raise
        return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}

    def texts(self, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Return the texts of objects that are there, in the order asked for, read at the same time."""
        self.prepare()
        with ThreadPoolExecutor(THREADS) as threads:
            for key, text in zip(keys, threads.map(self.text, keys), strict=True):
                if text is not None:
                    yield key, text


def read_object(account: Account, bucket: str, key: str) -> bytes | None:
    """Return an object's bytes, None if it is not there. Raises AWS's other errors."""
    try:
        answer = account.s3.get_object(Bucket=bucket, Key=key)
    except ClientError as problem:
        if error_code(problem) == "NoSuchKey":
            return None
        raise
    with closing(answer["Body"]) as body:
        return body.read()


def newest(
    list_since: Callable[[datetime], Listing],
    enough: Callable[[Listing], bool],
    since: datetime | None,
    until: datetime | None = None,
) -> Listing:
    """Return the newest of what can only be listed forward in time: `enough` of it, or all since `since`.

    Looks at ever longer times until `until`, or now; where one holds more than may be listed, at the newer
    part of it. The listing is not whole where something since `since` was left out.
    """
    now = until or datetime.now(UTC)
    earliest = since or datetime.fromtimestamp(0, UTC)
    seen, seen_from = Listing([], whole=False), now
    for start in [*(now - window for window in WINDOWS if now - window > earliest), earliest]:
        listing = list_since(start)
        if not listing.whole:
            return _cut_to_size(list_since, enough, seen, start, seen_from)
        seen, seen_from = listing, start
        if enough(listing):
            break
    return Listing(seen.items, whole=seen_from == earliest)


def _cut_to_size(
    list_since: Callable[[datetime], Listing],
    enough: Callable[[Listing], bool],
    seen: Listing,
    too_early: datetime,
    late: datetime,
) -> Listing:
    """Bring the start from `late`, since when everything was seen, nearer to what is too early."""
    for _ in range(BISECTIONS):
        middle = too_early + (late - too_early) / 2
        listing = list_since(middle)
        if not listing.whole:
            too_early = middle
            continue
        seen, late = listing, middle
        if enough(listing):
            break
    return Listing(seen.items, whole=False)
