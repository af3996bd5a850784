"""How each host is: at work, on its way up, to leave, or dead."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jobfleet_scaling.demand.workers import WorkerSight
from jobfleet_scaling.documents.state import Cordon
from jobfleet_scaling.fleet.hosts import TERMINATED, FleetHost

# A worker that was not heard of for so long is dead, five of its heartbeats. Where that is so of all, they
# may only be unable to tell it, and are given longer.
SILENT_AFTER = timedelta(seconds=300)
ALL_SILENT_AFTER = timedelta(seconds=1_800)

# A host from which no heartbeat has come is dead after so many times as hosts usually boot in, and not sooner
# than this.
BOOTS_MAX = 5
BOOT_LONGEST_SECONDS = 600.0

# Whatever looks dead is looked at again; what EC2's checks say may be over in a moment.
SECOND_LOOK_SECONDS, ILL_SECONDS = 20.0, 180.0

# A worker that stopped without being told so by the scalers is on a host that EC2 takes in two minutes, by a
# spot notice, or somebody starts it anew, which takes seconds.
STOPPED_SECONDS = 60.0

# States in EC2's words in which a host works, or soon will.
UP = ("pending", "running")

# A heartbeat that is a little older than the launch may be of clocks that differ.
_CLOCKS_DIFFER = timedelta(seconds=5)


@dataclass(frozen=True)
class Crew:
    """The hosts, each in one place. `dead` has why, by the host's id; `ending` are as good as gone."""

    running: Sequence[FleetHost] = ()
    booting: Sequence[FleetHost] = ()
    leaving: Sequence[FleetHost] = ()
    ending: Sequence[FleetHost] = ()
    dead: Mapping[str, str] = field(default_factory=dict)
    dead_hosts: Sequence[FleetHost] = ()
    unborn: Sequence[FleetHost] = ()

    @property
    def active(self) -> list[FleetHost]:
        """Those that count: at work, or on their way up."""
        return [*self.running, *self.booting]


def has_come(host: FleetHost, sight: WorkerSight | None) -> bool:
    """Tell whether the worker of a host was heard of since it was launched."""
    return sight is not None and sight.at >= host.launched - _CLOCKS_DIFFER


class Conditions:
    """Sorts the hosts; remembers since when those look dead that do."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._since: dict[str, float] = {}

    def sort(
        self,
        hosts: Sequence[FleetHost],
        workers: Mapping[str, WorkerSight],
        cordoned: Mapping[str, Cordon],
        now: datetime,
        boot: float,
    ) -> Crew:
        """Return how each host is `now` (UTC). `boot` is how many seconds hosts take to boot."""
        there = [host for host in hosts if not host.is_ending]
        patience = SILENT_AFTER if _any_is_heard(there, workers, now) else ALL_SILENT_AFTER
        limits = _Limits(patience, timedelta(seconds=max(BOOT_LONGEST_SECONDS, BOOTS_MAX * boot)))
        looks = {
            host.id: why for host in there if (why := _why_dead(host, workers.get(host.id), now, limits))
        }
        if cordoned:
            # Whose worker has stopped because it is to leave is not dead, but ready.
            looks = {
                host: why for host, why in looks.items() if not (host in cordoned and why == WORKER_STOPPED)
            }
        patient = {host: STOPPED_SECONDS for host, why in looks.items() if why == WORKER_STOPPED}
        patient |= {host.id: ILL_SECONDS for host in there if host.ill and host.state in UP}
        dead = self._confirmed(looks, patient)
        alive = [host for host in there if host.id not in dead]
        staying = [host for host in alive if host.id not in cordoned and host.state in UP]
        stopping = [host for host in alive if host.state not in UP and host.id not in cordoned]
        return Crew(
            running=[host for host in staying if has_come(host, workers.get(host.id))],
            booting=[host for host in staying if not has_come(host, workers.get(host.id))],
            leaving=[host for host in alive if host.id in cordoned],
            ending=[*(host for host in hosts if host.is_ending), *stopping],
            dead=dead,
            dead_hosts=[host for host in there if host.id in dead],
            unborn=[host for host in there if host.id in dead and not has_come(host, workers.get(host.id))],
        )

    def _confirmed(self, looks: Mapping[str, str], patient: Mapping[str, float]) -> dict[str, str]:
        now = self._monotonic()
        self._since = {host: self._since.get(host, now) for host in looks}
        return {
            host: why
            for host, why in looks.items()
            if now - self._since[host] >= patient.get(host, SECOND_LOOK_SECONDS)
        }


WORKER_STOPPED = "its worker was stopped, and it was not to leave"


@dataclass(frozen=True)
class _Limits:
    silent: timedelta
    boot: timedelta


def _why_dead(host: FleetHost, sight: WorkerSight | None, now: datetime, limits: _Limits) -> str:
    """Return why a host looks dead; empty where it does not."""
    if host.state in ("stopped", TERMINATED):
        return f"it is {host.state}"
    if host.ill:
        return host.ill
    if sight is None or not has_come(host, sight):
        waited = now - host.launched
        return f"no worker came to life in {waited.total_seconds():.0f} s" if waited > limits.boot else ""
    silent = now - sight.at
    if sight.stopped:
        return WORKER_STOPPED
    return f"its worker has not been heard of for {silent.total_seconds():.0f} s" * (silent > limits.silent)


def _any_is_heard(hosts: Sequence[FleetHost], workers: Mapping[str, WorkerSight], now: datetime) -> bool:
    """Tell whether any worker can tell that it lives; one alone that cannot is no sign."""
    came = [workers[host.id] for host in hosts if has_come(host, workers.get(host.id))]
    return len(came) < 2 or any(now - sight.at <= SILENT_AFTER for sight in came)
