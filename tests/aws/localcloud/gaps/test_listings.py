"""S3's listings of the embedded AWS: in pages, and while what is listed is deleted."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

PAGE_MAX = 1_000
Version = tuple[str, str]


@pytest.fixture
def s3(aws: Callable[[str], Any]) -> Any:
    return aws("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"listings-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def versioned(s3: Any, bucket: str) -> str:
    """A bucket that keeps old versions."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


def put(s3: Any, bucket: str, *keys: str) -> list[Version]:
    """Put an object under each key; return the keys with their versions."""
    answers = [s3.put_object(Bucket=bucket, Key=key, Body=b"x") for key in keys]
    return [(key, answer.get("VersionId", "null")) for key, answer in zip(keys, answers, strict=True)]


def mark_deleted(s3: Any, bucket: str, keys: list[str]) -> list[Version]:
    """Put a delete marker on each key."""
    deleted = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})["Deleted"]
    return [(one["Key"], one["DeleteMarkerVersionId"]) for one in deleted]


def pages(s3: Any, listing: str, bucket: str, **asked: Any) -> Iterator[dict[str, Any]]:
    yield from s3.get_paginator(listing).paginate(Bucket=bucket, **asked)


def in_page(page: dict[str, Any]) -> list[Version]:
    listed = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
    return [(one["Key"], one["VersionId"]) for one in listed]


def delete(s3: Any, bucket: str, versions: list[Version]) -> None:
    names = [{"Key": key, "VersionId": version} for key, version in versions]
    assert not s3.delete_objects(Bucket=bucket, Delete={"Objects": names}).get("Errors")


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7])
def test_versions_come_once_each_by_key_and_the_newest_first(s3: Any, versioned: str, size: int) -> None:
    first = put(s3, versioned, "b", "a", "c", "a/x")
    second = put(s3, versioned, "a", "c")
    marked = mark_deleted(s3, versioned, ["a", "b"])
    newest_first = sorted([*marked, *second, *first], key=lambda version: version[0])

    found = list(pages(s3, "list_object_versions", versioned, PaginationConfig={"PageSize": size}))

    assert [len(in_page(page)) for page in found[:-1]] == [size] * (len(found) - 1)
    assert [page["IsTruncated"] for page in found] == [True] * (len(found) - 1) + [False]
    listed = [version for page in found for version in in_page(page)]
    assert sorted(listed) == sorted(newest_first)
    if size == 1:  # in a longer page, versions and markers are apart
        assert listed == newest_first
    latest = [one for page in found for one in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]]
    assert {(one["Key"], one["VersionId"]) for one in latest if one["IsLatest"]} == {
        *marked, second[1], first[3],
    }  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_versions_that_are_deleted_page_by_page_are_all_listed(s3: Any, versioned: str, size: int) -> None:
    put(s3, versioned, *"abcabaa")
    mark_deleted(s3, versioned, ["a", "c"])

    for page in pages(s3, "list_object_versions", versioned, PaginationConfig={"PageSize": size}):
        delete(s3, versioned, in_page(page))

    s3.delete_bucket(Bucket=versioned)  # it would not go with anything in it


def test_objects_that_are_deleted_page_by_page_are_all_listed(s3: Any, bucket: str) -> None:
    put(s3, bucket, *"abcdefg")

    for page in pages(s3, "list_object_versions", bucket, PaginationConfig={"PageSize": 2}):
        assert {version for _, version in in_page(page)} == {"null"}
        delete(s3, bucket, in_page(page))

    s3.delete_bucket(Bucket=bucket)


def test_what_is_put_while_pages_are_read_stands_where_its_key_does(s3: Any, versioned: str) -> None:
    put(s3, versioned, "b", "b", "d")
    listed = pages(s3, "list_object_versions", versioned, PaginationConfig={"PageSize": 1})
    seen = in_page(next(listed))

    put(s3, versioned, "a", "b")  # before the place that was reached
    late = put(s3, versioned, "c")

    seen += [version for page in listed for version in in_page(page)]
    assert [key for key, _ in seen] == ["b", "b", "c", "d"]
    assert seen[2] == late[0]


def test_folders_of_versions_count_as_one_each_and_are_not_listed_again(s3: Any, versioned: str) -> None:
    put(s3, versioned, "a/1", "a/2", "b", "c/1", "c/2/3", "d")

    found = list(
        pages(s3, "list_object_versions", versioned, Delimiter="/", PaginationConfig={"PageSize": 1})
    )

    names = [[one["Prefix"] for one in page.get("CommonPrefixes", ())] for page in found]
    assert [*names, [key for page in found for key, _ in in_page(page)]] == [
        ["a/"], [], ["c/"], [], ["b", "d"],
    ]  # fmt: skip


def test_a_version_marker_needs_its_key(s3: Any, versioned: str) -> None:
    with pytest.raises(ClientError, match="without a key marker") as refused:
        s3.list_object_versions(Bucket=versioned, VersionIdMarker="x")
    assert refused.value.response["Error"]["Code"] == "InvalidArgument"


def test_a_page_has_a_thousand_at_most(s3: Any, versioned: str) -> None:
    put(s3, versioned, "a")
    for _ in range(2):
        mark_deleted(s3, versioned, ["a"] * 700)

    first = s3.list_object_versions(Bucket=versioned, MaxKeys=5_000)
    rest = s3.list_object_versions(
        Bucket=versioned, KeyMarker=first["NextKeyMarker"], VersionIdMarker=first["NextVersionIdMarker"]
    )

    assert (first["MaxKeys"], first["IsTruncated"], rest["IsTruncated"]) == (PAGE_MAX, True, False)
    assert [len(in_page(page)) for page in (first, rest)] == [PAGE_MAX, 401]
    assert s3.list_objects_v2(Bucket=versioned, MaxKeys=5_000)["MaxKeys"] == PAGE_MAX


def test_unfinished_uploads_come_in_pages_and_may_be_aborted_meanwhile(s3: Any, bucket: str) -> None:
    keys = [*"abbbbcd"]
    made = [(key, s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]) for key in keys]

    seen = []
    for page in pages(s3, "list_multipart_uploads", bucket, PaginationConfig={"PageSize": 2}):
        assert page["MaxUploads"] == 2
        seen.append([(one["Key"], one["UploadId"]) for one in page["Uploads"]])
        for key, upload in seen[-1]:
            s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)

    assert [len(page) for page in seen] == [2, 2, 2, 1]
    assert [upload for page in seen for upload in page] == sorted(made)
    behind = s3.create_multipart_upload(Bucket=bucket, Key="x")["UploadId"]
    s3.create_multipart_upload(Bucket=bucket, Key="k")
    assert [
        one["UploadId"] for one in s3.list_multipart_uploads(Bucket=bucket, KeyMarker="k")["Uploads"]
    ] == [behind]


def test_a_call_deletes_a_thousand_at_most_and_tells_of_errors_alone_if_asked(s3: Any, bucket: str) -> None:
    put(s3, bucket, "a", "b")
    with pytest.raises(ClientError) as refused:
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "x"}] * (PAGE_MAX + 1)})
    assert refused.value.response["Error"]["Code"] == "MalformedXML"

    told = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}]})
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "b"}], "Quiet": True})

    assert [one["Key"] for one in told["Deleted"]] == ["a"]
    assert not quiet.get("Deleted")
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
