"""What a group needs of the world: instances, and the time."""

from datetime import datetime
from typing import NamedTuple, Protocol

# The states of EC2 in which an instance is, or comes to be, of use.
ALIVE = ("pending", "running")


class Place(NamedTuple):
    """An account and a region: where a group is."""

    account: str
    region: str


class Spot(NamedTuple):
    """Where a group may launch: an availability zone, and a subnet in it if the group names any."""

    zone: str
    subnet: str | None


class TemplateName(NamedTuple):
    """A launch template as a group names it; `version` may be a number, `$Latest`, `$Default` or not said."""

    id: str
    name: str
    version: str | None


class Launch(NamedTuple):
    """What a group wants to be launched."""

    group: str
    template: TemplateName
    spot: Spot
    tags: dict[str, str]


class Launched(NamedTuple):
    """A new instance."""

    id: str
    kind: str
    """Its instance type."""
    version: int
    """The version of the launch template that it came from."""


class LaunchRefusedError(Exception):
    """EC2 launched nothing; the message is its own."""


class Ec2(Protocol):
    """Where instances come from. Called by one thread at a time."""

    def launch(self, place: Place, wanted: Launch) -> Launched:
        """Launch one instance. Raises `LaunchRefusedError`."""

    def state(self, place: Place, instance: str) -> str:
        """Return an instance's state as EC2 names it; `terminated` if it is not there any more."""

    def reason(self, place: Place, instance: str) -> str:
        """Return EC2's words on why an instance is in its state."""

    def terminate(self, place: Place, instance: str) -> None:
        """Terminate an instance; one that is terminated already is left alone."""


class CloudClock(Protocol):
    """The time."""

    def now(self) -> float:
        """Return seconds since some moment, which never go back."""

    def moment(self) -> datetime:
        """Return the time of day, UTC."""

    def real(self, seconds: float) -> float:
        """Return how many seconds of `now` pass while `seconds` pass on AWS."""
