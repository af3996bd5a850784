"""What policies and metrics need of Auto Scaling groups, whoever holds them."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class ScalableGroup(Protocol):
    """A group as a policy sees it. Used only within `Groups.changing`."""

    @property
    def arn(self) -> str:
        """Its ARN: a group of the same name that is made later has another."""

    @property
    def bounds(self) -> tuple[int, int]:
        """Its minimum and maximum."""

    @property
    def desired(self) -> int:
        """Its desired capacity."""

    @property
    def warmup(self) -> float:
        """Seconds on AWS's clock that an instance warms up where the policy does not say."""

    @property
    def default_cooldown(self) -> float:
        """Seconds on AWS's clock from one simple scaling to the next where the policy does not say."""

    @property
    def hears_alarms(self) -> bool:
        """Whether the process AlarmNotification is not suspended."""

    @property
    def is_scaling(self) -> bool:
        """Whether a scaling activity is under way."""

    @property
    def cools_down(self) -> bool:
        """Whether a cooldown is under way."""

    def change(self, desired: int, cause: str, cooldown: float | None) -> None:
        """Want `desired` instances from now on; `cause` is a sentence for its activities.

        A cooldown of so many seconds on AWS's clock follows when that is done, none if it is None.
        """


class GroupFigures(Protocol):
    """The figures of a group for CloudWatch."""

    name: str
    metrics: Iterable[str]
    """Which are collected."""
    values: Mapping[str, int]
    """All, by their metrics' names."""


class Groups(Protocol):
    """All groups of the cloud."""

    def changing(self, account: str, region: str) -> AbstractContextManager[Mapping[str, ScalableGroup]]:
        """Hand out the groups of a place, by name, while nothing else changes them."""

    def figures(self) -> Iterable[tuple[str, str, GroupFigures]]:
        """Return account, region and figures of each group whose metrics are collected."""


class NoGroups:
    """A cloud without groups."""

    def changing(self, account: str, region: str) -> AbstractContextManager[Mapping[str, ScalableGroup]]:
        """See `Groups`."""
        return nullcontext({})

    def figures(self) -> Iterable[tuple[str, str, GroupFigures]]:
        """See `Groups`."""
        return ()


class _InUse:
    groups: Groups = NoGroups()


def use(groups: Groups) -> None:
    """Let policies scale these groups from now on."""
    _InUse.groups = groups


def all_groups() -> Groups:
    """Return the groups in use."""
    return _InUse.groups
