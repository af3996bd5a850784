"""A load balancer before real hosts: they answer in turn, and who is not well or not there gets nothing."""

import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.abilities import need_program
from tests.localcloud_fixture import Hosts
from tests.patience import patience, wait_for

FOLDER = "/var/tmp/site"  # noqa: S108  on a host that goes with the test


class Site:
    """Two hosts, each of which answers with its id, behind a balancer; `aws` is the cloud."""

    def __init__(self, aws: Callable[[str], Any], hosts: Hosts) -> None:
        self.api, self.ec2, self.hosts = aws("elbv2"), aws("ec2"), hosts
        self.name = f"b-{uuid.uuid4().hex[:8]}"
        subnets = {one["AvailabilityZone"]: one for one in self.ec2.describe_subnets()["Subnets"]}
        self.zones = [subnets["us-east-1a"], subnets["us-east-1b"]]
        vpc = self.zones[0]["VpcId"]
        self.instances = [hosts.run(SubnetId=one["SubnetId"])[0] for one in self.zones]
        wanted = {
            "Protocol": "HTTP",
            "Port": 80,
            "VpcId": vpc,
            "HealthCheckPath": "/id",
            "HealthCheckIntervalSeconds": 5,
            "HealthCheckTimeoutSeconds": 2,
            "HealthyThresholdCount": 2,
        }
        made = self.api.create_target_group(Name=self.name, **wanted)
        self.group = made["TargetGroups"][0]["TargetGroupArn"]
        self.api.modify_target_group_attributes(
            TargetGroupArn=self.group,
            Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "1"}],
        )
        balancer = self.api.create_load_balancer(
            Name=self.name, Subnets=[one["SubnetId"] for one in self.zones]
        )["LoadBalancers"][0]
        self.balancer, self.address = balancer["LoadBalancerArn"], balancer["DNSName"]

    def listen(self) -> None:
        forward = {"Type": "forward", "TargetGroupArn": self.group}
        self.api.create_listener(
            LoadBalancerArn=self.balancer, Protocol="HTTP", Port=80, DefaultActions=[forward]
        )

    def serve(self, instance: str) -> None:
        """Let a host answer with its id."""
        address = self.hosts.wait(instance, "running")["PublicIpAddress"]
        unit = f"--working-directory={FOLDER} python3 -m http.server 80 --bind {address}"
        words = f"mkdir -p {FOLDER} && echo -n {instance} > {FOLDER}/id && sudo systemd-run --quiet {unit}"
        self.hosts.ssh(address, words)

    def register(self, *instances: str) -> None:
        self.api.register_targets(TargetGroupArn=self.group, Targets=[{"Id": one} for one in instances])

    def health(self) -> dict[str, tuple[str, str | None]]:
        found = self.api.describe_target_health(TargetGroupArn=self.group)["TargetHealthDescriptions"]
        return {
            one["Target"]["Id"]: (one["TargetHealth"]["State"], one["TargetHealth"].get("Reason"))
            for one in found
        }

    def wait(self, instance: str, state: str, reason: str | None = None) -> None:
        wait_for(lambda: self.health().get(instance) == (state, reason), seen=self.health)

    def share(self, number: int, wanted: dict[str, int]) -> None:
        """Wait until so many requests are shared like this: the proxy hears of health a moment late."""
        wait_for(lambda: self.shares(number) == wanted)

    def shares(self, number: int) -> Counter[str]:
        return Counter(self._ask() for _ in range(number))

    def _ask(self) -> str:
        with urllib.request.urlopen(f"http://{self.address}/id", timeout=patience(60)) as answer:
            return str(answer.read().decode())

    def end(self) -> None:
        self.api.delete_load_balancer(LoadBalancerArn=self.balancer)
        self.api.delete_target_group(TargetGroupArn=self.group)
        self.hosts.end(*self.instances)


@pytest.fixture
def site(aws: Callable[[str], Any], hosts: Hosts) -> Iterator[Site]:
    need_program("haproxy")
    made = Site(aws, hosts)
    yield made
    made.end()


def test_hosts_answer_in_turn_while_they_are_well_there_and_registered(site: Site) -> None:
    first, second = site.instances
    for instance in site.instances:
        site.serve(instance)
    site.register(first)
    site.wait(first, "unused", "Target.NotInUse")
    site.listen()
    site.register(second)
    for instance in site.instances:
        site.wait(instance, "healthy")
    site.share(20, {first: 10, second: 10})

    address = site.hosts.describe(second)["PublicIpAddress"]
    site.hosts.ssh(address, f"rm {FOLDER}/id")
    site.wait(second, "unhealthy", "Target.ResponseCodeMismatch")
    site.share(10, {first: 10})
    site.hosts.ssh(address, f"echo -n {second} > {FOLDER}/id")
    site.wait(second, "healthy")
    site.share(10, {first: 5, second: 5})

    site.api.set_subnets(
        LoadBalancerArn=site.balancer,
        Subnets=[site.zones[0]["SubnetId"], _another_zone(site)],
    )
    site.wait(second, "unused", "Target.NotInUse")
    site.share(4, {first: 4})

    site.ec2.stop_instances(InstanceIds=[second])
    site.wait(second, "unused", "Target.InvalidState")
    site.api.deregister_targets(TargetGroupArn=site.group, Targets=[{"Id": second}])
    wait_for(lambda: second not in site.health())
    site.ec2.terminate_instances(InstanceIds=[first])
    wait_for(lambda: site.health() == {})


def _another_zone(site: Site) -> str:
    taken = {one["AvailabilityZone"] for one in site.zones}
    found = site.ec2.describe_subnets()["Subnets"]
    return str(next(one["SubnetId"] for one in found if one["AvailabilityZone"] not in taken))
