"""The worker as a whole: its threads, and how it starts and stops."""

import sys
import threading
from dataclasses import dataclass

from jobfleet_jobs.systemd import notify

from jobfleet_worker.aws.tools import Tools
from jobfleet_worker.commit.committer import Committer
from jobfleet_worker.job.leases import Leases
from jobfleet_worker.job.started_notes import StartedNotes
from jobfleet_worker.processes.pool import Pool
from jobfleet_worker.processes.slot import longest_wait
from jobfleet_worker.reporting.systemd import Watchdog
from jobfleet_worker.service.backlog import Backlog, io_threads
from jobfleet_worker.service.dispatcher import Dispatcher
from jobfleet_worker.service.receiver import Receivers
from jobfleet_worker.service.upkeep import Upkeep
from jobfleet_worker.service.watched_threads import Loops
from jobfleet_worker.stop_token import StopToken

# How often the main thread looks up: for signals and the watchdog.
TURN_SECONDS = 0.2

# Python lets a thread run for 5 ms before another has its turn. An answer takes several turns, and with sixty
# threads at work they added up to tens of milliseconds.
SWITCH_SECONDS = 0.0005


@dataclass(frozen=True)
class Parts:
    """What runs side by side in a worker (`jobfleet_worker.wiring` puts it together)."""

    leases: Leases
    pool: Pool
    backlog: Backlog
    receivers: Receivers
    dispatcher: Dispatcher
    committer: Committer
    notes: StartedNotes
    upkeep: Upkeep


class Engine:
    """Runs until the token says stop and everything in hand is done; a second stop ends that too."""

    def __init__(self, tools: Tools, parts: Parts, stop: StopToken, watchdog: Watchdog, loops: Loops) -> None:
        self._settings, self._clock, self._breaker = tools.settings, tools.clock, tools.breaker
        self.parts, self._stop, self._watchdog, self._loops = parts, stop, watchdog, loops
        self._over = threading.Event()

    def run(self) -> bool:
        """Work until stopped; return whether it was stopped from outside, and not by a thread that died."""
        parts = self.parts
        sys.setswitchinterval(SWITCH_SECONDS)
        receivers, others = self._threads()
        parts.pool.start()
        parts.committer.start()
        for one in [*others, *receivers]:
            one.start()
        notify("READY=1", "STATUS=at work")
        period = min(TURN_SECONDS, self._watchdog.period)
        while not self._stop.draining.wait(period):
            self._watchdog.feed()
        notify("STOPPING=1")
        notify("STATUS=finishing what was begun")
        self._drain(receivers, period)
        self._end()
        return not self._loops.broken

    def _threads(self) -> tuple[list[threading.Thread], list[threading.Thread]]:
        """Return those that receive, and all others."""
        parts, settings, thread = self.parts, self._settings, self._loops.thread
        patience, workers = longest_wait(settings.job_time_limit), io_threads(settings.processes)
        receivers = [thread(name, run) for name, run in parts.receivers.loops()]
        others = [
            thread("lease", parts.leases.run, self._over),
            *(thread(name, run, self._over) for name, run in parts.committer.loops()),
            *(
                thread(f"work-{n}", parts.dispatcher.run, self._over, patience=patience)
                for n in range(workers)
            ),
            thread("notes", parts.notes.run, self._over),
            thread("upkeep", parts.upkeep.run, self._over),
        ]
        return receivers, others

    def _drain(self, receivers: list[threading.Thread], period: float) -> None:
        """Wait until what was begun is finished, as long as that is worth it."""
        deadline = self._clock.monotonic() + self._settings.stop_timeout
        self.parts.backlog.hand_back_waiting()
        while any(thread.is_alive() for thread in receivers) or len(self.parts.leases):
            if self._stop.halted.is_set() or self._clock.monotonic() >= deadline:
                break
            trouble = self._breaker.trouble
            if trouble and trouble.credentials_refused and not self._breaker.lets_through():
                break  # nothing can be finished, and nothing handed back either
            self._watchdog.feed()
            self.parts.backlog.hand_back_waiting()
            self._stop.halted.wait(min(period, 0.05))

    def _end(self) -> None:
        parts = self.parts
        self._stop.halted.set()
        parts.backlog.hand_back(parts.leases.all(), 0)
        parts.pool.stop()
        self._over.set()
        parts.committer.stop()
        parts.upkeep.stopped()
