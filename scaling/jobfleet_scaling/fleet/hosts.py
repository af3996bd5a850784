"""The hosts of a fleet, as EC2 knows them by their tags, however they were launched."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError
from jobfleet_jobs.protocol.aws_facts import error_code
from jobfleet_jobs.protocol.names import STACK_TAG

from jobfleet_scaling.fleet.tags import GROUP_TAG, SCALED_TAG, SCALING_GROUP_TAG, TEMPLATE_VERSION_TAG

# 1,000 a page. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
PAGE_MAX, PAGES_MAX = 1_000, 30

# Instances of one call. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceStatus.html
STATUS_MAX = 100
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypes.html
TYPES_MAX = 100

# The state of one that only its group tells of.
TERMINATED = "terminated"

_THERE = ("pending", "running", "stopping", "stopped")


@dataclass(frozen=True)
class FleetHost:
    """A host of the fleet. `group` is the inventory's name of its group, `state` EC2's word.

    It was `launched` at a time (UTC) from a `version` of its template, empty where that is not told.
    `scaling_group` is its Auto Scaling group, empty for a host that was launched by itself. `is_ending` is
    set once its end is ordered, `ill` says why it cannot work, in AWS's words.
    """

    id: str
    group: str
    launched: datetime
    state: str = "running"
    version: str = ""
    scaling_group: str = ""
    is_ending: bool = False
    ill: str = ""


class Instances:
    """Asks EC2. `ec2` returns a client."""

    def __init__(self, ec2: Callable[[], Any], stack: str) -> None:
        self._ec2, self._stack = ec2, stack

    def hosts(self) -> list[FleetHost]:
        """Return the stack's scaled hosts that are there, also stopped ones. Raises AWS's errors."""
        filters = [
            {"Name": f"tag:{STACK_TAG}", "Values": [self._stack]},
            {"Name": f"tag:{SCALED_TAG}", "Values": ["true"]},
            {"Name": "instance-state-name", "Values": list(_THERE)},
        ]
        return [_host(one) for one in self._describe(filters)]

    def in_region(self) -> list[Mapping[str, Any]]:
        """Return what EC2 says of all instances that run or are about to, whoever launched them."""
        return list(self._describe([{"Name": "instance-state-name", "Values": ["pending", "running"]}]))

    def impaired(self, ids: list[str]) -> dict[str, str]:
        """Return which of these cannot work by EC2's own checks, and why. Raises AWS's errors."""
        found = {}
        for start in range(0, len(ids), STATUS_MAX):
            answer = self._ec2().describe_instance_status(InstanceIds=ids[start : start + STATUS_MAX])
            for one in answer["InstanceStatuses"]:
                bad = [
                    name
                    for name, of in (("system", "SystemStatus"), ("instance", "InstanceStatus"))
                    if one.get(of, {}).get("Status") == "impaired"
                ]
                if bad:
                    found[one["InstanceId"]] = f"EC2's {' and '.join(bad)} check fails"
        return found

    def end(self, host: FleetHost) -> None:
        """End a host. One that is gone is passed over. Raises AWS's errors."""
        try:
            self._ec2().terminate_instances(InstanceIds=[host.id])
        except ClientError as problem:
            if error_code(problem) != "InvalidInstanceID.NotFound":
                raise

    def vcpus_of(self, kinds: Iterable[str]) -> dict[str, int]:
        """Return how many vCPUs instances of these types have. Raises AWS's errors."""
        wanted = sorted(set(kinds))
        found: dict[str, int] = {}
        for start in range(0, len(wanted), TYPES_MAX):
            answer = self._ec2().describe_instance_types(InstanceTypes=wanted[start : start + TYPES_MAX])
            found |= {one["InstanceType"]: one["VCpuInfo"]["DefaultVCpus"] for one in answer["InstanceTypes"]}
        return found

    def _describe(self, filters: list[dict[str, Any]]) -> Iterator[Mapping[str, Any]]:
        more: dict[str, str] = {}
        for _ in range(PAGES_MAX):
            answer = self._ec2().describe_instances(Filters=filters, MaxResults=PAGE_MAX, **more)
            for reservation in answer["Reservations"]:
                yield from reservation["Instances"]
            if not answer.get("NextToken"):
                return
            more = {"NextToken": answer["NextToken"]}


def _host(told: Mapping[str, Any]) -> FleetHost:
    tags = {tag["Key"]: tag["Value"] for tag in told.get("Tags", ())}
    return FleetHost(
        told["InstanceId"],
        tags.get(GROUP_TAG, ""),
        told["LaunchTime"],
        told["State"]["Name"],
        tags.get(TEMPLATE_VERSION_TAG, ""),
        tags.get(SCALING_GROUP_TAG, ""),
    )
