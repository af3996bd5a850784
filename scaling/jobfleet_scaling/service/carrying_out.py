"""Plans are carried out: call by call, each only while the lease holds and AWS did not refuse it just now."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from jobfleet_scaling.aws.errors import AWS_ERRORS
from jobfleet_scaling.clock import ScalerClock
from jobfleet_scaling.documents.configuration import HostGroup, ScalingConfiguration
from jobfleet_scaling.documents.scaling_line import ScalingLine
from jobfleet_scaling.fleet.actors import FleetSight
from jobfleet_scaling.fleet.fleets import Fleets
from jobfleet_scaling.fleet.hosts import FleetHost
from jobfleet_scaling.fleet.refusals import LONGEST_SECONDS, Refusals
from jobfleet_scaling.service.lease import LeaderLease
from jobfleet_scaling.service.plan import Plan, Situation

# At most so many hosts are ended in a tick; the others in the next.
ENDS_MAX = 10

# What was ordered and does not come in so long is asked for, and ordered of another group.
ORDER_PATIENCE = timedelta(seconds=120)

DEMAND = "reading the demand"


class Acts:
    """Does what a plan says, and tells of it; `who` stands in the lines."""

    def __init__(
        self,
        who: str,
        clock: ScalerClock,
        lease: LeaderLease,
        fleets: Fleets,
        tell: Callable[[ScalingLine], None],
    ) -> None:
        self._who, self._lease, self._fleets, self._tell = who, lease, fleets, tell
        self._clock = clock
        self._now = clock.now()
        self._refusals = Refusals(clock.monotonic, self._refused)
        self._ordered_since: dict[str, datetime] = {}

    # -- what cannot be done now ---------------------------------------------------------------------

    def unreadable(self, problem: BaseException, now: datetime) -> None:
        """Say that nothing could be decided."""
        self._now = now
        self._refusals.failed(DEMAND, problem)

    def readable(self) -> None:
        """Note that all could be read."""
        self._refusals.passed(DEMAND)

    def closed(self, configuration: ScalingConfiguration, sight: FleetSight, now: datetime) -> frozenset[str]:
        """Return the groups that no hosts can be ordered of now, by name."""
        self._now = now
        for name, why in sight.missing.items():
            self._refusals.refused(_ordering(name), why)
        for group in configuration.groups:
            self._look_for_orders(group, sight.ordered.get(group.name, 0))
        return frozenset(
            group.name
            for group in configuration.groups
            if group.name in sight.missing or not self._refusals.may(_ordering(group.name))
        )

    def _look_for_orders(self, group: HostGroup, count: int) -> None:
        """Ask what is wrong where hosts were ordered long ago and none came."""
        if not count:
            self._ordered_since.pop(group.name, None)
            return
        since = self._ordered_since.setdefault(group.name, self._now)
        if self._now - since < ORDER_PATIENCE or not self._lease.holds():
            return
        self._ordered_since[group.name] = self._now
        if why := self._fleets.why_none_come(group):
            # Capacity that lacks does not come back in seconds.
            self._refusals.refused(_ordering(group.name), why, first=LONGEST_SECONDS)
            self._try(
                f"taking back orders of group {group.name}", partial(self._fleets.take_back, group, count)
            )

    # -- what is done --------------------------------------------------------------------------------

    def carry_out(self, plan: Plan, situation: Situation) -> list[str]:
        """Do what is planned, and return the hosts that were ended.

        What is refused is tried again in later ticks. The leader's own host goes last: while others are
        there, one of them has to be able to lead.
        """
        self._now = situation.now
        for host in plan.uncordon:
            self._say("uncordoned", "it is needed after all", host)
        for host, why in plan.cordon.items():
            self._say("cordoned", why, host)
        for name, count in plan.take_back.items():
            group = situation.groups[name]
            self._try(f"taking back orders of group {name}", partial(self._fleets.take_back, group, count))
        for name, count in plan.order.items():
            group = situation.groups[name]
            if self._try(
                _ordering(name), partial(self._fleets.order, group, count, situation.state.decisions)
            ):
                self._say("launched", f"{count} of group {name}")
        # Those whose end was refused just now hold up no others.
        due = [one for one in plan.end if self._refusals.may(_ending(one[0]))]
        gone: list[str] = []
        for ended, why in sorted(due[:ENDS_MAX], key=lambda one: one[0].id == self._who):
            if ended.id == self._who and not self._may_go(plan, situation, gone):
                continue
            if self._try(_ending(ended), partial(self._fleets.end, ended)):
                self._say("ended", why, ended.id)
                gone.append(ended.id)
        return gone

    def _may_go(self, plan: Plan, situation: Situation, gone: Sequence[str]) -> bool:
        """Tell whether nobody is left who has to be ended, or somebody stays who can do it."""
        left = {host.id for host in situation.sight.hosts if not host.is_ending} - {self._who, *gone}
        heirs = {host.id for host in situation.crew.running if not situation.is_doubtful(host)}
        return not left or bool((heirs & left) - plan.cordon.keys())

    def _try(self, what: str, act: Callable[[], None]) -> bool:
        """Do something if the lease still holds; tell whether it was done."""
        if not self._lease.holds() or not self._refusals.may(what):
            return False
        try:
            act()
        except AWS_ERRORS as problem:
            self._refusals.failed(what, problem)
            return False
        self._refusals.passed(what)
        return True

    def _refused(self, what: str, why: str) -> None:
        self._say("refused", f"{what}: {why}")

    def _say(self, event: str, why: str, host: str = "") -> None:
        self._tell(ScalingLine(self._now, self._who, event, why=why, host=host))


def _ordering(name: str) -> str:
    return f"hosts of group {name}"


def _ending(host: FleetHost) -> str:
    return f"ending {host.id}"
