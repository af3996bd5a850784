"""The groups as scaling policies and metrics see them."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from localcloud.gaps.autoscaling.running import engine
from localcloud.scaling_groups import wishes
from localcloud.scaling_groups.ec2 import Place
from localcloud.scaling_groups.group import COMING, GOING, ScalingGroup, Stage


class GroupForPolicies:
    """One group, while `GroupsForPolicies.changing` holds it."""

    def __init__(self, group: ScalingGroup) -> None:
        """Show `group`."""
        self._group = group

    @property
    def arn(self) -> str:
        """Its ARN."""
        return self._group.arn

    @property
    def bounds(self) -> tuple[int, int]:
        """Its minimum and maximum."""
        return self._group.minimum, self._group.maximum

    @property
    def desired(self) -> int:
        """Its desired capacity."""
        return self._group.desired

    @property
    def warmup(self) -> float:
        """Seconds on AWS that an instance warms up where policies do not say; the cooldown, unless told."""
        return float(self._group.more.get("DefaultInstanceWarmup", self._group.cooldown))

    @property
    def default_cooldown(self) -> float:
        """Seconds on AWS's clock."""
        return float(self._group.cooldown)

    @property
    def hears_alarms(self) -> bool:
        """Whether alarms may execute policies."""
        return self._group.allows("AlarmNotification")

    @property
    def is_scaling(self) -> bool:
        """Whether instances come, go or are missing."""
        return not self._group.is_settled()

    @property
    def cools_down(self) -> bool:
        """Whether the last scaling was a moment ago."""
        return wishes.is_cooling(engine, self._group)

    def change(self, desired: int, cause: str, cooldown: float | None) -> None:
        """Want so many from now on; see `wishes.want`."""
        wishes.want(self._group, desired, cause, cooldown)


@dataclass
class Figures:
    """What CloudWatch may be told of a group.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-metrics.html
    """

    name: str
    metrics: Iterable[str]
    """Which of them are collected."""
    values: Mapping[str, int]


class GroupsForPolicies:
    """All groups of the cloud."""

    @contextmanager
    def changing(self, account: str, region: str) -> Iterator[Mapping[str, GroupForPolicies]]:
        """Hand out the groups of a place, by name, while nothing else changes them."""
        with engine.changing(Place(account, region)) as groups:
            yield {name: GroupForPolicies(group) for name, group in groups.items() if not group.being_deleted}

    def figures(self) -> list[tuple[str, str, Figures]]:
        """Return account, region and figures of each group whose metrics are collected."""
        return [
            (*group.place, Figures(group.name, list(group.metrics), _values(group)))
            for group in engine.everything()
            if group.metrics
        ]


def _values(group: ScalingGroup) -> dict[str, int]:
    stages = [member.stage for member in list(group.members.values())]
    counts = {
        "InService": stages.count(Stage.IN_SERVICE),
        "Pending": sum(stage in COMING for stage in stages),
        "Standby": stages.count(Stage.STANDBY),
        "Terminating": sum(stage in GOING for stage in stages),
        "Total": len(stages),
    }
    # Without weights an instance is one unit of capacity.
    instances = {f"Group{name}Instances": count for name, count in counts.items()}
    capacity = {f"Group{name}Capacity": count for name, count in counts.items()}
    bounds = {
        "GroupMinSize": group.minimum,
        "GroupMaxSize": group.maximum,
        "GroupDesiredCapacity": group.desired,
    }
    return bounds | instances | capacity
