"""S3: buckets of other accounts."""

from typing import Any

from moto.s3.exceptions import BucketAlreadyExists, BucketError
from moto.s3.models import FakeBucket, S3Backend, s3_backends

from localcloud.patching import put_over


def mend() -> None:
    """Mend all gaps of S3."""
    _a_name_of_another_account_is_taken()


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
