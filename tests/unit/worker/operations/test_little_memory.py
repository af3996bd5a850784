"""A lack of memory breaks the attempt, in whatever words a coder tells it: a larger host would do the job."""

import io
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.operations.imaging.decode import decode
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.memory import lack_is_told
from jobfleet_worker.operations.run import run
from PIL import Image

from tests.little_memory import limit, with_left

SIZE = (5_000, 4_000)
LIMITS = Limits(max_pixels=20_000_000, max_numbers=1)


@contextmanager
def left(mebibytes: int) -> Iterator[None]:
    """Have this process see so much address space left; what it holds itself may still be given out."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    limit(mebibytes)
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def file(kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", SIZE, "teal").save(out, kind, **options)
    return out.getvalue()


def converted_to_webp(data: bytes) -> None:
    declared = OPERATIONS["convert"]
    run(declared, declared.check({}), data, "x.webp", LIMITS)


def read(data: bytes) -> None:
    decode(data, LIMITS.max_pixels, grey=True)


def test_a_picture_that_cannot_be_written_for_want_of_memory() -> None:
    with pytest.raises(MemoryError):
        with_left(96, converted_to_webp, file("PNG", compress_level=1))


@pytest.mark.parametrize(
    ("data", "mebibytes"),
    [
        (lambda: file("JPEG", progressive=True, subsampling=0), 32),
        (lambda: file("WEBP", lossless=True, quality=0, method=0), 24),
        (lambda: file("WEBP", quality=0, method=0), 24),
    ],
    ids=["JPEG", "WEBP-lossless", "WEBP"],
)
def test_a_picture_that_cannot_be_read_for_want_of_memory(data: Any, mebibytes: int) -> None:
    with pytest.raises(MemoryError):
        with_left(mebibytes, read, data())


@pytest.mark.parametrize(
    "problem",
    [
        OSError("encoder error -2 when writing image file"), ValueError("encoding error 1"),
        ValueError("quantization error"), OSError("out of memory error when reading image file"),
    ],
    ids=str,
)  # fmt: skip
def test_the_words_of_coders_mean_it_only_where_memory_is_short(problem: Exception) -> None:
    with left(64), pytest.raises(MemoryError), lack_is_told(65 * 2**20):
        raise problem
    with left(64), pytest.raises(type(problem)) as raised, lack_is_told(2**20):
        raise problem
    assert raised.value is problem


def test_another_fault_stays_one_where_memory_is_short() -> None:
    with left(64), pytest.raises(ValueError, match="bands"), lack_is_told(65 * 2**20):
        raise ValueError("bands do not match")


def test_a_damaged_picture_stays_one_under_a_limit() -> None:
    sent = bytearray(file("JPEG"))
    sent[600:700] = b"\xff\xc4" * 50
    with left(512), pytest.raises(BadJob):
        decode(bytes(sent), LIMITS.max_pixels)
