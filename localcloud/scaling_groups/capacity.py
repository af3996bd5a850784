"""The number of instances: launches what is missing, takes out what is too many."""

from localcloud.scaling_groups import activities, placing
from localcloud.scaling_groups.ec2 import CloudClock, Ec2, Launch, LaunchRefusedError
from localcloud.scaling_groups.group import COMING, GroupMember, ScalingGroup
from localcloud.scaling_groups.lifecycle import MemberLife

GROUP_TAG = "aws:autoscaling:groupName"

_PROTECTED = (
    "Could not scale to desired capacity because all remaining instances are protected from scale-in."
)


class Capacity:
    """Brings a group to its desired capacity."""

    def __init__(self, ec2: Ec2, clock: CloudClock, lifecycle: MemberLife) -> None:
        """Launch in `ec2`; `lifecycle` takes instances out."""
        self._ec2 = ec2
        self._clock = clock
        self._lifecycle = lifecycle

    def bring(self, group: ScalingGroup) -> None:
        """Launch what is missing, or take out what is too many, as far as that can be now."""
        missing = group.desired - len(group.counted())
        if missing > 0:
            self._grow(group, missing)
        else:
            group.to_replace = 0
        if missing < 0:
            self._shrink(group, -missing)
        if group.is_settled():
            self._settle(group)

    def launch_beyond(self, group: ScalingGroup, number: int) -> list[str]:
        """Launch instances beyond the desired capacity, as rebalancing does, and return their ids.

        Others go for them when they are in service; the group may be larger than its maximum until then.
        https://docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html#AutoScalingBehavior.InstanceUsage
        """
        made = []
        for _ in range(number):
            zone = placing.spots_in_turn(group)[0].zone
            member = self._launch(group, activities.balanced(self._clock.moment(), zone))
            if member is None:
                break
            made.append(member.id)
        group.beyond |= set(made)
        return made

    def _grow(self, group: ScalingGroup, missing: int) -> None:
        if not group.allows("Launch") or self._clock.now() < group.retry_at:
            return
        for _ in range(missing):
            moment = self._clock.moment()
            if group.to_replace > 0:
                cause = activities.replaced(moment)
            else:
                grown = activities.grown(moment, len(group.counted()))
                cause = activities.sentences((group.cause, grown))
            if self._launch(group, cause) is None:
                self._lifecycle.launch_failed(group)
                return
            group.to_replace = max(0, group.to_replace - 1)

    def _launch(self, group: ScalingGroup, cause: str) -> GroupMember | None:
        """Launch one instance in the first zone that takes it, and return it; None where none does."""
        tags = {key: value for key, (value, at_launch) in group.tags.items() if at_launch}
        for spot in placing.spots_in_turn(group):
            activity = self._lifecycle.note(group, None, "Launching a new EC2 instance", cause)
            activity.details = {"Subnet ID": spot.subnet} if spot.subnet else {}
            activity.details["Availability Zone"] = spot.zone
            wanted = Launch(group.name, group.template, spot, {**tags, GROUP_TAG: group.name})
            try:
                new = self._ec2.launch(group.place, wanted)
            except LaunchRefusedError as error:
                activity.description += f".  Status Reason: {error}"
                activity.fail(self._clock.moment(), f"{error}  Launching EC2 instance failed.")
                continue
            activity.description += f": {new.id}"
            template = group.template._replace(version=str(new.version))
            now = self._clock.now()
            member = GroupMember(
                new.id, new.kind, spot.zone, template, now, group.protects_new, activity=activity
            )
            group.members[new.id] = member
            return member
        return None

    def _shrink(self, group: ScalingGroup, number: int) -> None:
        if not group.allows("Terminate"):
            return
        coming = any(member.stage in COMING for member in group.counted())
        if coming and group.beyond:
            return  # rebalancing launches before it terminates
        chosen = placing.victims(group, number, self._clock.now(), self._clock.real(3600))
        for member in chosen:
            shrunk = activities.shrunk(self._clock.moment(), len(group.counted()), member.id)
            self._lifecycle.take_out(group, member, activities.sentences((group.cause, shrunk)))
        too_many = (group.desired, len(group.counted()))
        if len(chosen) < number and not coming and group.told_of_protection != too_many:
            group.told_of_protection = too_many
            failed = self._lifecycle.note(group, None, "Terminating EC2 instance", group.cause)
            failed.fail(self._clock.moment(), _PROTECTED)

    def _settle(self, group: ScalingGroup) -> None:
        """Let the cooldown begin: the last instance has come or gone.

        https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scaling-cooldowns.html
        """
        group.cause, group.told_of_protection = "", None
        group.beyond.clear()
        if group.scales_with_cooldown is not None:
            group.cools_until = self._clock.now() + self._clock.real(group.scales_with_cooldown)
            group.scales_with_cooldown = None
