"""Heartbeats in the bucket whose instances are gone: nobody writes them, and clients warn of them."""

from __future__ import annotations

import re
from typing import Any

from botocore.exceptions import ClientError
from jobfleet_jobs.protocol.names import WORKERS, heartbeat_key

# A worker is called like its instance. One with another name was started by hand, and may live.
_OF_AN_INSTANCE = re.compile(rf"{WORKERS}(i-[0-9a-f]{{8,17}})\.json")


def gone_workers(s3: Any, bucket: str, there: set[str]) -> list[str]:
    """Return the ids of instances that left a heartbeat and are not `there`; none without a bucket."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{WORKERS}i-")
    try:
        keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
    except ClientError as problem:
        if problem.response["Error"]["Code"] == "NoSuchBucket":
            return []
        raise
    found = [match[1] for key in keys if (match := _OF_AN_INSTANCE.fullmatch(key))]
    return [one for one in found if one not in there]


def forget(s3: Any, bucket: str, workers: list[str]) -> None:
    """Delete the heartbeats of workers. A worker that lives after all writes another within a minute."""
    for one in workers:
        s3.delete_object(Bucket=bucket, Key=heartbeat_key(one))
