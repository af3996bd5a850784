"""Thousands of heartbeats are listed page by page, and nobody is taken for dead because of their number.

The bucket is played here: S3 lists a thousand keys a page.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from jobfleet_jobs.protocol.names import heartbeat_key
from jobfleet_scaling.demand.workers import PAGES_MAX, READS_MAX, Workers
from jobfleet_scaling.service.conditions import SILENT_AFTER

from tests.scaling_fleet import NOW, TurnedClock


class Bucket:
    """A bucket with the heartbeats of so many workers, a thousand a page."""

    def __init__(self, workers: int) -> None:
        self.keys = sorted(heartbeat_key(f"i-{number}") for number in range(workers))
        self.listings, self.reads = 0, 0

    def list_objects_v2(self, ContinuationToken: str = "0", **_: Any) -> Mapping[str, Any]:  # noqa: N803
        start = int(ContinuationToken)
        self.listings += start == 0
        found = [
            {"Key": key, "LastModified": NOW, "ETag": key} for key in self.keys[start : start + 1_000]
        ]  # fmt: skip
        more = start + 1_000 < len(self.keys)
        return {"Contents": found, "IsTruncated": more, "NextContinuationToken": str(start + 1_000)}

    def get_object(self, **_: Any) -> Mapping[str, Any]:
        self.reads += 1
        return {"Body": self}

    def read(self, amount: int = -1) -> bytes:
        return b"{}"


def workers_of(bucket: Bucket, clock: TurnedClock) -> Workers:
    return Workers(lambda: bucket, "a-bucket", clock.monotonic, lambda heartbeat: None)


def test_all_pages_are_listed_and_a_few_heartbeats_read_at_a_time() -> None:
    bucket, clock = Bucket(2_500), TurnedClock()
    workers = workers_of(bucket, clock)
    assert len(workers.look(NOW)) == 2_500
    assert (workers.is_whole, bucket.reads) == (True, READS_MAX)


def test_a_long_listing_is_made_anew_before_its_workers_look_dead() -> None:
    bucket, clock = Bucket(1_000 * PAGES_MAX), TurnedClock()
    workers = workers_of(bucket, clock)
    workers.look(NOW)
    # A heartbeat was a minute old, and the next comes as late.
    clock.seconds = (SILENT_AFTER - timedelta(minutes=2)).total_seconds()
    workers.look(NOW)
    assert bucket.listings == 2


def test_a_listing_that_was_cut_short_says_so() -> None:
    workers = workers_of(Bucket(1_000 * PAGES_MAX + 1), TurnedClock())
    assert len(workers.look(NOW)) == 1_000 * PAGES_MAX
    assert not workers.is_whole
