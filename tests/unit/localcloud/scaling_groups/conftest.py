"""Groups whose instances and time are stubs: what counts here is decisions, and hosts take seconds to boot.

`tests/aws/localcloud/hosts/test_scaling_groups.py` has real ones.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localcloud.scaling_groups import wishes
from localcloud.scaling_groups.ec2 import (
    Launch,
    Launched,
    LaunchRefusedError,
    Place,
    Spot,
    TemplateName,
)
from localcloud.scaling_groups.engine import GroupEngine
from localcloud.scaling_groups.group import GroupMember, Hook, ScalingGroup, Stage

HERE = Place("123456789012", "us-east-1")
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")


class StubClock:
    """Time stands still until the test lets it pass."""

    def __init__(self) -> None:
        self.seconds = 5_000.0

    def now(self) -> float:
        return self.seconds

    def moment(self) -> datetime:
        return datetime(2026, 1, 31, 12, tzinfo=UTC) + timedelta(seconds=self.seconds - 5_000)

    def real(self, seconds: float) -> float:
        return seconds


@dataclass
class StubEc2:
    """Instances that are in whatever state the test puts them."""

    states: dict[str, str] = field(default_factory=dict)
    launched: list[Launch] = field(default_factory=list)
    terminated: list[str] = field(default_factory=list)
    full: set[str] = field(default_factory=set)
    """Zones without room."""
    version: int = 1
    ends_at_once: bool = True

    def launch(self, place: Place, wanted: Launch) -> Launched:
        if wanted.spot.zone in self.full:
            raise LaunchRefusedError(f"no room in {wanted.spot.zone}")
        self.launched.append(wanted)
        name = f"i-{len(self.launched)}"
        self.states[name] = "pending"
        return Launched(name, "t3.micro", self.version)

    def state(self, place: Place, instance: str) -> str:
        return self.states[instance]

    def reason(self, place: Place, instance: str) -> str:
        return f"Client.Test: {self.states[instance]}"

    def terminate(self, place: Place, instance: str) -> None:
        self.terminated.append(instance)
        self.states[instance] = "terminated" if self.ends_at_once else "shutting-down"


class Cloud:
    """A cloud with one group, `g`."""

    def __init__(self, **more: Any) -> None:
        self.ec2, self.clock = StubEc2(), StubClock()
        self.engine = GroupEngine(self.ec2, self.clock, {})
        zones = more.pop("zones", ZONES[:2])
        told = {"minimum": 0, "maximum": 6, "desired": 0, **more}
        self.group = ScalingGroup(
            place=HERE,
            name="g",
            arn="arn:g",
            created=self.clock.moment(),
            template=TemplateName("lt-1", "g", None),
            spots=[Spot(zone, f"subnet-{zone[-1]}") for zone in zones],
            **told,
        )
        with self.engine.changing(HERE) as groups:
            wishes.add(self.engine, groups, self.group)

    def turn(self) -> float | None:
        return self.engine.turn()

    def want(self, number: int) -> None:
        """Ask for a capacity, and let the engine see to it."""
        wishes.set_desired(self.engine, self.group, number, honors_cooldown=False)
        self.turn()

    def boot(self) -> None:
        """Let all that is pending run, and the engine see it."""
        for name, state in self.ec2.states.items():
            if state == "pending":
                self.ec2.states[name] = "running"
        self.turn()

    def run(self, number: int) -> None:
        """Ask for a capacity and let it come into service."""
        self.want(number)
        self.boot()

    def becomes(self, instance: str, state: str) -> None:
        """Let an instance be in another state, and the engine see it."""
        self.ec2.states[instance] = state
        self.turn()

    def later(self, seconds: float) -> None:
        """Let time pass, and the engine see it."""
        self.clock.seconds += seconds
        self.turn()

    def hook(self, transition: str, name: str = "hook", seconds: int = 3600, **more: Any) -> None:
        self.group.hooks[name] = Hook(name, transition, seconds, **more)

    def member(self, instance: str) -> GroupMember:
        return self.group.members[instance]

    @property
    def stages(self) -> dict[str, Stage]:
        return {name: member.stage for name, member in self.group.members.items()}

    @property
    def zones(self) -> Counter[str]:
        return Counter(member.zone for member in self.group.counted())

    @property
    def told(self) -> list[tuple[str, str]]:
        """Status and description of the activities, the newest first."""
        return [(one.status, one.description) for one in self.group.activities]


@pytest.fixture
def cloud() -> Cloud:
    """A group of 0 to 6 in two zones."""
    return Cloud()
