"""The way of one instance through a group: launched, in service, gone."""

from localcloud.scaling_groups import activities, waiting
from localcloud.scaling_groups.activities import Activity
from localcloud.scaling_groups.ec2 import ALIVE, CloudClock, Ec2
from localcloud.scaling_groups.group import (
    HEALTHY,
    LAUNCHING,
    TERMINATING,
    UNHEALTHY,
    GroupMember,
    ScalingGroup,
    Stage,
)

# AWS does not say how long it waits after a launch that failed; it grows with each one.
RETRY_SECONDS, RETRY_MOST_SECONDS = 15.0, 300.0

BY_EC2 = "an EC2 health check indicating it has been terminated or stopped"
BY_USER = "a user health-check"


class MemberLife:
    """Moves instances on."""

    def __init__(self, ec2: Ec2, clock: CloudClock) -> None:
        """Look at instances and terminate them in `ec2`."""
        self._ec2 = ec2
        self._clock = clock
        self._steps = {
            Stage.PENDING: self._while_pending,
            Stage.PENDING_WAIT: self._while_launch_waits,
            Stage.PENDING_PROCEED: self._into_service,
            Stage.IN_SERVICE: self._in_service,
            Stage.TERMINATING: self._end,
            Stage.TERMINATING_WAIT: self._while_end_waits,
            Stage.TERMINATING_PROCEED: self._end,
        }

    def go_on(self, group: ScalingGroup, member: GroupMember) -> None:
        """Move an instance on as far as it can go now."""
        while step := self._steps.get(member.stage):
            before = member.stage
            step(group, member)
            if member.stage is before:
                return

    def note(self, group: ScalingGroup, member: GroupMember | None, description: str, cause: str) -> Activity:
        """Begin an activity of the group."""
        details = {} if member is None else {"Availability Zone": member.zone}
        activity = Activity(group.name, description, cause, self._clock.moment(), details)
        group.activities.insert(0, activity)
        del group.activities[activities.KEPT :]
        return activity

    def take_out(
        self, group: ScalingGroup, member: GroupMember, cause: str, *, with_hooks: bool = True
    ) -> Activity:
        """Begin to terminate an instance, and return the activity."""
        moment = self._clock.moment()
        if member.activity is not None:
            member.activity.cancel(moment)
        member.activity = self.note(group, member, f"Terminating EC2 instance: {member.id}", cause)
        member.waits = []
        group.beyond.discard(member.id)
        if with_hooks and waiting.begin(group, member, TERMINATING, self._clock):
            member.stage = Stage.TERMINATING_WAIT
            member.activity.status = activities.WAITS
        else:
            member.stage = Stage.TERMINATING
        return member.activity

    def launch_failed(self, group: ScalingGroup) -> None:
        """Wait before the next launch, longer each time."""
        pause = min(RETRY_SECONDS * 2**group.failures, RETRY_MOST_SECONDS)
        group.failures += 1
        group.retry_at = self._clock.now() + self._clock.real(pause)

    def _while_pending(self, group: ScalingGroup, member: GroupMember) -> None:
        state = self._ec2.state(group.place, member.id)
        if state == "running":
            if waiting.begin(group, member, LAUNCHING, self._clock):
                member.stage = Stage.PENDING_WAIT
                self._activity(member).status = activities.WAITS
            else:
                self._into_service(group, member)
        elif state != "pending":
            self._fail(group, member, self._died(group, member))

    def _died(self, group: ScalingGroup, member: GroupMember) -> str:
        reason = self._ec2.reason(group.place, member.id)
        return (
            "Instance became unhealthy while waiting for instance to be in InService state. "
            f"Termination Reason: {reason}"
        )

    def _while_launch_waits(self, group: ScalingGroup, member: GroupMember) -> None:
        waiting.let_time_pass(member, self._clock.now())
        if self._ec2.state(group.place, member.id) not in ALIVE:
            self._fail(group, member, self._died(group, member))
        elif wait := waiting.abandoned(member):
            self._fail(group, member, waiting.words_of(wait))
        elif waiting.is_over(member):
            member.stage = Stage.PENDING_PROCEED
            member.waits = []

    def _fail(self, group: ScalingGroup, member: GroupMember, message: str) -> None:
        moment = self._clock.moment()
        self._activity(member).fail(moment, message)
        member.activity = None
        self.launch_failed(group)
        self.take_out(group, member, activities.unhealthy(moment, BY_EC2), with_hooks=False)

    def _into_service(self, group: ScalingGroup, member: GroupMember) -> None:
        member.stage = Stage.IN_SERVICE
        member.in_service_since = self._clock.now()
        group.failures = 0
        self._activity(member).succeed(self._clock.moment())
        member.activity = None

    def _in_service(self, group: ScalingGroup, member: GroupMember) -> None:
        is_off = self._ec2.state(group.place, member.id) not in ALIVE
        if is_off and member.health == HEALTHY and group.allows("HealthCheck"):
            # At once, whatever the grace period:
            # https://docs.aws.amazon.com/autoscaling/ec2/userguide/health-check-grace-period.html
            member.health, member.unhealthy_because, member.spared_until = UNHEALTHY, BY_EC2, 0.0
        if (
            member.health == UNHEALTHY
            and self._clock.now() >= member.spared_until
            and group.allows("ReplaceUnhealthy", "Terminate")
        ):
            group.to_replace += 1
            why = activities.unhealthy(self._clock.moment(), member.unhealthy_because)
            self.take_out(group, member, why)

    def _while_end_waits(self, group: ScalingGroup, member: GroupMember) -> None:
        waiting.let_time_pass(member, self._clock.now())
        if waiting.is_over(member):
            member.stage = Stage.TERMINATING_PROCEED
            member.waits = []
            self._activity(member).status = activities.IN_PROGRESS

    def _end(self, group: ScalingGroup, member: GroupMember) -> None:
        if not member.ended:
            self._ec2.terminate(group.place, member.id)
            member.ended = True
        if self._ec2.state(group.place, member.id) == "terminated":
            self._activity(member).succeed(self._clock.moment())
            group.members.pop(member.id, None)

    def _activity(self, member: GroupMember) -> Activity:
        assert member.activity is not None  # noqa: S101  whoever comes or goes has one
        return member.activity


def moments(group: ScalingGroup) -> list[float]:
    """Return when by the clock something in the group is due, or was."""
    due = [wait.until for one in group.members.values() for wait in one.waits]
    due += [one.spared_until for one in group.in_service() if one.health == UNHEALTHY]
    return [*due, group.retry_at]
