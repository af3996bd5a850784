"""The workers by their heartbeats: which live, which have stopped, and what they tell of their jobs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from jobfleet_jobs.protocol.aws_facts import NO_SUCH_KEY, error_code
from jobfleet_jobs.protocol.heartbeat import PERIOD_SECONDS, Heartbeat
from jobfleet_jobs.protocol.names import WORKERS, heartbeat_key
from jobfleet_jobs.protocol.roll import OnRoll, call_roll

from jobfleet_scaling.aws.bodies import content_of

# At most so many heartbeats are read at a time: the listing says of all who lives and who has stopped. With
# one a minute of each worker and a look each 10 s, these are all of 60 workers, or a fair sample of more.
READS_MAX = 10

# 1,000 keys a page, about three for each worker, also for those that are gone and not expired.
PAGES_MAX = 30

# Workers that were not heard of for longer are gone. Their numbers are not counted again if they come back.
FORGOTTEN_AFTER = timedelta(hours=1)

# A listing of several pages is made the less often the more it takes. Not less often than this: a worker that
# is seen a minute late, with a heartbeat a minute, is still far from being taken for dead (SILENT_AFTER).
PAGE_SECONDS, LIST_LONGEST_SECONDS = 10.0, 60.0


@dataclass(frozen=True)
class WorkerSight:
    """What is known of a worker. `at` is when S3 got its last heartbeat, by S3's clock.

    `heartbeat` is the last one that was read, which may be an earlier one; None if none was.
    """

    worker: str
    at: datetime
    stopped: bool = False
    heartbeat: Heartbeat | None = None

    @property
    def is_idle(self) -> bool:
        """Whether it had no job in hand when it was last heard of."""
        return self.heartbeat is not None and self.heartbeat.in_flight == 0


@dataclass(frozen=True)
class _Read:
    at: datetime
    etag: str
    heartbeat: Heartbeat


class Workers:
    """Reads the heartbeats of a stack's workers, by one listing and a few objects at a time."""

    def __init__(
        self, s3: Callable[[], Any], bucket: str, monotonic: Callable[[], float], took: Callable[..., None]
    ) -> None:
        """`s3` returns a client. `took` is told of each heartbeat that is read."""
        self._s3, self._bucket, self._monotonic, self._took = s3, bucket, monotonic, took
        self._listed: list[OnRoll] = []
        self._etags: dict[str, str] = {}
        self._listed_again = 0.0
        self._read: dict[str, _Read] = {}
        self.is_whole = True
        """Whether the last listing was not cut short: who is not in it is not there."""

    def look(self, now: datetime) -> dict[str, WorkerSight]:
        """Return the workers that were heard of in the last hour, by their ids. Raises AWS's errors."""
        if self._monotonic() >= self._listed_again:
            self._list(now)
        for one in self._due():
            heartbeat = self._get(one.worker)
            if heartbeat is not None:
                self._read[one.worker] = _Read(one.at, self._etags[one.worker], heartbeat)
                self._took(heartbeat)
        return {one.worker: self._sight(one) for one in self._listed}

    def _list(self, now: datetime) -> None:
        found, pages, whole = [], 0, False
        more: dict[str, str] = {}
        while not whole and pages < PAGES_MAX:
            answer = self._s3().list_objects_v2(Bucket=self._bucket, Prefix=WORKERS, **more)
            found += [
                (item["Key"], item["LastModified"], item["ETag"]) for item in answer.get("Contents", ())
            ]
            pages, whole = pages + 1, not answer.get("IsTruncated")
            more = {"ContinuationToken": answer.get("NextContinuationToken", "")}
        roll = call_roll((key, at) for key, at, _ in found)
        self._listed = [one for one in roll if now - one.at < FORGOTTEN_AFTER]
        etags = {key: etag for key, _, etag in found}
        self._etags = {one.worker: etags[heartbeat_key(one.worker)] for one in self._listed}
        self.is_whole = whole
        self._listed_again = self._monotonic() + min((pages - 1) * PAGE_SECONDS, LIST_LONGEST_SECONDS)
        known = {one.worker for one in self._listed}
        self._read = {worker: read for worker, read in self._read.items() if worker in known}

    def _due(self) -> Iterable[OnRoll]:
        """Return those to be read now: of whom nothing was read yet, then those whose was longest ago."""
        changed = [one for one in self._listed if not self._is_read(one)]
        changed.sort(key=lambda one: self._read[one.worker].at.timestamp() if one.worker in self._read else 0)
        return changed[:READS_MAX]

    def _is_read(self, one: OnRoll) -> bool:
        # Times are whole seconds, in which a worker may write twice.
        return one.worker in self._read and self._read[one.worker].etag == self._etags[one.worker]

    def _sight(self, one: OnRoll) -> WorkerSight:
        read = self._read.get(one.worker)
        sight = WorkerSight(one.worker, one.at, one.state == "stopped", read.heartbeat if read else None)
        # Where the roll does not tell, as of a worker of an earlier version, the heartbeat itself does.
        if one.state is None and read and read.at >= one.at - timedelta(seconds=PERIOD_SECONDS):
            return replace(sight, stopped=read.heartbeat.stopped)
        return sight

    def _get(self, worker: str) -> Heartbeat | None:
        try:
            answer = self._s3().get_object(Bucket=self._bucket, Key=heartbeat_key(worker))
        except Exception as problem:
            if error_code(problem) == NO_SUCH_KEY:
                return None
            raise
        return Heartbeat.read(content_of(answer).decode(errors="replace"), worker)


def jobs_done(heartbeats: Iterable[Heartbeat], before: Mapping[str, int]) -> tuple[int, dict[str, int]]:
    """Return how many jobs were done since `before`, and the numbers to go on from, by worker.

    A worker that counts less than before has been started anew.
    """
    done, numbers = 0, dict(before)
    for one in heartbeats:
        count = one.counts.get("succeeded", 0) + one.counts.get("failed", 0)
        earlier = before.get(one.worker, 0)
        done += count - earlier if count >= earlier else count
        numbers[one.worker] = count
    return done, numbers
