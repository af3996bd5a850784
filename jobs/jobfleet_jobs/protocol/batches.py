"""Batches of messages, each as large as one call to SQS may be."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from jobfleet_jobs.protocol.aws_facts import SQS_BATCH_MAX, SQS_MESSAGE_MAX_BYTES

T = TypeVar("T")


def batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut into batches of as many as one call takes."""
    for start in range(0, len(items), SQS_BATCH_MAX):
        yield items[start : start + SQS_BATCH_MAX]


def batches_by_size(items: Sequence[tuple[T, str]]) -> Iterator[list[tuple[T, str]]]:
    """Cut so that each batch fits a call by count, and by the bytes of its texts, the second of each pair."""
    batch: list[tuple[T, str]] = []
    held = 0
    for item in items:
        size = len(item[1].encode())
        if batch and (len(batch) == SQS_BATCH_MAX or held + size > SQS_MESSAGE_MAX_BYTES):
            yield batch
            batch, held = [], 0
        batch.append(item)
        held += size
    if batch:
        yield batch
