"""S3: buckets of other accounts, copies of what has changed meanwhile."""

from typing import Any
from urllib.parse import unquote

from moto.s3.exceptions import BucketAlreadyExists, BucketError, PreconditionFailed
from moto.s3.models import FakeBucket, S3Backend, s3_backends
from moto.s3.responses import S3Response

from localcloud.gaps.patching import put_over


def mend() -> None:
    """Mend all gaps of S3."""
    _a_name_of_another_account_is_taken()
    _a_copy_may_ask_for_what_it_knows()


class _BucketTakenError(BucketError):
    code = BucketAlreadyExists.code


def _a_name_of_another_account_is_taken() -> None:
    """CreateBucket answers BucketAlreadyExists for somebody else's name.

    moto, told to keep accounts apart, looks into that bucket first and answers AccessDenied.
    """
    create = S3Backend.create_bucket

    def create_bucket(backend: S3Backend, bucket_name: str, *arguments: Any, **more: Any) -> FakeBucket:
        if bucket_name in s3_backends.bucket_accounts and bucket_name not in backend.buckets:
            raise _BucketTakenError(str(BucketAlreadyExists(bucket_name).message))
        return create(backend, bucket_name, *arguments, **more)

    put_over(S3Backend, "create_bucket", create_bucket)


def _a_copy_may_ask_for_what_it_knows() -> None:
    """CopyObject with `x-amz-copy-source-if-match` answers 412 if the source has another ETag by now.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html. moto copies whatever is there.
    """
    copy = S3Response.copy_object

    def copy_object(response: S3Response) -> Any:
        wanted = response.headers.get("x-amz-copy-source-if-match")
        source = response.headers.get("x-amz-copy-source")
        if wanted and source:
            text = source.decode() if isinstance(source, bytes) else source
            bucket, _, key = unquote(text.partition("?")[0]).lstrip("/").partition("/")
            found = response.backend.get_object(bucket, key)
            if found is not None and found.etag.strip('"') != wanted.strip('"'):
                raise PreconditionFailed("x-amz-copy-source-If-Match")
        return copy(response)

    put_over(S3Response, "copy_object", copy_object)
