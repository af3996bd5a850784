"""The upkeep beside the jobs: a heartbeat, and log lines into the bucket, from time to time."""

import threading
from collections.abc import Callable
from contextlib import suppress

from botocore.exceptions import BotoCoreError, ClientError

from jobfleet_worker.aws.tools import Tools
from jobfleet_worker.reporting.heartbeats import Heartbeats
from jobfleet_worker.reporting.journal import Journal

# How often it is looked whether something is due.
ROUND_SECONDS = 1.0


class Upkeep:
    """Writes a heartbeat and uploads log lines when they are due. What fails is due again."""

    def __init__(self, tools: Tools, heartbeats: Heartbeats, journal: Journal) -> None:
        self._clock, self._breaker, self._log_max_age = tools.clock, tools.breaker, tools.settings.log_max_age
        self._heartbeats, self._journal = heartbeats, journal
        self._log_due = 0.0

    def run(self, over: threading.Event, moved: Callable[[], None]) -> None:
        """Do what is due until it is over."""
        while not over.is_set():
            moved()
            if self._breaker.lets_through():
                self._do_what_is_due(moved)
            over.wait(ROUND_SECONDS)

    def stopped(self) -> None:
        """Say in a last heartbeat that the worker has stopped."""
        with suppress(BotoCoreError, ClientError):
            self._heartbeats.write(stopped=True)

    def _do_what_is_due(self, moved: Callable[[], None]) -> None:
        with suppress(BotoCoreError, ClientError):
            if self._heartbeats.due():
                self._heartbeats.write()
            if self._clock.monotonic() >= self._log_due:
                self._log_due = self._clock.monotonic() + self._log_max_age
                self._journal.upload(moved)
