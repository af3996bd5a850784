"""What CloudWatch tells of load balancers that were really asked."""

import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.abilities import need_program
from tests.patience import patience, wait_for

NUMBER = 25


def balancer_of(api: Any, ec2: Any) -> tuple[str, str]:
    """Return the ARN of a balancer that says 404 to all, and its address, once it listens."""
    subnets = {one["AvailabilityZone"]: one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]}
    two = [subnets["us-east-1a"], subnets["us-east-1b"]]
    made = api.create_load_balancer(Name="told", Subnets=two)["LoadBalancers"][0]
    answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "MessageBody": "no"}}
    api.create_listener(
        LoadBalancerArn=made["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=[answer]
    )
    return str(made["LoadBalancerArn"]), str(made["DNSName"])


def status_of(address: str) -> int:
    try:
        urllib.request.urlopen(f"http://{address}/", timeout=patience(60))
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
    return 200


def test_all_requests_are_told_of_a_minute_later_with_percentiles(quick: Callable[[str], Any]) -> None:
    need_program("haproxy")
    api, cloudwatch = quick("elbv2"), quick("cloudwatch")
    start = datetime.now(UTC) - timedelta(seconds=5)
    arn, address = balancer_of(api, quick("ec2"))
    wait_for(
        lambda: status_of(address) == 404,
        seen=lambda: [one["State"] for one in api.describe_load_balancers()["LoadBalancers"]],
    )
    dimensions = [{"Name": "LoadBalancer", "Value": arn.partition(":loadbalancer/")[2]}]

    def points(metric: str, **statistics: list[str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = cloudwatch.get_metric_statistics(
            Namespace="AWS/ApplicationELB",
            MetricName=metric,
            Dimensions=dimensions,
            StartTime=start,
            EndTime=datetime.now(UTC) + timedelta(seconds=5),
            Period=60,
            **statistics,
        )["Datapoints"]
        return found

    def total(metric: str) -> float:
        return sum(point["Sum"] for point in points(metric, Statistics=["Sum"]))

    # The one that was waited for is told of as well.
    assert [status_of(address) for _ in range(NUMBER - 1)] == [404] * (NUMBER - 1)
    wait_for(
        lambda: total("HTTP_Fixed_Response_Count") == NUMBER,
        seen=lambda: points("HTTP_Fixed_Response_Count", Statistics=["Sum"]),
    )
    assert total("HTTPCode_ELB_4XX_Count") == total("NewConnectionCount") == NUMBER
    assert points("RequestCount", Statistics=["Sum"]) == []  # no target was chosen
    sizes = points("ProcessedBytes", Statistics=["Average"], ExtendedStatistics=["p50", "p100"])
    assert sizes[0]["Unit"] == "Bytes"
    assert 100 < sizes[0]["ExtendedStatistics"]["p50"] <= sizes[0]["ExtendedStatistics"]["p100"] < 2_000
    listed = cloudwatch.list_metrics(Namespace="AWS/ApplicationELB", Dimensions=dimensions)["Metrics"]
    assert {"ProcessedBytes", "HTTPCode_ELB_4XX_Count"} <= {one["MetricName"] for one in listed}
    query = {"Metric": {"Namespace": "AWS/ApplicationELB", "MetricName": "ProcessedBytes"}, "Period": 60}
    query["Metric"]["Dimensions"] = dimensions  # type: ignore[index]
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[{"Id": "p", "MetricStat": {**query, "Stat": "p90"}}],
        StartTime=start,
        EndTime=datetime.now(UTC) + timedelta(seconds=5),
    )["MetricDataResults"][0]
    assert answer["Values"]
    assert 100 < answer["Values"][0] < 2_000
    api.delete_load_balancer(LoadBalancerArn=arn)
