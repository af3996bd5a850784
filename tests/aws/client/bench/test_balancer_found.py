"""The balancer behind a URL, found as AWS's own calls tell it, and its figures asked for."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from jobfleet.bench.balancer import BenchBalancer, find_balancer, read_figures
from jobfleet_jobs.protocol.names import STACK_TAG

from tests.abilities import need_program


class Made:
    """A balancer of a stack, with a target group that a listener leads to."""

    def __init__(self, aws: Callable[[str], Any]) -> None:
        self.aws, self.api = aws, aws("elbv2")
        self.name = f"t-{uuid.uuid4().hex[:8]}"
        subnets = {one["AvailabilityZone"]: one for one in aws("ec2").describe_subnets()["Subnets"]}
        two = [subnets["us-east-1a"], subnets["us-east-1b"]]
        tags = [{"Key": STACK_TAG, "Value": "demo"}]
        (balancer,) = self.api.create_load_balancer(
            Name=self.name, Subnets=[one["SubnetId"] for one in two], Tags=tags
        )["LoadBalancers"]
        self.arn, self.address = balancer["LoadBalancerArn"], balancer["DNSName"]
        (group,) = self.api.create_target_group(
            Name=self.name, Protocol="HTTP", Port=80, VpcId=two[0]["VpcId"]
        )["TargetGroups"]
        self.group = group["TargetGroupArn"]
        forward = {"Type": "forward", "TargetGroupArn": self.group}
        self.api.create_listener(LoadBalancerArn=self.arn, Protocol="HTTP", Port=80, DefaultActions=[forward])

    def end(self) -> None:
        self.api.delete_load_balancer(LoadBalancerArn=self.arn)
        self.api.delete_target_group(TargetGroupArn=self.group)


@pytest.fixture
def made(aws: Callable[[str], Any]) -> Iterator[Made]:
    need_program("haproxy")
    one = Made(aws)
    yield one
    one.end()


def test_it_is_found_with_its_stack_and_groups_and_cloudwatch_takes_the_question(made: Made) -> None:
    account: Any = SimpleNamespace(client=made.aws)

    found = find_balancer(account, f"http://{made.address}/cluster1")

    group = made.group.rpartition(":")[2]
    assert found == BenchBalancer(
        made.arn, made.arn.partition(":loadbalancer/")[2], "demo", {made.name: group}
    )
    assert find_balancer(account, "http://127.0.0.1/cluster1") is None
    now = datetime.now(UTC)
    clock: Any = SimpleNamespace(now=lambda: now)
    told = read_figures(made.aws("cloudwatch"), found, now, now, 0, clock)
    assert (told["complete"], told["balancer"], told["groups"]) == (True, {}, {made.name: {}})
