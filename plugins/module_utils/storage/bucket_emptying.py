"""The end of a bucket: all versions, delete markers and unfinished uploads in it are deleted, then it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

# What is written while a pass goes on is deleted by the next. A worker that stops leaves some log lines and
# results; whoever writes after that goes on writing.
PASSES = 5
PAUSE_SECONDS = 1.0

# DeleteObjects answers for each key. After these another try may help:
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
BUSY = {"InternalError", "ServiceUnavailable", "SlowDown", "OperationAborted"}

# What is said of a whole bucket into which something was put just now, or which somebody else changes.
AGAIN = {"BucketNotEmpty", "OperationAborted"}

# So many of what cannot be deleted are named.
NAMED = 3


class NotEmptied(Exception):
    """The bucket is still there. Its words say what is left in it, and why."""


def remove_bucket(s3: Any, bucket: str) -> None:
    """Delete a bucket with all it holds; one that others delete meanwhile is as good. Raises `NotEmptied`."""
    left: list[dict[str, str]] = []
    for number in range(PASSES):
        if number:
            time.sleep(PAUSE_SECONDS)
        try:
            _abort_uploads(s3, bucket)
            left = list(_delete_versions(s3, bucket))
            if any(error["Code"] not in BUSY for error in left):
                break
            s3.delete_bucket(Bucket=bucket)
        except ClientError as problem:
            code = problem.response["Error"]["Code"]
            if code == "NoSuchBucket":
                return
            if code not in AGAIN:
                raise
        else:
            return
    raise NotEmptied(_words(bucket, left))


def _abort_uploads(s3: Any, bucket: str) -> None:
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", ()):
            try:
                s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
            except ClientError as problem:  # whoever uploads may have ended it
                if problem.response["Error"]["Code"] != "NoSuchUpload":
                    raise


def _delete_versions(s3: Any, bucket: str) -> Iterator[dict[str, str]]:
    """Delete all that is listed, a page a call: both hold 1,000. Yield S3's word on each that it keeps."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        names = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
        if names:
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": names, "Quiet": True})
            yield from answer.get("Errors", ())


def _words(bucket: str, left: list[dict[str, str]]) -> str:
    if not left:
        return f"{bucket} fills as fast as it is emptied: stop what writes there, then run this again"
    named = "; ".join(f"{error['Key']} ({error['Code']}: {error['Message']})" for error in left[:NAMED])
    more = f"; and {len(left) - NAMED:,} more" if len(left) > NAMED else ""
    return f"{len(left):,} objects in {bucket} cannot be deleted: {named}{more}"
