"""The calls a cloud heard, for machines: who asked for what, on which resource, and what came of it.

The server writes one line of JSON a call. `read_calls` makes a row of each action that a call needed, which
is what a policy has to allow:

    time         when the answer began, UTC, as 2026-01-31T23:59:59.123Z
    call         a number; the rows of one call share it
    service      the IAM prefix: sqs, s3, ec2, …
    operation    the API's name, as SendMessageBatch; for S3 the method and path
    action       the IAM action, as sqs:SendMessage
    resource     its ARN; with a * where the call makes something new or names nothing
    context      condition keys with values: tags, region, instance type, …
    region, account, access_key, principal
    status       of HTTP
    refused      the code, where the key or a policy was not good enough; else null
    dry_run      whether EC2 was only asked what it would say; then nothing was made
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from localcloud.errors import LocalcloudError

Row = dict[str, Any]


def read_calls(path: Path, since: datetime | None = None, access_key: str | None = None) -> Iterator[Row]:
    """Return the rows of the calls in `path`, oldest first, from `since` on, of one key if it is named."""
    begin = "" if since is None else moment(since)
    try:
        with path.open() as lines:
            for number, line in enumerate(lines, 1):
                call = json.loads(line)
                if call["time"] >= begin and access_key in (None, call["access_key"]):
                    yield from _rows(number, call)
    except FileNotFoundError as error:
        raise LocalcloudError("not up, and no calls were kept: start it with `up`") from error


def _rows(number: int, call: Row) -> Iterator[Row]:
    needs = call.pop("needs")
    for need in needs:
        yield {
            "call": number,
            **call,
            "service": need["action"].partition(":")[0],
            **need,
        }


def moment(time: datetime) -> str:
    """Return a time as it stands in the rows; such texts sort like the times."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"


def parse_since(text: str, now: datetime) -> datetime:
    """Return the time that `text` means: ISO 8601, or seconds, minutes or hours ago as 90s, 5m, 2h.

    Raises `ValueError`.
    """
    units = {"s": 1, "m": 60, "h": 3600}
    if text[-1:] in units and text[:-1].replace(".", "", 1).isdecimal():
        return now - timedelta(seconds=float(text[:-1]) * units[text[-1]])
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def summary(rows: Iterator[Row]) -> str:
    """Return lines for people: each action on each resource, how often, and how often refused."""
    counts: Counter[tuple[str, str]] = Counter()
    refused: Counter[tuple[str, str]] = Counter()
    for row in rows:
        which = (row["action"], row["resource"])
        counts[which] += 1
        refused[which] += row["refused"] is not None
    return "\n".join(
        f"{counts[which]:>6}  {which[0]:<40} {which[1]}"
        + (f"  ({refused[which]} refused)" if refused[which] else "")
        for which in sorted(counts)
    )
