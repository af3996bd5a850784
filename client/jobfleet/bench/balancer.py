"""The load balancer behind a URL, and its own figures in CloudWatch.

Its figures count all of its traffic, by whole minutes; they come minutes late
(https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from jobfleet_jobs.protocol.names import STACK_TAG

from jobfleet.aws.account import Account

NAMESPACE = "AWS/ApplicationELB"
PERIOD_SECONDS = 60
# Who asks too early is told nothing, or the half of it.
WAIT_SECONDS, LOOK_SECONDS = 300.0, 15.0

COUNTS = (
    "RequestCount", "HTTPCode_Target_2XX_Count", "HTTPCode_Target_3XX_Count", "HTTPCode_Target_4XX_Count",
    "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_4XX_Count", "HTTPCode_ELB_5XX_Count",
)  # fmt: skip
TIME = "TargetResponseTime"
TIME_STATISTICS = ("Average", "p50", "p90", "p95", "p99")


@dataclass(frozen=True)
class BenchBalancer:
    """A load balancer. `dimension` is how CloudWatch calls it; `groups` are its target groups, by name."""

    arn: str
    dimension: str
    stack: str
    groups: Mapping[str, str]


def find_balancer(account: Account, url: str) -> BenchBalancer | None:
    """Return the load balancer of this account whose address the URL has, if any. Raises AWS's errors."""
    host = (urlsplit(url).hostname or "").lower()
    elb = account.client("elbv2")
    for page in elb.get_paginator("describe_load_balancers").paginate():
        for one in page["LoadBalancers"]:
            if str(one.get("DNSName", "")).lower() == host:
                arn = one["LoadBalancerArn"]
                (told,) = elb.describe_tags(ResourceArns=[arn])["TagDescriptions"]
                tags = {tag["Key"]: tag["Value"] for tag in told["Tags"]}
                groups = elb.describe_target_groups(LoadBalancerArn=arn)["TargetGroups"]
                named = {group["TargetGroupName"]: _after(group["TargetGroupArn"], ":") for group in groups}
                return BenchBalancer(arn, _after(arn, ":loadbalancer/"), tags.get(STACK_TAG, ""), named)
    return None


def _after(arn: str, mark: str) -> str:
    return arn.rpartition(mark)[2]


class WallClock(Protocol):
    """What time it is, and how to let it pass."""

    def now(self) -> datetime:
        """Return the time, in UTC."""

    def sleep(self, seconds: float) -> object:
        """Wait."""


def read_figures(
    cloudwatch: Any,
    balancer: BenchBalancer,
    begun: datetime,
    ended: datetime,
    requests: int,
    clock: WallClock,
) -> Mapping[str, Any]:
    """Return the balancer's figures of a run once it has counted all `requests`, or what it has by then.

    `complete` says whether they all came; `lag` how many seconds after the run they did, None if not. Times
    are in seconds.
    """
    first, last = _minute(begun), _minute(ended) + timedelta(seconds=PERIOD_SECONDS)
    give_up = ended + timedelta(seconds=WAIT_SECONDS)
    while True:
        looked = clock.now()
        found = _look(cloudwatch, balancer, first, last)
        count = found["balancer"].get("RequestCount", 0)
        if count >= requests or looked >= give_up:
            break
        clock.sleep(LOOK_SECONDS)
    complete = count >= requests
    lag = max(0.0, (looked - ended).total_seconds())
    return {
        "from": first.isoformat(), "to": last.isoformat(), "complete": complete,
        "lag": lag if complete else None, "waited": lag, **found,
    }  # fmt: skip


def _minute(when: datetime) -> datetime:
    return when.astimezone(UTC).replace(second=0, microsecond=0)


def _look(cloudwatch: Any, balancer: BenchBalancer, first: datetime, last: datetime) -> dict[str, Any]:
    whole = [{"Name": "LoadBalancer", "Value": balancer.dimension}]
    found: dict[str, Any] = {"balancer": _figures(cloudwatch, whole, first, last), "groups": {}}
    for name, dimension in balancer.groups.items():
        of_group = [*whole, {"Name": "TargetGroup", "Value": dimension}]
        found["groups"][name] = _figures(cloudwatch, of_group, first, last)
    return found


def _figures(
    cloudwatch: Any, dimensions: Sequence[Mapping[str, str]], first: datetime, last: datetime
) -> dict[str, float]:
    """Return sums of counts, and of times the highest minute: percentiles of minutes cannot be added up."""
    wanted = [(name, "Sum") for name in COUNTS] + [(TIME, statistic) for statistic in TIME_STATISTICS]
    queries = [
        {
            "Id": f"q{number}",
            "MetricStat": {
                "Metric": {"Namespace": NAMESPACE, "MetricName": name, "Dimensions": list(dimensions)},
                "Period": PERIOD_SECONDS,
                "Stat": statistic,
            },
        }
        for number, (name, statistic) in enumerate(wanted)
    ]
    answer = cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=first, EndTime=last)
    values = {one["Id"]: one["Values"] for one in answer["MetricDataResults"]}
    figures: dict[str, float] = {}
    for number, (name, statistic) in enumerate(wanted):
        if got := values.get(f"q{number}"):
            key = name if statistic == "Sum" else f"{TIME} {statistic}"
            figures[key] = float(sum(got) if statistic == "Sum" else max(got))
    return figures
