"""The metrics of load balancers (`AWS/ApplicationELB`), from what their HAProxy told of each request."""

from moto.cloudwatch.models import cloudwatch_backends

from localcloud.balancers.figures import Figures, of_hosts, of_requests
from localcloud.balancers.haproxy.requests_log import ServedRequest
from localcloud.balancers.model import Balancer
from localcloud.gaps.cloudwatch.clock import DELAY_SECONDS, MINUTE
from localcloud.gaps.cloudwatch.records import store_of
from localcloud.gaps.elbv2.running import engine
from localcloud.gaps.timing import seconds_on_aws
from localcloud.lateness.register import late
from localcloud.metrics.series import MetricStore, Point, Statistics, metric

NAMESPACE = "AWS/ApplicationELB"


class _Known:
    """What has to be kept from minute to minute. For use by the one thread that publishes."""

    def __init__(self) -> None:
        self.waiting: list[ServedRequest] = []
        """Requests of minutes that are not over."""
        self.balancers: dict[str, Balancer] = {}
        """All that there ever were, by the names of their dimensions: requests are told of when they end."""
        self.zones: dict[str, str] = {}
        self.since: dict[str, float] = {}


_known = _Known()


def publish_balancers(end: float) -> None:
    """Publish the figures of all balancers up to `end`, on AWS's clock."""
    for balancer in engine.balancers():
        _known.balancers[balancer.name] = balancer
        _known.since.setdefault(balancer.name, end)
        for group in balancer.groups:
            _known.zones |= {target.name.id: target.zone for target in group.targets}
            if group.targets:
                health = {one.name: engine.health(group.arn, one.name) for one in group.targets}
                _put(balancer, of_hosts(balancer, group, health), end - MINUTE, end)
    served = [*_known.waiting, *engine.served()]
    over = [one for one in served if _minute(one) < end]
    _known.waiting = [one for one in served if _minute(one) >= end]
    for minute, name in sorted({(_minute(one), one.balancer) for one in over}):
        if balancer_of := _known.balancers.get(name):
            requests = [one for one in over if one.balancer == name and _minute(one) == minute]
            counts = {
                group.arn.rpartition(":")[2]: sum(
                    one.address is not None and not one.draining for one in group.targets
                )
                for group in balancer_of.groups
            }
            _put(balancer_of, of_requests(requests, _known.zones, counts), minute, end)


def _minute(request: ServedRequest) -> float:
    return seconds_on_aws(request.end) // MINUTE * MINUTE


def _put(balancer: Balancer, figures: Figures, minute: float, end: float) -> None:
    _, _, _, region, account, _ = balancer.arn.split(":", 5)
    store: MetricStore = store_of(cloudwatch_backends[account][region])
    seen_from = max(end + DELAY_SECONDS, _known.since[balancer.name] + late.delays.metrics_after)
    for name, one in figures.items():
        statistics = Statistics(one.count, one.total, one.least, one.most, tuple(one.spread.items()))
        which = metric(NAMESPACE, name.metric, dict(name.dimensions))
        store.put(which, Point(minute, seen_from, statistics, name.unit))
