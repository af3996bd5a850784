"""Notes to senders who asked to be told that their jobs are at work (`jobfleet_jobs.protocol.started_note`).

Best effort: no job waits for a note or breaks by it, and none is sent of a job that is done.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from botocore.exceptions import BotoCoreError, ClientError
from jobfleet_jobs.protocol.batches import batches
from jobfleet_jobs.protocol.message import TELL_STARTED, Request
from jobfleet_jobs.protocol.started_note import StartedNote

from jobfleet_worker.aws.queues import QueueGone
from jobfleet_worker.aws.tools import Tools
from jobfleet_worker.clock import LOOK_SECONDS
from jobfleet_worker.job.in_hand import JobInHand

# Most images take less, and their answers say enough. A person who waits longer wants to know that something
# happens.
TELL_AFTER_SECONDS = 0.25

# How often it is looked which jobs have been at work for so long. All that have share the calls.
ROUND_SECONDS = 0.1


class StartedNotes:
    """Sends one note for each job that is `watched` and at work for long enough."""

    def __init__(self, tools: Tools) -> None:
        self._queues, self._breaker, self._clock = tools.queues, tools.breaker, tools.clock
        self._worker = tools.settings.worker_id
        self._watched: dict[int, tuple[JobInHand, Request]] = {}
        self._changed = threading.Condition()

    @contextmanager
    def watched(self, job: JobInHand, request: Request) -> Iterator[None]:
        """Send a note of a job if it asks for one and what is done inside takes long enough."""
        if TELL_STARTED not in request.tell or request.reply_to is None:
            yield
            return
        with self._changed:
            self._watched[id(job)] = job, request
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._watched.pop(id(job), None)

    def run(self, over: threading.Event, moved: Callable[[], None]) -> None:
        """Send notes when they are due, until it is over."""
        while not over.is_set():
            moved()
            with self._changed:
                if not self._changed.wait_for(lambda: self._watched, LOOK_SECONDS):
                    continue
            self.send_due()
            over.wait(ROUND_SECONDS)

    def send_due(self) -> None:
        """Send the notes that are due now, ten a call. One that cannot be sent is not sent again."""
        by_queue: dict[str, list[str]] = defaultdict(list)
        for request, seconds in self._take_due():
            note = StartedNote(request.id, self._worker, self._clock.now() - timedelta(seconds=seconds))
            by_queue[request.reply_to or ""].append(note.to_json())
        for queue, bodies in by_queue.items():
            for batch in batches(bodies):
                if self._breaker.lets_through():
                    with suppress(QueueGone, BotoCoreError, ClientError):
                        self._queues.answer(queue, batch)

    def _take_due(self) -> list[tuple[Request, float]]:
        """Return the requests whose notes are due, and for how long they are at work; watch them no more."""
        now = self._clock.monotonic()
        with self._changed:
            due = {
                key: (request, now - job.lease.begun)
                for key, (job, request) in self._watched.items()
                # Who waits for a process has not begun.
                if job.lease.begun is not None and now - job.lease.begun >= TELL_AFTER_SECONDS
            }
            for key in due:
                del self._watched[key]
        return list(due.values())
