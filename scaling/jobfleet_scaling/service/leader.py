"""The tick of the scaler that holds the lease: look, decide, write down what is decided, then do it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from jobfleet_scaling.aws.errors import AWS_ERRORS
from jobfleet_scaling.clock import ScalerClock
from jobfleet_scaling.demand.reader import DemandReader, Look
from jobfleet_scaling.demand.work_rates import Rates
from jobfleet_scaling.demand.workers import jobs_done
from jobfleet_scaling.documents.configuration import ScalingConfiguration
from jobfleet_scaling.documents.scaling_line import ScalingLine
from jobfleet_scaling.documents.state import ScalingState
from jobfleet_scaling.fleet.actors import FleetSight
from jobfleet_scaling.fleet.fleets import Fleets
from jobfleet_scaling.fleet.lab_cap import LabRoom
from jobfleet_scaling.policy.figures import Bounds, ScalingDecision, Standing
from jobfleet_scaling.policy.need import NeedPolicy
from jobfleet_scaling.service.carrying_out import Acts
from jobfleet_scaling.service.conditions import Conditions, Crew
from jobfleet_scaling.service.lease import LeaderLease, StateRead, StateStore
from jobfleet_scaling.service.plan import Plan, Situation, after, make_plan

# A leader whose host was launched longer ago began to lead for another reason than that it was the first.
OWN_BOOT_LONGEST = timedelta(seconds=300)

# Where not all workers could be listed, no host is taken for one whose worker never came.
BOOTS_FOR_EVER = 1e9


@dataclass(frozen=True)
class LeaderParts:
    """What the leader works with (`jobfleet_scaling.wiring` puts it together)."""

    store: StateStore
    lease: LeaderLease
    demand: DemandReader
    fleets: Fleets
    acts: Acts
    tell: Callable[[ScalingLine], None]


@dataclass(frozen=True)
class _Came:
    host: str
    seconds: float


class Leader:
    """Decides and acts, one tick at a time, as long as the lease is `who`'s."""

    def __init__(self, who: str, clock: ScalerClock, parts: LeaderParts) -> None:
        self._who, self._clock, self._parts = who, clock, parts
        self._conditions = Conditions(clock.monotonic)
        self._booting: dict[str, datetime] | None = None
        self._policy: NeedPolicy | None = None
        self._is_ended = False

    def tick(self, configuration: ScalingConfiguration, read: StateRead) -> StateRead:
        """Do one round; return the state as it is then. Raises `Overtaken`, and AWS's errors of the state.

        If the queue, the heartbeats or the hosts cannot be read, the lease is renewed and nothing is decided.
        """
        parts, lease = self._parts, self._parts.lease
        if self._is_ended or not lease.may_take(read):
            lease.drop()
            return read
        begun = lease.begin()
        is_new = read.state.holder != self._who
        if is_new:
            # What another one decided in between, it told in the state; whom it saw boot or ail, it did not.
            self._policy, self._booting = None, None
            self._conditions = Conditions(self._clock.monotonic)
        state = replace(read.state.held_by(self._who, read.now), decisions=read.state.decisions + 1)
        try:
            decided = self._decide(configuration, replace(read, state=state))
        except AWS_ERRORS as problem:
            parts.acts.unreadable(problem, read.now)
            written = parts.store.write(state, read)
            lease.taken(begun)
            return written
        parts.acts.readable()
        situation, plan, line, state = decided
        came = self._came(situation)
        state = replace(state, came_in=came[-1].seconds) if came else state
        written = parts.store.write(state, read)
        lease.taken(begun)
        if is_new:
            parts.tell(ScalingLine(read.now, self._who, "took-over", why=_whose(read)))
        parts.tell(line)
        for one in came:
            took = f"{one.seconds:.0f} s after its launch"
            parts.tell(ScalingLine(situation.now, self._who, "alive", why=took, host=one.host))
        if self._who in parts.acts.carry_out(plan, situation):
            # Whoever is woken next need not wait for the end of a lease that nobody holds.
            self._is_ended = True
            return self.release(written)
        return written

    def release(self, read: StateRead) -> StateRead:
        """Let others have the lease at once, if it is this scaler's; return the state as it is then.

        Raises `Overtaken`, and AWS's errors.
        """
        self._parts.lease.drop()
        if read.state.holder != self._who:
            return read
        return self._parts.store.write(replace(read.state, holder="", expires=None), read)

    # -- what is decided ----------------------------------------------------------------------------

    def _decide(
        self, configuration: ScalingConfiguration, read: StateRead
    ) -> tuple[Situation, Plan, ScalingLine, ScalingState]:
        state, fleets = read.state, self._parts.fleets
        look = self._parts.demand.look(read.now, Rates(state.service_seconds, state.slots))
        sight = fleets.look(configuration)
        hosts = fleets.with_health(sight.hosts)
        boot = configuration.tuning.boot if look.whole else BOOTS_FOR_EVER
        crew = self._conditions.sort(hosts, look.workers, state.cordoned, read.now, boot)
        decision, state = self._by_policy(configuration, state, look, sight, crew)
        have = len(crew.active) + sum(sight.ordered.values())
        situation = Situation(
            configuration, state, replace(sight, hosts=hosts), crew, look.workers, read.now, decision.wanted,
            closed=self._parts.acts.closed(configuration, sight, read.now),
        )  # fmt: skip
        outdated = any(situation.is_outdated(host) for host in crew.active)
        if decision.wanted > have or outdated:
            situation = replace(situation, room=fleets.room(configuration, sight.ordered))
        plan = make_plan(situation)
        why, wanted = decision.why, decision.wanted
        if plan.short:
            wanted = max(have, wanted - plan.short)
            why += f"; the lab has room for {sum(plan.order.values())} more"
        done, counted = jobs_done(
            [one.heartbeat for one in look.workers.values() if one.heartbeat],
            {worker: count for worker, count in state.counted.items() if worker in look.workers},
        )
        state = replace(after(plan, situation), wanted=wanted, counted=counted)
        line = ScalingLine(
            read.now, self._who, "decided", why=why, visible=look.counts.visible,
            in_flight=look.counts.in_flight, done=done, service_seconds=round(state.service_seconds, 6),
            slots=round(state.slots, 3), need=round(decision.need, 3), wanted=wanted,
            running=len(crew.running), booting=len(crew.booting) + sum(sight.ordered.values()),
            leaving=len(crew.leaving) + len(crew.ending), most=_most(situation.room, configuration, have),
        )  # fmt: skip
        return situation, plan, line, state

    def _by_policy(
        self,
        configuration: ScalingConfiguration,
        state: ScalingState,
        look: Look,
        sight: FleetSight,
        crew: Crew,
    ) -> tuple[ScalingDecision, ScalingState]:
        policy = self._policy
        if policy is None or policy.tuning != configuration.tuning:
            policy = self._policy = NeedPolicy(
                configuration.tuning, [(at.timestamp(), need) for at, need in state.needs]
            )
        ordered = sum(sight.ordered.values())
        standing = Standing(len(crew.running), len(crew.booting) + ordered, len(crew.leaving))
        bounds = Bounds(configuration.minimum, configuration.maximum)
        decision = policy.decide(look.demand, standing, bounds)
        needs = tuple((datetime.fromtimestamp(at, UTC), need) for at, need in policy.samples())
        rates = look.rates
        return decision, replace(state, needs=needs, service_seconds=rates.service_seconds, slots=rates.slots)

    def _came(self, situation: Situation) -> "list[_Came]":
        """Return the hosts that came to life, each with how long it took.

        Of those that this leader saw on their way up, and of its own host if nobody was there to see it.
        """
        running = {host.id: host for host in situation.crew.running}
        if self._booting is None:
            own = running.get(self._who)
            is_new = own is not None and situation.now - own.launched < OWN_BOOT_LONGEST
            self._booting = {self._who: running[self._who].launched} if is_new else {}
        came = []
        for host, launched in self._booting.items():
            if host in running:
                heartbeat = situation.workers[host].heartbeat
                at = (heartbeat and heartbeat.started) or situation.workers[host].at
                came.append(_Came(host, max(0.0, (at - launched).total_seconds())))
        self._booting = {host.id: host.launched for host in situation.crew.booting}
        return came


def _whose(read: StateRead) -> str:
    if not read.state.holder:
        return "nobody held the lease"
    return f"{read.state.holder} has not renewed its lease for {read.age:.0f} s"


def _most(room: LabRoom, configuration: ScalingConfiguration, have: int) -> int:
    """Return how many hosts there may be, as far as that was looked at."""
    if room.instances is None:
        return configuration.maximum
    return min(configuration.maximum, have + max(0, room.instances))
