"""S3: buckets of other accounts, policies, archived objects, many deletions, copies of what has changed."""

import json
import re
from functools import partial
from typing import Any
from urllib.parse import unquote

from moto.iam.access_control import PermissionResult
from moto.s3.exceptions import BucketAlreadyExists, BucketError, InvalidBucketName, PreconditionFailed
from moto.s3.models import FakeBucket, S3Backend, s3_backends
from moto.s3.responses import S3Response

from localcloud.gaps.patching import put_over
from localcloud.iam.current_caller import denied_deletions
from localcloud.lateness.door import BUCKET
from localcloud.lateness.register import Thing, late


def mend() -> None:
    """Mend all gaps of S3."""
    _a_name_keeps_to_the_rules()
    _a_name_of_another_account_is_taken()
    _a_copy_may_ask_for_what_it_knows()
    _a_policy_comes_back_in_another_form()
    _what_is_archived_has_tags()
    _of_many_deletions_each_is_allowed_or_not()
    _a_deleted_bucket_is_listed_where_that_is_asked_for()


_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


def _a_name_keeps_to_the_rules() -> None:
    """CreateBucket answers InvalidBucketName to a name against the rules. moto counts its letters alone.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html.
    """
    create = S3Backend.create_bucket

    def create_bucket(backend: S3Backend, bucket_name: str, *arguments: Any, **more: Any) -> FakeBucket:
        is_reserved = bucket_name.startswith(_RESERVED_STARTS) or bucket_name.endswith(_RESERVED_ENDS)
        if is_reserved or not _NAME.fullmatch(bucket_name) or _ADDRESS.fullmatch(bucket_name):
            raise InvalidBucketName
        return create(backend, bucket_name, *arguments, **more)

    put_over(S3Backend, "create_bucket", create_bucket)


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
        is_new = bucket_name not in backend.buckets
        made = create(backend, bucket_name, *arguments, **more)
        if is_new:
            # `lateness.door` refuses the calls that name it, where that is asked for.
            late.made(Thing(backend.account_id, BUCKET, bucket_name))
        return made

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


def _a_policy_comes_back_in_another_form() -> None:
    """GetBucketPolicy returns a policy of the same meaning, not the same text. moto returns the text.

    A list of one is as good as what is in it, and everybody is written in two ways:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html and
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html.
    """
    get = S3Backend.get_bucket_policy

    def get_bucket_policy(backend: S3Backend, bucket_name: str) -> bytes | None:
        text = get(backend, bucket_name)
        return None if text is None else json.dumps(_equivalent(json.loads(text))).encode()

    put_over(S3Backend, "get_bucket_policy", get_bucket_policy)


def _equivalent(policy: Any) -> Any:
    if isinstance(policy, list):
        # Statement stays a list, as S3 has it.
        is_plain = len(policy) == 1 and not isinstance(policy[0], dict)
        return policy[0] if is_plain else sorted(map(_equivalent, policy), key=json.dumps)
    if not isinstance(policy, dict):
        return policy
    found = {name: _equivalent(policy[name]) for name in sorted(policy, reverse=True)}
    return "*" if found == {"AWS": "*"} else found


def _what_is_archived_has_tags() -> None:
    """GetObjectTagging reads the tags of an archived object, whose bytes alone are out of reach.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/archived-objects.html. moto answers
    InvalidObjectState.
    """
    get = S3Response.get_object_tagging

    def get_object_tagging(response: S3Response) -> Any:
        response._get_key = partial(  # type: ignore[method-assign]
            S3Response._get_key, response, validate_storage_class=False
        )
        return get(response)

    put_over(S3Response, "get_object_tagging", get_object_tagging)


def _of_many_deletions_each_is_allowed_or_not() -> None:
    """DeleteObjects deletes what it may, and says of each other key that it may not.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html. moto looks at the bucket's policy
    alone; what the caller's policies deny, the door has found out.
    """
    permission = FakeBucket.get_permission

    def get_permission(bucket: FakeBucket, action: str, resource: str) -> Any:
        if resource in denied_deletions():
            return PermissionResult.DENIED
        return permission(bucket, action, resource)

    put_over(FakeBucket, "get_permission", get_permission)


def _a_deleted_bucket_is_listed_where_that_is_asked_for() -> None:
    """A bucket that was deleted may still be listed. moto is never late.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel.
    """
    delete, listed = S3Backend.delete_bucket, S3Backend.list_buckets

    def delete_bucket(backend: S3Backend, bucket_name: str) -> FakeBucket | None:
        bucket = delete(backend, bucket_name)
        if bucket is not None:
            late.removed(backend.account_id, BUCKET, bucket)
        return bucket

    def list_buckets(backend: S3Backend, *arguments: Any, **more: Any) -> list[FakeBucket]:
        there = listed(backend, *arguments, **more)
        names = {bucket.name for bucket in there}
        gone = late.lingering("ListBuckets", backend.account_id, BUCKET)
        return there + [bucket for bucket in gone if bucket.name not in names]

    put_over(S3Backend, "delete_bucket", delete_bucket)
    put_over(S3Backend, "list_buckets", list_buckets)
