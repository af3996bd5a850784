"""The tools of every step of a job: settings, clock, and AWS behind its circuit breaker."""

from dataclasses import dataclass

from jobfleet_worker.aws.circuit_breaker import CircuitBreaker
from jobfleet_worker.aws.queues import Queues
from jobfleet_worker.aws.storage import Storage
from jobfleet_worker.clock import Clock
from jobfleet_worker.settings import WorkerSettings


@dataclass(frozen=True)
class Tools:
    """One set for a worker, shared by all its threads."""

    settings: WorkerSettings
    clock: Clock
    queues: Queues
    storage: Storage
    breaker: CircuitBreaker
