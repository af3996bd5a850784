"""The balancer behind a URL, and its figures in a CloudWatch that has them late."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber
from jobfleet.bench.balancer import BenchBalancer, find_balancer, read_figures

ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/demo-balancer/50dc6c495c0c9188"
GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/demo-cluster1/73e2d6bc24d8a067"
BALANCER = BenchBalancer(
    ARN, "app/demo-balancer/50dc6c495c0c9188", "demo",
    {"demo-cluster1": "targetgroup/demo-cluster1/73e2d6bc24d8a067"},
)  # fmt: skip
BEGUN = datetime(2026, 11, 30, 12, 0, 30, tzinfo=UTC)
ENDED = datetime(2026, 11, 30, 12, 2, 10, tzinfo=UTC)


def account() -> Any:
    """An account with one balancer, whose answers botocore checks against the service's own model."""
    elb = botocore.session.Session().create_client(
        "elbv2",
        region_name="us-east-1",
        aws_access_key_id="k",
        aws_secret_access_key="s",  # noqa: S106 - of nobody
    )
    stub = Stubber(elb)
    balancers = {"LoadBalancers": [{"LoadBalancerArn": ARN, "DNSName": "Demo.elb.amazonaws.com"}]}
    stub.add_response("describe_load_balancers", balancers, {})
    tags = [{"ResourceArn": ARN, "Tags": [{"Key": "jobfleet:stack", "Value": "demo"}]}]
    stub.add_response("describe_tags", {"TagDescriptions": tags}, {"ResourceArns": [ARN]})
    groups = [{"TargetGroupArn": GROUP, "TargetGroupName": "demo-cluster1"}]
    stub.add_response("describe_target_groups", {"TargetGroups": groups}, {"LoadBalancerArn": ARN})
    stub.activate()
    return SimpleNamespace(client=lambda name: {"elbv2": elb}[name])


def test_the_balancer_is_the_one_with_the_host_of_the_url() -> None:
    assert find_balancer(account(), "http://demo.elb.amazonaws.com:80/cluster1") == BALANCER


def test_another_host_has_none() -> None:
    assert find_balancer(account(), "http://demo.elb.amazonaws.com.example.org/cluster1") is None


class LateCloudWatch:
    """Has a figure once so many seconds have gone by since the run."""

    def __init__(self, clock: "ScriptedClock", late: float, count: float) -> None:
        self._clock, self._late, self._count = clock, late, count
        self.asked: list[dict[str, Any]] = []

    def get_metric_data(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        there = self._clock.at >= ENDED + timedelta(seconds=self._late)
        results = []
        for query in asked["MetricDataQueries"]:
            name = query["MetricStat"]["Metric"]["MetricName"]
            values = {"RequestCount": [self._count, 1.0], "TargetResponseTime": [0.02, 0.04]}.get(name, [])
            results.append({"Id": query["Id"], "Values": values if there else []})
        return {"MetricDataResults": results}


class ScriptedClock:
    def __init__(self) -> None:
        self.at = ENDED
        self.looks = 0

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.looks += 1
        self.at += timedelta(seconds=seconds)


def test_figures_are_waited_for_and_the_lag_is_told() -> None:
    clock = ScriptedClock()
    cloudwatch = LateCloudWatch(clock, 100.0, 999.0)
    found = read_figures(cloudwatch, BALANCER, BEGUN, ENDED, 1_000, clock)
    assert (found["complete"], found["lag"]) == (True, 105.0)
    assert (found["from"], found["to"]) == ("2026-11-30T12:00:00+00:00", "2026-11-30T12:03:00+00:00")
    assert found["balancer"]["RequestCount"] == 1_000.0  # summed over minutes
    assert found["balancer"]["TargetResponseTime p99"] == 0.04  # the slowest minute
    assert found["groups"]["demo-cluster1"]["RequestCount"] == 1_000.0
    first = cloudwatch.asked[0]
    assert (first["StartTime"], first["EndTime"]) == (
        datetime(2026, 11, 30, 12, 0, tzinfo=UTC), datetime(2026, 11, 30, 12, 3, tzinfo=UTC),
    )  # fmt: skip
    dimensions = cloudwatch.asked[1]["MetricDataQueries"][0]["MetricStat"]["Metric"]["Dimensions"]
    assert dimensions == [
        {"Name": "LoadBalancer", "Value": "app/demo-balancer/50dc6c495c0c9188"},
        {"Name": "TargetGroup", "Value": "targetgroup/demo-cluster1/73e2d6bc24d8a067"},
    ]


@pytest.mark.parametrize(("late", "count"), [(10_000.0, 1_000.0), (30.0, 10.0)])
def test_the_wait_is_bounded_and_what_is_missing_is_told(late: float, count: float) -> None:
    clock = ScriptedClock()
    found = read_figures(LateCloudWatch(clock, late, count), BALANCER, BEGUN, ENDED, 1_000, clock)
    assert (found["complete"], found["lag"], found["waited"]) == (False, None, 300.0)
    assert clock.looks == 20
