"""The double of a bucket that the tests of large numbers use lists as the embedded AWS does."""

import itertools
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.listed_objects import ListedObjects

KEYS = [
    "a", "a/", "a/1", "a/2", "a/b/1", "a/b/2", "a/c", "a-b", "a.b", "a0", "b", "logs/x/1", "logs/x/2",
    "logs/y", "results/0190_a.json", "results/0190_b.json", "results/é", "z",
]  # fmt: skip


@pytest.fixture
def both(aws: Callable[[str], Any]) -> tuple[Any, ListedObjects, str]:
    """The embedded AWS and the double, with the same objects in a bucket."""
    s3, double, bucket = aws("s3"), ListedObjects(), f"listed-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket)
    for key in KEYS:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
        double.put(key, key)
    return s3, double, bucket


def pages(s3: Any, **asked: Any) -> list[tuple[list[str], list[int], list[str], bool]]:
    """Return what each page of a listing says, to the last."""
    found = []
    while True:
        answer = s3.list_objects_v2(**asked)
        contents = answer.get("Contents", [])
        folders = [one["Prefix"] for one in answer.get("CommonPrefixes", [])]
        assert answer["KeyCount"] == len(contents) + len(folders)
        sizes = [one["Size"] for one in contents]
        found.append(([one["Key"] for one in contents], sizes, folders, answer["IsTruncated"]))
        if not answer["IsTruncated"]:
            return found
        asked = {**asked, "ContinuationToken": answer["NextContinuationToken"]}


@pytest.mark.parametrize("delimiter", ["", "/"])
def test_pages_are_the_same(both: tuple[Any, ListedObjects, str], delimiter: str) -> None:
    s3, double, bucket = both
    # To start within a folder that is shown as one is not documented, and nobody here does.
    starts = ("", "a0", "b", "zz") if delimiter else ("", "a/1", "results/0190_a", "zz")
    for prefix, after, size in itertools.product(
        ("", "a", "a/", "results/", "none"), starts, (1, 2, 5, 1_000)
    ):
        asked = {"Bucket": bucket, "Prefix": prefix, "MaxKeys": size}
        asked |= {"StartAfter": after} if after else {}
        asked |= {"Delimiter": delimiter} if delimiter else {}
        assert pages(double, **asked) == pages(s3, **asked), asked


def test_objects_are_read_alike(both: tuple[Any, ListedObjects, str]) -> None:
    for s3 in both[:2]:
        assert s3.get_object(Bucket=both[2], Key="a/b/1")["Body"].read() == b"a/b/1"
        with pytest.raises(ClientError, match="NoSuchKey"):
            s3.get_object(Bucket=both[2], Key="a/x")


def test_a_page_holds_a_thousand_at_most(both: tuple[Any, ListedObjects, str]) -> None:
    double = both[1]
    double.put_empty(f"many/{number:04}" for number in range(1_500))
    assert [len(page[0]) for page in pages(double, Bucket="b", Prefix="many/", MaxKeys=5_000)] == [1_000, 500]
