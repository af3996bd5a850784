"""A HEAD to S3 that is refused: its answer has no body, so 400 and 403 say nothing of why.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from jobfleet_jobs.protocol.aws_facts import BARE


def spoken(head: Callable[..., Any], again: Callable[..., Any], **which: Any) -> Any:
    """Return what `head` returns. Where it is refused, `again`, which needs the same, raises S3's words."""
    try:
        return head(**which)
    except ClientError as problem:
        if problem.response["Error"]["Code"] not in BARE:
            raise
    again(**which)
    return head(**which)
