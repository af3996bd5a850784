"""S3's listings in pages: of 1,000 at most, each behind the last, whatever of that is deleted by then."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any

from moto.core.responses import ActionResult
from moto.s3.exceptions import MalformedXML, S3ClientError
from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey, S3Backend
from moto.s3.responses import S3Response

from localcloud.gaps.patching import put_over

# In one page of a listing, and in one call that deletes.
PAGE_MAX = 1_000

_OBJECT = re.compile(rb"<Object[\s>]")
_QUIET = re.compile(rb"<Quiet>\s*true\s*</Quiet>", re.IGNORECASE)

Version = FakeKey | FakeDeleteMarker
_Page = tuple[list[FakeKey], list[str], list[FakeDeleteMarker], str | None, str | None]

# The versions of the same key that were to come behind the last one of a page: by bucket, key and version.
_behind: dict[tuple[str, str, str], frozenset[str]] = {}


def mend() -> None:
    """Mend all gaps of S3's listings."""
    _a_page_holds_a_thousand()
    _versions_go_on_behind_one_that_is_deleted()
    _unfinished_uploads_come_in_pages()
    _a_call_deletes_a_thousand()


def _a_page_holds_a_thousand() -> None:
    """A listing answers 1,000 at most, whatever is asked for. moto answers as many as are asked for.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html,
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
    """
    for name in ("list_objects", "list_objects_v2", "list_object_versions"):
        put_over(S3Response, name, _capped(getattr(S3Response, name)))


def _capped(listing: Callable[[S3Response], Any]) -> Callable[[S3Response], Any]:
    def capped(response: S3Response) -> Any:
        if "max-keys" in response.querystring:
            response.querystring["max-keys"] = [str(_page_size(response, "max-keys"))]
        return listing(response)

    return capped


def _page_size(response: S3Response, parameter: str) -> int:
    text = response.querystring.get(parameter, [str(PAGE_MAX)])[0]
    if not text.isdecimal():
        raise S3ClientError("InvalidArgument", f"Provided {parameter} not an integer or within integer range")
    return min(int(text), PAGE_MAX)


def _versions_go_on_behind_one_that_is_deleted() -> None:
    """ListObjectVersions goes on behind the version that the last page ended with, if that is deleted too.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html has the markers. That those of
    what is deleted by now are as good was tried on AWS: https://github.com/localstack/localstack/pull/12259;
    whoever deletes page by page relies on it. moto looks for that very version, finds it no more, and answers
    an empty page as the last. It also has versions of one millisecond in the wrong order.
    """

    def list_object_versions(
        backend: S3Backend,
        bucket_name: str,
        delimiter: str | None = None,
        key_marker: str | None = None,
        max_keys: int | None = PAGE_MAX,
        prefix: str = "",
        version_id_marker: str | None = None,
    ) -> _Page:
        if version_id_marker and not key_marker:
            raise S3ClientError(
                "InvalidArgument", "A version-id marker cannot be specified without a key marker."
            )
        bucket = backend.get_bucket(bucket_name)
        size = PAGE_MAX if max_keys is None else max_keys
        versions: list[Version] = []
        prefixes: list[str] = []
        last: tuple[list[Version], int] | str = ""
        for listed, place in _versions(bucket, key_marker, version_id_marker):
            version = listed[place]
            if not version.name.startswith(prefix):
                continue
            common = _common_prefix(version.name, prefix, delimiter)
            if common and common in (*prefixes[-1:], key_marker):
                continue
            if len(versions) + len(prefixes) >= size:
                return _page(versions, prefixes, *_markers(bucket.name, last))
            if common:
                prefixes.append(common)
                last = common
            else:
                versions.append(version)
                last = listed, place
        return _page(versions, prefixes, None, None)

    put_over(S3Backend, "list_object_versions", list_object_versions)


def _versions(
    bucket: FakeBucket, key_marker: str | None, version_id_marker: str | None
) -> Iterator[tuple[list[Version], int]]:
    """Yield what lies behind the markers, by key and the newest first: all versions of the key, and which."""
    if key_marker and version_id_marker:
        listed = _of_key(bucket, key_marker)
        ids = [_id(version) for version in listed]
        behind = _behind.get((bucket.name, key_marker, version_id_marker), frozenset())
        if version_id_marker in ids:
            behind = frozenset(ids[ids.index(version_id_marker) + 1 :])
        yield from ((listed, place) for place, one in enumerate(ids) if one in behind)
    names = sorted(bucket.keys)
    for name in names[bisect_right(names, key_marker or "") :]:
        listed = _of_key(bucket, name)
        yield from ((listed, place) for place in range(len(listed)))


def _of_key(bucket: FakeBucket, name: str) -> list[Version]:
    versions: list[Version] = list(reversed(bucket.keys.getlist(name, [])))
    for place, version in enumerate(versions):
        version.is_latest = place == 0  # type: ignore[union-attr] # moto's answer looks for it there
    return versions


def _id(version: Version) -> str:
    return version.version_id or "null"


def _common_prefix(name: str, prefix: str, delimiter: str | None) -> str | None:
    """Return what a key is listed under where a delimiter is given, or None if it is by itself."""
    if not delimiter or delimiter not in name[len(prefix) :]:
        return None
    return name[: name.index(delimiter, len(prefix)) + len(delimiter)]


def _markers(bucket: str, last: tuple[list[Version], int] | str) -> tuple[str, str | None]:
    """Return the markers of a page that ends with `last`, and remember what is to come of its key."""
    if isinstance(last, str):
        return last, None
    listed, place = last
    key, version = listed[place].name, _id(listed[place])
    _behind[bucket, key, version] = frozenset(map(_id, listed[place + 1 :]))
    return key, version


def _page(
    versions: list[Version], prefixes: list[str], key_marker: str | None, version_id_marker: str | None
) -> _Page:
    keys = [version for version in versions if isinstance(version, FakeKey)]
    markers = [version for version in versions if isinstance(version, FakeDeleteMarker)]
    return keys, prefixes, markers, key_marker, version_id_marker


def _unfinished_uploads_come_in_pages() -> None:
    """ListMultipartUploads answers pages too, by key and upload id. moto answers all there are in one.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html
    """
    all_in_one = S3Response.list_multipart_uploads

    def list_multipart_uploads(response: S3Response) -> Any:
        size = _page_size(response, "max-uploads")

        def paged(result: dict[str, Any]) -> dict[str, Any]:
            behind = _uploads_behind(response, result["Uploads"])
            page = {**result, "MaxUploads": size, "IsTruncated": len(behind) > size, "Uploads": behind[:size]}
            if len(behind) > size > 0:
                key, upload_id = _place(behind[size - 1])
                page |= {"NextKeyMarker": key, "NextUploadIdMarker": upload_id}
            return page

        _change_answer(response, paged)
        return all_in_one(response)

    put_over(S3Response, "list_multipart_uploads", list_multipart_uploads)


def _uploads_behind(response: S3Response, uploads: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the uploads behind a request's markers. An upload's id counts only with its key."""
    key = response.querystring.get("key-marker", [""])[0]
    upload_id = response.querystring.get("upload-id-marker", [""])[0]
    ordered = sorted(uploads, key=_place)
    return [one for one in ordered if (_place(one) > (key, upload_id) if upload_id else one["Key"] > key)]


def _place(upload: dict[str, Any]) -> tuple[str, str]:
    return upload["Key"], upload["UploadId"]


def _a_call_deletes_a_thousand() -> None:
    """DeleteObjects takes 1,000 keys at most, and with `Quiet` tells of errors alone. moto heeds neither.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
    """
    delete = S3Response._bucket_response_delete_keys

    def delete_keys(response: S3Response, *arguments: Any, **more: Any) -> Any:
        if len(_OBJECT.findall(response.body)) > PAGE_MAX:
            raise MalformedXML
        if _QUIET.search(response.body):
            _change_answer(response, lambda result: {**result, "Deleted": []})
        return delete(response, *arguments, **more)

    put_over(S3Response, "_bucket_response_delete_keys", delete_keys)


def _change_answer(response: S3Response, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Let this one answer go through `change` before it becomes XML."""
    serialized = response.serialized

    def changed(answer: ActionResult) -> Any:
        result: Any = answer.result
        return serialized(ActionResult(change(result)))

    response.serialized = changed  # type: ignore[assignment, method-assign]
