"""What a group did, and why, in the words that AWS uses for it.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-verify-scaling-activity.html
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

# AWS keeps six weeks; a cloud that lives for days must not grow without end.
KEPT = 1_000

IN_PROGRESS, WAITS = "InProgress", "MidLifecycleAction"
SUCCESSFUL, FAILED, CANCELLED = "Successful", "Failed", "Cancelled"


@dataclass
class Activity:
    """One launch or termination."""

    group: str
    description: str
    cause: str
    start: datetime
    details: dict[str, str]
    status: str = IN_PROGRESS
    message: str = ""
    end: datetime | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def progress(self) -> int:
        """Percent of it that is done, as far as AWS says."""
        return {IN_PROGRESS: 50, WAITS: 60}.get(self.status, 100)

    def succeed(self, moment: datetime) -> None:
        """End well."""
        self.status, self.end = SUCCESSFUL, moment

    def cancel(self, moment: datetime) -> None:
        """End before it was done, because something else was wanted meanwhile."""
        self.status, self.end = CANCELLED, moment

    def fail(self, moment: datetime, message: str) -> None:
        """End without success, because of `message`."""
        self.status, self.end, self.message = FAILED, moment, message


def stamp(moment: datetime) -> str:
    """Return a moment as it stands in causes."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def sentences(parts: Iterable[str]) -> str:
    """Return the sentences of a cause as one text."""
    return "  ".join(filter(None, parts))


def asked_by_user(moment: datetime, before: int, after: int) -> str:
    """Return the cause where SetDesiredCapacity asked for it."""
    return (
        f"At {stamp(moment)} a user request explicitly set group desired capacity changing the desired "
        f"capacity from {before} to {after}."
    )


def created(moment: datetime, desired: int) -> str:
    """Return the cause where a group is new."""
    return (
        f"At {stamp(moment)} a user request created an AutoScalingGroup changing the desired capacity from 0 "
        f"to {desired}."
    )


def updated(moment: datetime, bounds: tuple[int, int], before: int, after: int) -> str:
    """Return the cause where UpdateAutoScalingGroup changed the bounds, or the capacity itself."""
    words = f"min: {bounds[0]}, max: {bounds[1]}, desired: {after}"
    return (
        f"At {stamp(moment)} a user request update of AutoScalingGroup constraints to {words} changing the "
        f"desired capacity from {before} to {after}."
    )


def grown(moment: datetime, before: int) -> str:
    """Return why an instance is launched that is missing."""
    return (
        f"At {stamp(moment)} an instance was started in response to a difference between desired and actual "
        f"capacity, increasing the capacity from {before} to {before + 1}."
    )


def replaced(moment: datetime) -> str:
    """Return why an instance is launched in the place of an unhealthy one."""
    return (
        f"At {stamp(moment)} an instance was launched in response to an unhealthy instance needing to be "
        "replaced."
    )


def balanced(moment: datetime, zone: str) -> str:
    """Return why rebalancing launches an instance."""
    return (
        f"At {stamp(moment)} instances were launched to balance instances in zones {zone} with other zones "
        "resulting in more than desired number of instances in the group."
    )


def shrunk(moment: datetime, before: int, instance: str) -> str:
    """Return why an instance is terminated that is too many."""
    when = stamp(moment)
    return (
        f"At {when} an instance was taken out of service in response to a difference between desired and "
        f"actual capacity, shrinking the capacity from {before} to {before - 1}.  At {when} instance "
        f"{instance} was selected for termination."
    )


def taken_out(moment: datetime, instance: str, why: str) -> str:
    """Return why one certain instance is taken out of the group."""
    return f"At {stamp(moment)} instance {instance} was taken out of service in response to {why}."


def unhealthy(moment: datetime, why: str) -> str:
    """Return why an unhealthy instance is terminated."""
    return f"At {stamp(moment)} an instance was taken out of service in response to {why}."
