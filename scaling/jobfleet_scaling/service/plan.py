"""What is to be done so that there are as many hosts as are wanted. Pure: no AWS, no clock of its own."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from jobfleet_jobs.protocol.heartbeat import PERIOD_SECONDS

from jobfleet_scaling.demand.workers import WorkerSight
from jobfleet_scaling.documents.configuration import HostGroup, ScalingConfiguration
from jobfleet_scaling.documents.state import Cordon, ScalingState
from jobfleet_scaling.fleet.actors import FleetSight
from jobfleet_scaling.fleet.hosts import FleetHost
from jobfleet_scaling.fleet.lab_cap import LabRoom
from jobfleet_scaling.policy.shares import FleetMember, GroupShare, distribute, first_to_leave
from jobfleet_scaling.service.conditions import Crew, has_come

# Why hosts leave, as it stands in the state and in the log.
SURPLUS, EXCHANGE = "more hosts than are wanted", "there is a new version"

# Who is to leave and was not heard of for so long is waited for no more.
LEAVE_PATIENCE = timedelta(seconds=300)
# Nor is one that says that it has nothing in hand, and does not stop: nobody on it does what it is told.
LEAVE_IDLE_PATIENCE = timedelta(seconds=900)
# As long as SQS keeps a message in hand: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
LEAVE_LONGEST = timedelta(hours=12)

# A worker that is so late, two of its heartbeats and a half, may be dead: it is not the one that stays.
DOUBT_AFTER = timedelta(seconds=2.5 * PERIOD_SECONDS)

# A worker's last word may be a little older than the order by which it went.
_SAME_TIME = timedelta(seconds=30)


@dataclass(frozen=True)
class Situation:
    """All that a plan is made of. `groups` are those that hosts may be ordered of now, by name."""

    configuration: ScalingConfiguration
    state: ScalingState
    sight: FleetSight
    crew: Crew
    workers: Mapping[str, WorkerSight]
    now: datetime
    wanted: int
    room: LabRoom = field(default_factory=LabRoom)
    closed: frozenset[str] = frozenset()

    @property
    def groups(self) -> Mapping[str, HostGroup]:
        """All groups by their names."""
        return {group.name: group for group in self.configuration.groups}

    def group_of(self, host: FleetHost) -> HostGroup:
        """Return a host's group; the first one where its own is none any more."""
        return self.groups.get(host.group, self.configuration.groups[0])

    def is_outdated(self, host: FleetHost) -> bool:
        """Tell whether a host is of another version than its group is now."""
        if host.group not in self.groups:
            return True
        version = self.groups[host.group].version
        return bool(version and host.version and host.version != version)

    def is_doubtful(self, host: FleetHost) -> bool:
        """Tell whether a host's worker has come to life and is late to say that it still lives."""
        sight = self.workers.get(host.id)
        return sight is not None and has_come(host, sight) and self.now - sight.at > DOUBT_AFTER


@dataclass(frozen=True)
class Plan:
    """What is to be done. `order` and `take_back` count hosts by group; the others name hosts, and why."""

    cordon: Mapping[str, str] = field(default_factory=dict)
    uncordon: Sequence[str] = ()
    order: Mapping[str, int] = field(default_factory=dict)
    take_back: Mapping[str, int] = field(default_factory=dict)
    end: Sequence[tuple[FleetHost, str]] = ()
    exchanged: str = ""
    short: int = 0


def make_plan(situation: Situation) -> Plan:
    """Return what is to be done now."""
    back = _to_uncordon(situation)
    staying = [host.id for host in back]
    active = [*situation.crew.active, *back]
    standing = Counter({name: situation.sight.ordered.get(name, 0) for name in situation.groups})
    standing.update(situation.group_of(host).name for host in active)
    shares = {
        name: GroupShare(group.weight, standing[name] if name in situation.closed else _most(situation, name))
        for name, group in situation.groups.items()
    }
    counts = distribute(situation.wanted, shares, _without_surge(situation, active, standing))
    exchange = _exchange(situation, active, standing, counts)
    if exchange.surge:
        counts[exchange.surge] += 1
    members = [_member(situation, host) for host in active if host.id not in exchange.cordon]
    cordon = dict.fromkeys(first_to_leave(members, counts), SURPLUS)
    room, order = situation.room, {}
    wished = {name: _careful(situation, name, counts[name] - standing[name]) for name in counts}
    for name, count in wished.items():
        order[name] = room.fitting(situation.groups[name], count)
        room = room.without(situation.groups[name], order[name])
    return Plan(
        cordon={**cordon, **exchange.cordon},
        uncordon=staying,
        order={name: count for name, count in order.items() if count},
        take_back={
            name: count
            for name in counts
            if (count := min(situation.sight.ordered.get(name, 0), standing[name] - counts[name])) > 0
        },
        end=_to_end(situation, set(staying)),
        exchanged=exchange.host,
        short=sum(wished.values()) - sum(order.values()),
    )


def _without_surge(
    situation: Situation, active: Sequence[FleetHost], standing: Mapping[str, int]
) -> Mapping[str, int]:
    """Return what each group has, without the one that is there because another is being exchanged."""
    host = next((host for host in active if host.id == situation.state.exchanged), None)
    if host is None or sum(standing.values()) <= situation.wanted:
        return standing
    name = situation.group_of(host).name
    return {**standing, name: standing[name] - 1}


def _careful(situation: Situation, name: str, count: int) -> int:
    """Return how many hosts to order of a group: as many as it takes, or one while its version is broken."""
    group = situation.groups[name]
    # Those that leave or are dead take room in their group until they are gone.
    count = min(count, situation.sight.free.get(name, count))
    if situation.state.broken.get(group.template) != group.version or count <= 0:
        return max(0, count)
    booting = any(situation.group_of(host).name == name for host in situation.crew.booting)
    return 0 if booting or situation.sight.ordered.get(name) else 1


def _most(situation: Situation, name: str) -> int:
    return situation.sight.most.get(name, situation.configuration.maximum)


def _member(situation: Situation, host: FleetHost) -> FleetMember:
    sight = situation.workers.get(host.id)
    return FleetMember(
        host.id,
        situation.group_of(host).name,
        host.launched.timestamp(),
        idle=sight is None or sight.is_idle,
        outdated=situation.is_outdated(host),
        doubtful=situation.is_doubtful(host),
    )


# -- those that stay after all ------------------------------------------------------------------------


def _to_uncordon(situation: Situation) -> list[FleetHost]:
    """Return who is to leave and is needed after all; the last that was told so goes back first."""
    crew, cordoned = situation.crew, situation.state.cordoned
    lacking = situation.wanted - len(crew.active) - sum(situation.sight.ordered.values())
    candidates = [
        host
        for host in crew.leaving
        if cordoned[host.id].why != EXCHANGE and not situation.is_outdated(host) and host.state == "running"
    ]
    candidates.sort(key=lambda host: cordoned[host.id].since, reverse=True)
    return candidates[: max(0, lacking)]


# -- new versions -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Exchange:
    """`host` is to be exchanged; a group may have one more meanwhile (`surge`), or it is cordoned."""

    host: str = ""
    surge: str = ""
    cordon: Mapping[str, str] = field(default_factory=dict)


def _exchange(
    situation: Situation, active: Sequence[FleetHost], standing: Mapping[str, int], counts: Mapping[str, int]
) -> _Exchange:
    """Return how the exchange of hosts of an old version goes on: one by one, the new one first if it may."""
    chosen = situation.state.exchanged
    if any(host.id == chosen for host in situation.crew.leaving):
        return _Exchange(chosen)
    outdated = [host for host in active if situation.is_outdated(host) and not _is_broken(situation, host)]
    host = next((host for host in outdated if host.id == chosen), None)
    group = situation.group_of(host).name if host else ""
    on_their_way = any(situation.sight.ordered.values()) or bool(situation.crew.booting)
    if host and standing[group] > counts[group] and not on_their_way:
        return _Exchange(host.id, cordon={host.id: EXCHANGE})
    if host:
        return _Exchange(host.id, surge=group)
    settled = not on_their_way and not situation.crew.leaving and len(active) == situation.wanted
    if not outdated or not settled or not situation.wanted:
        return _Exchange()
    order = first_to_leave([_member(situation, one) for one in outdated], {})
    host = next(one for one in outdated if one.id == order[0])
    group = situation.group_of(host).name
    fits = (
        situation.wanted < situation.configuration.maximum
        and counts[group] < _most(situation, group)
        and situation.room.fitting(situation.groups[group], 1) == 1
    )
    return _Exchange(host.id, surge=group) if fits else _Exchange(host.id, cordon={host.id: EXCHANGE})


def _is_broken(situation: Situation, host: FleetHost) -> bool:
    """Tell whether the version that a host would be exchanged for has brought none to life."""
    group = situation.group_of(host)
    return situation.state.broken.get(group.template) == group.version


# -- the end ------------------------------------------------------------------------------------------


def _to_end(situation: Situation, staying: set[str]) -> list[tuple[FleetHost, str]]:
    found = [(host, situation.crew.dead[host.id]) for host in situation.crew.dead_hosts]
    for host in situation.crew.leaving:
        if host.id not in staying:
            cordon, sight = situation.state.cordoned[host.id], situation.workers.get(host.id)
            if why := why_it_may_go(cordon, sight, situation.now):
                found.append((host, why))
    return found


def why_it_may_go(cordon: Cordon, sight: WorkerSight | None, now: datetime) -> str:
    """Return why a host that is to leave is waited for no more; empty where it is."""
    waited = now - cordon.since
    if sight is not None and sight.stopped and sight.at >= cordon.since - _SAME_TIME:
        return f"drained; {cordon.why}"
    if waited > LEAVE_LONGEST:
        return f"it has not stopped in {LEAVE_LONGEST.total_seconds() / 3_600:.0f} h; {cordon.why}"
    if waited > LEAVE_PATIENCE and (sight is None or now - sight.at > LEAVE_PATIENCE):
        return f"it was not heard of for {LEAVE_PATIENCE.total_seconds():.0f} s; {cordon.why}"
    if waited > LEAVE_IDLE_PATIENCE and sight is not None and sight.is_idle:
        return f"it has nothing in hand, and does not stop; {cordon.why}"
    return ""


def after(plan: Plan, situation: Situation) -> ScalingState:
    """Return the state in which a plan stands that is about to be carried out."""
    state, there = situation.state, {host.id for host in situation.sight.hosts if not host.is_ending}
    cordoned = {
        host: cordon
        for host, cordon in state.cordoned.items()
        if host in there and host not in plan.uncordon
    }  # fmt: skip
    cordoned |= {host: Cordon(situation.now, why) for host, why in plan.cordon.items()}
    templates = {group.template for group in situation.groups.values()}
    broken = {template: version for template, version in state.broken.items() if template in templates}
    for host in situation.crew.unborn:
        group = situation.group_of(host)
        if group.version and host.version == group.version:
            broken[group.template] = group.version
    for host in situation.crew.running:
        group = situation.group_of(host)
        if host.version == group.version:
            broken.pop(group.template, None)
    return replace(state, cordoned=cordoned, exchanged=plan.exchanged, broken=broken)
