"""What load balancers are to do, as plain values. Seconds are on AWS's clock, except for timeouts."""

from dataclasses import dataclass, field
from typing import NamedTuple


class TargetName(NamedTuple):
    """What a target is known by in its group: an instance may be in it with several ports."""

    id: str
    port: int


@dataclass(frozen=True)
class Target:
    """Where requests can go."""

    name: TargetName
    address: str | None
    """None while it can take none: its instance does not run, or its zone is not enabled."""
    zone: str
    draining: bool = False
    """It gets no new requests; those that it has may end."""


@dataclass(frozen=True)
class Check:
    """How a target is asked whether it is well."""

    port: int | None
    """None for the port of the target itself."""
    path: str
    interval: float
    timeout: float
    healthy: int
    """So many good answers in a row make an unhealthy target healthy."""
    unhealthy: int
    """So many bad ones make it unhealthy."""
    codes: str
    """The statuses that are good, such as `200` or `200-299,301`."""


@dataclass(frozen=True)
class TargetGroup:
    """A target group that a balancer uses."""

    arn: str
    check: Check
    targets: tuple[Target, ...]
    sticky: int | None = None
    """Seconds for which a client comes to the same target; None where it does not."""
    least_outstanding: bool = False
    """Whether the target with the fewest requests gets the next; else they take turns."""


@dataclass(frozen=True)
class Condition:
    """What a rule wants of a request: one of the values. `name` is a header's, for `http-header`."""

    field: str
    values: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True)
class FixedAnswer:
    """An answer by the balancer itself."""

    status: int
    content_type: str
    body: str


@dataclass(frozen=True)
class Redirect:
    """An answer that sends the client elsewhere; the parts may hold `#{host}` and the like."""

    status: int
    protocol: str
    host: str
    port: str
    path: str
    query: str


@dataclass(frozen=True)
class Forward:
    """Groups with their weights; with `sticky` seconds a client stays with its group."""

    groups: tuple[tuple[str, int], ...]
    sticky: int | None = None


Action = FixedAnswer | Redirect | Forward


@dataclass(frozen=True)
class ListenerRule:
    """An action for the requests that meet all conditions."""

    conditions: tuple[Condition, ...]
    action: Action


@dataclass(frozen=True)
class Listener:
    """A port with its rules in order; the last one has no conditions."""

    port: int
    rules: tuple[ListenerRule, ...]
    certificates: tuple[str, ...] = field(default=(), repr=False)
    """Chains with their keys, in PEM; the first is the default one. None of them where it speaks HTTP."""


@dataclass(frozen=True)
class Balancer:
    """An Application Load Balancer."""

    arn: str
    address: str
    listeners: tuple[Listener, ...]
    groups: tuple[TargetGroup, ...]
    idle_timeout: int = 60
    forwarded_for: str = "append"
    """What becomes of `X-Forwarded-For`: `append`, `preserve` or `remove`."""

    @property
    def name(self) -> str:
        """What CloudWatch calls it: `app/NAME/ID`."""
        return self.arn.partition(":loadbalancer/")[2]
