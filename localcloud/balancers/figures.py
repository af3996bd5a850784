"""What CloudWatch is told of load balancers: the figures of each minute, by their dimensions.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from localcloud.balancers.haproxy.requests_log import ServedRequest
from localcloud.balancers.health import HEALTHY, UNHEALTHY, Health
from localcloud.balancers.model import Balancer, TargetGroup, TargetName

_UNITS = {"TargetResponseTime": "Seconds", "ProcessedBytes": "Bytes"}
# So exactly are response times known for percentiles.
_DIGITS = 3
# These are told of by target group, too; the others of the balancer as a whole and by zone.
_OF_GROUPS = (
    "RequestCount",
    "TargetResponseTime",
    "TargetConnectionErrorCount",
    "HTTPCode_Target_",
)
# By target group alone.
_OF_GROUPS_ONLY = ("RequestCountPerTarget", "HealthyHostCount", "UnHealthyHostCount")
# Codes that are told of each by itself.
_SINGLE_CODES = (500, 502, 503, 504)

Dimensions = frozenset[tuple[str, str]]


class FigureName(NamedTuple):
    """A metric of `AWS/ApplicationELB`."""

    metric: str
    dimensions: Dimensions

    @property
    def unit(self) -> str:
        """What it is counted in."""
        return _UNITS.get(self.metric, "Count")


@dataclass
class Figure:
    """The values of a metric in a minute."""

    count: float = 0
    total: float = 0
    least: float = float("inf")
    most: float = float("-inf")
    spread: Counter[float] = field(default_factory=Counter)

    def add(self, value: float) -> None:
        """Count one more value."""
        self.count += 1
        self.total += value
        self.least, self.most = min(self.least, value), max(self.most, value)
        self.spread[float(f"{value:.{_DIGITS}g}")] += 1


Figures = dict[FigureName, Figure]


def of_requests(
    requests: Iterable[ServedRequest], zones: Mapping[str, str], targets: Mapping[str, int]
) -> Figures:
    """Return the figures of the requests of a minute.

    `zones` tells where instances are, `targets` how many of them a group has.
    """
    found: Figures = {}
    for one in requests:
        for metric, value in _values(one, targets):
            zone = zones.get(one.instance or "")
            for dimensions in _dimensions(metric, one.balancer, one.group, zone):
                found.setdefault(FigureName(metric, dimensions), Figure()).add(value)
    return found


def _values(one: ServedRequest, targets: Mapping[str, int]) -> Iterator[tuple[str, float]]:
    yield "ProcessedBytes", one.size
    if one.opens:
        yield "NewConnectionCount", 1
    if one.kind:
        yield {"fixed": "HTTP_Fixed_Response_Count", "redirect": "HTTP_Redirect_Count"}[one.kind], 1
    if one.instance is not None:
        # "Only incremented for requests where the load balancer node was able to choose a target".
        yield "RequestCount", 1
        yield "RequestCountPerTarget", 1 / max(1, targets.get(one.group or "", 1))
    if one.refused:
        yield "TargetConnectionErrorCount", 1
    if one.took is not None:
        yield "TargetResponseTime", one.took
        yield f"HTTPCode_Target_{one.status // 100}XX_Count", 1
    elif one.status >= 300:
        yield f"HTTPCode_ELB_{one.status // 100}XX_Count", 1
        if one.status in _SINGLE_CODES:
            yield f"HTTPCode_ELB_{one.status}_Count", 1


def _dimensions(metric: str, balancer: str, group: str | None, zone: str | None) -> Iterator[Dimensions]:
    """Yield the sets of dimensions that a metric is told by."""
    own = ("LoadBalancer", balancer)
    zoned = [("AvailabilityZone", zone)] if zone is not None else []
    if metric not in _OF_GROUPS_ONLY:
        yield frozenset([own])
        yield from (frozenset([own, one]) for one in zoned)
    if group is not None and metric.startswith((*_OF_GROUPS, *_OF_GROUPS_ONLY)):
        of_group = ("TargetGroup", group)
        yield frozenset([own, of_group])
        yield from (frozenset([own, of_group, one]) for one in zoned)


def of_hosts(balancer: Balancer, group: TargetGroup, health: Mapping[TargetName, Health | None]) -> Figures:
    """Return how many targets of a group are well at a moment, and how many are not."""
    counts: Counter[tuple[str, Dimensions]] = Counter()
    name = group.arn.rpartition(":")[2]
    for target in group.targets:
        state = health.get(target.name)
        for metric, wanted in (("HealthyHostCount", HEALTHY), ("UnHealthyHostCount", UNHEALTHY)):
            if target.address is not None and not target.draining:
                for dimensions in _dimensions(metric, balancer.name, name, target.zone):
                    counts[metric, dimensions] += int(state is not None and state.state == wanted)
    found: Figures = {}
    for (metric, dimensions), count in counts.items():
        found.setdefault(FigureName(metric, dimensions), Figure()).add(count)
    return found
