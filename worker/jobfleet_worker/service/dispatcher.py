"""Messages that become jobs: what is small is done at once, the rest by threads, one after the other."""

import queue
import threading
from collections.abc import Callable
from contextlib import suppress

from jobfleet_jobs.drop_events import read_event
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.message import Request

from jobfleet_worker.aws.queues import Message
from jobfleet_worker.commit.committer import Committer
from jobfleet_worker.job.attempt import Attempts
from jobfleet_worker.job.in_hand import Finished, JobInHand
from jobfleet_worker.job.leases import Lease, Leases
from jobfleet_worker.service.backlog import Backlog
from jobfleet_worker.service.endings import Endings
from jobfleet_worker.stop_token import StopToken


class Dispatcher:
    """Takes messages, has their jobs done, and leaves what is finished to the committer."""

    def __init__(self, leases: Leases, backlog: Backlog, stop: StopToken, work: "Work", bucket: str) -> None:
        """`bucket` is the stack's own, whose events of new objects are requests too."""
        self._leases, self._backlog, self._stop, self._work = leases, backlog, stop, work
        self._bucket = bucket

    def take(self, messages: list[Message], places: int, asked_at: float) -> None:
        """Lease what was received, do at once what is small, and line up the rest."""
        leases = self._leases.take(messages, asked_at)
        self._backlog.fill(places, len(leases))
        if self._stop.draining.is_set():
            self._backlog.drop(leases)
            return
        small = [job for job in map(self._read, leases) if not self._lined_up(job)]
        for job in small:
            self._work.do_small(job)

    def run(self, over: threading.Event, moved: Callable[[], None]) -> None:
        """Do jobs one after the other until it is over; any number of threads may."""
        while not over.is_set():
            moved()
            with suppress(queue.Empty), self._backlog.next_job(1.0) as job:
                job.moved = moved
                if self._stop.draining.is_set():
                    self._backlog.drop([job.lease])
                elif job.lease.is_lost():
                    self._backlog.let_go(job)
                else:
                    self._work.do(job)

    def _read(self, lease: Lease) -> JobInHand:
        body = lease.message.body
        try:
            return JobInHand(lease, self._stop, Request.from_json(body))
        except BadJob as problem:
            unreadable = problem
        try:
            event = read_event(body, self._bucket)
        except BadJob as problem:
            return JobInHand(lease, self._stop, None, problem)
        if isinstance(event, Request):
            return JobInHand(lease, self._stop, event)
        return JobInHand(lease, self._stop, None, unreadable, event=event)

    def _lined_up(self, job: JobInHand) -> bool:
        """Leave a job that is not small to the threads that do those; tell whether it was."""
        if not self._backlog.is_first(job):
            return True
        if self._work.is_small(job):
            return False
        self._backlog.put(job)
        return True


class Work:
    """Does one job, whatever comes of it."""

    def __init__(self, attempts: Attempts, committer: Committer, endings: Endings, backlog: Backlog) -> None:
        self._attempts, self._committer, self._endings = attempts, committer, endings
        self._backlog = backlog

    def is_small(self, job: JobInHand) -> bool:
        """Tell whether a job takes a moment and no call to AWS."""
        return self._attempts.is_small(job)

    def do_small(self, job: JobInHand) -> None:
        """Do a small job."""
        self._do(job, self._attempts.make_small)

    def do(self, job: JobInHand) -> None:
        """Do a job of any kind."""
        self._do(job, self._attempts.make)

    def _do(self, job: JobInHand, make: Callable[[JobInHand], Finished]) -> None:
        try:
            finished = make(job)
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is this job's, and the worker lives on
            self._endings.failed(job, problem)
        else:
            self._backlog.worked(finished)
            self._committer.put(finished)
