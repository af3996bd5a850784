"""One group: what it is told to be, the instances that it has, and how it refuses what cannot be."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from localcloud.scaling_groups.activities import Activity
from localcloud.scaling_groups.ec2 import Place, Spot, TemplateName

LAUNCHING, TERMINATING = "autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING"
CONTINUE, ABANDON = "CONTINUE", "ABANDON"
HEALTHY, UNHEALTHY = "Healthy", "Unhealthy"

# https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SuspendProcesses.html
PROCESSES = (
    "Launch",
    "Terminate",
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "ReplaceUnhealthy",
    "ScheduledActions",
)


class Stage(StrEnum):
    """Where an instance is in its life in a group, as AWS names it."""

    PENDING = "Pending"
    PENDING_WAIT = "Pending:Wait"
    PENDING_PROCEED = "Pending:Proceed"
    IN_SERVICE = "InService"
    STANDBY = "Standby"
    TERMINATING = "Terminating"
    TERMINATING_WAIT = "Terminating:Wait"
    TERMINATING_PROCEED = "Terminating:Proceed"


COMING = (Stage.PENDING, Stage.PENDING_WAIT, Stage.PENDING_PROCEED)
GOING = (Stage.TERMINATING, Stage.TERMINATING_WAIT, Stage.TERMINATING_PROCEED)


@dataclass(frozen=True)
class Hook:
    """A lifecycle hook; see PutLifecycleHook."""

    name: str
    transition: str
    timeout: int = 3600
    """Seconds of its heartbeat."""
    default_result: str = ABANDON
    notes: dict[str, str] = field(default_factory=dict)
    """NotificationTargetARN, RoleARN and NotificationMetadata as they were given. Nobody is notified."""

    @property
    def most(self) -> int:
        """How many seconds an instance can wait at most, however often its heartbeat is recorded."""
        return min(48 * 3600, 100 * self.timeout)


@dataclass
class Wait:
    """An instance waits for a hook's action. Times are the clock's."""

    hook: Hook
    token: str
    until: float
    at_most: float
    result: str | None = None
    timed_out: bool = False


@dataclass
class GroupMember:
    """An instance of a group. Times are the clock's."""

    id: str
    kind: str
    zone: str
    template: TemplateName
    """With the number of the version that it came from."""
    since: float
    protected: bool
    stage: Stage = Stage.PENDING
    health: str = HEALTHY
    unhealthy_because: str = ""
    spared_until: float = 0.0
    """When one that was called unhealthy may be replaced."""
    in_service_since: float | None = None
    waits: list[Wait] = field(default_factory=list)
    activity: Activity | None = None
    """What is under way with it."""
    ended: bool = False
    """Whether EC2 was told to terminate it."""

    @property
    def counts(self) -> bool:
        """Whether it is part of the group's capacity."""
        return self.stage in COMING or self.stage is Stage.IN_SERVICE

    @property
    def target(self) -> str:
        """What it is on its way to, as the instance's metadata says.

        https://docs.aws.amazon.com/autoscaling/ec2/userguide/retrieving-target-lifecycle-state-through-imds.html
        """
        if self.stage in GOING:
            return "Terminated"
        return "Standby" if self.stage is Stage.STANDBY else "InService"


@dataclass
class ScalingGroup:
    """An Auto Scaling group."""

    place: Place
    name: str
    arn: str
    created: datetime
    minimum: int
    maximum: int
    desired: int
    template: TemplateName
    spots: list[Spot]
    cooldown: int = 300
    """Seconds."""
    grace: int = 0
    """Seconds that an instance in service is not replaced though it is called unhealthy."""
    termination_policies: list[str] = field(default_factory=lambda: ["Default"])
    protects_new: bool = False
    tags: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """The value, and whether instances get it when they are launched."""
    more: dict[str, Any] = field(default_factory=dict)
    """What is told again as it was given."""
    suspended: dict[str, str] = field(default_factory=dict)
    """Processes, with the reason."""
    metrics: list[str] = field(default_factory=list)
    hooks: dict[str, Hook] = field(default_factory=dict)
    members: dict[str, GroupMember] = field(default_factory=dict)
    activities: list[Activity] = field(default_factory=list)
    being_deleted: bool = False

    cause: str = ""
    """What last changed the desired capacity, as a sentence."""
    to_replace: int = 0
    """How many instances were taken out because they were unhealthy and have no successor yet."""
    beyond: set[str] = field(default_factory=set)
    """Instances that rebalancing launched beyond the desired capacity."""
    failures: int = 0
    """How many launches failed one after the other."""
    retry_at: float = 0.0
    told_of_protection: tuple[int, int] | None = None
    """With which desired and actual capacity it was said already that nobody may be taken."""
    scales_with_cooldown: float | None = None
    """Seconds of cooldown that follow the scaling under way; None while none is."""
    cools_until: float = 0.0

    def allows(self, *processes: str) -> bool:
        """Tell whether none of these processes is suspended."""
        return not any(process in self.suspended for process in processes)

    def counted(self) -> list[GroupMember]:
        """Return the instances that make up the capacity."""
        return [member for member in self.members.values() if member.counts]

    def in_service(self) -> list[GroupMember]:
        """Return the instances in service."""
        return [member for member in self.members.values() if member.stage is Stage.IN_SERVICE]

    def is_settled(self) -> bool:
        """Tell whether nothing comes, goes or is missing."""
        moving = any(one.stage in (*COMING, *GOING) for one in self.members.values())
        return not moving and len(self.counted()) == self.desired


Groups = dict[Place, dict[str, ScalingGroup]]
"""Groups by their names, of each place."""

# Those of this cloud. Only the engine changes them.
all_groups: Groups = {}


class GroupError(Exception):
    """A request is refused: AWS's code, and its words.

    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/CommonErrors.html
    """

    def __init__(self, code: str, message: str) -> None:
        """Keep `code` beside the message."""
        super().__init__(message)
        self.code = code


def invalid(message: str) -> GroupError:
    """Return the error for what cannot be so."""
    return GroupError("ValidationError", message)


def in_progress(message: str) -> GroupError:
    """Return the error for what has to wait for a scaling activity."""
    return GroupError("ScalingActivityInProgress", message)


def no_group(name: str) -> GroupError:
    """Return the error where there is no such group."""
    return invalid(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
