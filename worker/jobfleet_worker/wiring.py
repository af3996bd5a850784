"""The composition root: every object of a worker is made here, and handed those it works with."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TextIO

from jobfleet_jobs.protocol.heartbeat import Heartbeat
from jobfleet_jobs.systemd import notify

from jobfleet_worker.aws.circuit_breaker import CircuitBreaker
from jobfleet_worker.aws.clients import VERSION, Clients
from jobfleet_worker.aws.credentials_file import credentials_age, credentials_changed
from jobfleet_worker.aws.queues import Queues
from jobfleet_worker.aws.storage import Storage
from jobfleet_worker.aws.tools import Tools
from jobfleet_worker.clock import Clock, SystemClock
from jobfleet_worker.commit.committer import Committer
from jobfleet_worker.job.attempt import Attempts
from jobfleet_worker.job.broken_attempts import backoff
from jobfleet_worker.job.dropped_input import Drops
from jobfleet_worker.job.handover import RECENT, Elsewhere, Others
from jobfleet_worker.job.leases import Leases
from jobfleet_worker.job.started_notes import StartedNotes
from jobfleet_worker.job.steps import JobSteps
from jobfleet_worker.offers.offer import Offer
from jobfleet_worker.processes.pool import Pool
from jobfleet_worker.reporting.heartbeats import Heartbeats
from jobfleet_worker.reporting.journal import Journal
from jobfleet_worker.reporting.systemd import Watchdog
from jobfleet_worker.service.backlog import Backlog
from jobfleet_worker.service.dispatcher import Dispatcher, Work
from jobfleet_worker.service.endings import Endings
from jobfleet_worker.service.engine import Engine, Parts
from jobfleet_worker.service.receiver import Receivers
from jobfleet_worker.service.upkeep import Upkeep
from jobfleet_worker.service.watched_threads import Loops
from jobfleet_worker.settings import WorkerSettings
from jobfleet_worker.stop_token import StopToken


@dataclass(frozen=True)
class Surroundings:
    """What a worker meets outside of itself and AWS; tests hand it other things.

    `credentials` returns something that changes when the credentials may have. `backoff` returns after how
    many seconds an attempt of that number is tried again. Log lines go to `out`.
    """

    clock: Clock = field(default_factory=SystemClock)
    credentials: Callable[[], object] = field(default_factory=credentials_changed)
    backoff: Callable[[int], int] = backoff
    out: TextIO = field(default_factory=lambda: sys.stdout)
    version: str = VERSION


@dataclass(frozen=True)
class AssembledWorker:
    """A worker that was put together, and what its start and its end need."""

    engine: Engine
    stop: StopToken
    journal: Journal
    tools: Tools
    heartbeats: Heartbeats


def build(
    settings: WorkerSettings, clients: Clients, offer: Offer, surroundings: Surroundings | None = None
) -> AssembledWorker:
    """Put a worker together that does what `offer` says."""
    around = surroundings or Surroundings()
    clock, stop = around.clock, StopToken()
    queues = Queues(clients.sqs, settings)
    storage = Storage(clients.s3, settings.bucket, settings.max_input_bytes)
    journal = Journal(settings.spool, settings.worker_id, storage.write_log, clock, around.out)
    breaker = CircuitBreaker(
        clock, around.credentials, journal.tell, lambda status: notify(f"STATUS={status}")
    )
    tools = Tools(settings, clock, queues, storage, breaker)
    leases = Leases(settings, queues, clock, journal.tell)
    heartbeats = Heartbeats(
        clock,
        storage.write_heartbeat,
        storage.write_roll,
        lambda: _state(tools, backlog, offer, around.version),
    )

    others = Others(settings.worker_id, lambda: storage.heartbeats(clock.now() - RECENT), clock)
    elsewhere = Elsewhere(offer, others, queues, clock)
    drops = Drops(clients.s3, storage, settings.drop_processed)
    pool = Pool(settings)
    notes = StartedNotes(tools)
    attempts = Attempts(tools, drops, JobSteps(tools, drops, pool, elsewhere), elsewhere, notes)

    backlog = Backlog(settings, leases, breaker, clock)
    endings = Endings(journal, heartbeats, attempts, backlog, around.backoff)
    committer = Committer(tools, journal, leases, backlog, endings)
    work = Work(attempts, committer, endings, backlog)
    dispatcher = Dispatcher(leases, backlog, stop, work, settings.bucket)
    receivers = Receivers(tools, dispatcher, backlog, stop, journal.tell)
    upkeep = Upkeep(tools, heartbeats, journal)

    parts = Parts(leases, pool, backlog, receivers, dispatcher, committer, notes, upkeep)
    watchdog = Watchdog(clock, lambda: breaker.trouble is not None)
    engine = Engine(tools, parts, stop, watchdog, Loops(watchdog, journal.tell, stop))
    return AssembledWorker(engine, stop, journal, tools, heartbeats)


def _state(tools: Tools, backlog: Backlog, offer: Offer, version: str) -> Heartbeat:
    """Return what a heartbeat tells beside counts and times."""
    trouble = tools.breaker.trouble
    return Heartbeat(
        tools.settings.worker_id,
        version=version,
        in_flight=backlog.in_hand(),
        slots=tools.settings.processes,
        busy_seconds=backlog.busy.seconds(),
        paused=trouble.kind if trouble else None,
        credentials_age=credentials_age(),
        offer=offer.sign(),
    )
