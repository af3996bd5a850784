"""The default network of a region: where instances can be launched, and whether anybody can reach them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.fleet.plan import InstanceGroup
from botocore.exceptions import ClientError

# A security group that is named, and a launch without a subnet, mean the default VPC:
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
NO_VPC = (
    "There is no default VPC in {region}, which the instances are launched in: make one with `aws ec2 "
    "create-default-vpc --region {region}` or in the console (VPC, Actions, Create default VPC), or set "
    "aws_region to a region that has one."
)


@dataclass(frozen=True)
class Network:
    """The default VPC, empty where there is none, with its default subnets."""

    vpc: str
    gives_public: dict[str, bool] = field(default_factory=dict)
    """By zone, whether its default subnet gives instances public addresses."""
    offers: dict[str, frozenset[str]] = field(default_factory=dict)
    """By instance type, the zones that offer it."""

    def zones_for(self, kind: str, *, public: bool) -> list[str]:
        """Return the zones in which an instance of a type can be launched, and reached if it is to be."""
        return [
            zone
            for zone, gives in sorted(self.gives_public.items())
            if zone in self.offers.get(kind, frozenset()) and (gives or not public)
        ]

    def choice(self, group: InstanceGroup, *, public: bool) -> list[str]:
        """Return the zones to try one after the other; one empty text leaves the choice to EC2."""
        if group.zone:
            return [group.zone]
        fit = self.zones_for(group.type, public=public)
        return [""] if not fit or len(fit) == len(self.gives_public) else fit

    def problems(self, groups: list[InstanceGroup], region: str, *, public: bool) -> list[str]:
        """Return a sentence for each group that cannot be launched, or not be reached."""
        if not self.vpc:
            return [NO_VPC.format(region=region)]
        found = (self._problem(group, region, public=public) for group in groups if group.count)
        return list(dict.fromkeys(filter(None, found)))

    def _problem(self, group: InstanceGroup, region: str, *, public: bool) -> str:
        if not (offering := self.offers.get(group.type)):
            return ""  # there is no such type, which is said already
        with_subnet = sorted(offering & self.gives_public.keys())
        if group.zone and group.zone not in offering:
            return (
                f"{group.zone} has no {group.type} (group {group.name}): leave out its zone, or take one of "
                f"{', '.join(with_subnet or sorted(offering))}."
            )
        if not with_subnet or (group.zone and group.zone not in with_subnet):
            zone = group.zone or min(offering)
            return (
                f"The default VPC {self.vpc} has no default subnet in {group.zone or 'a zone with'}"
                f"{'' if group.zone else f' {group.type}'}: make one with `aws ec2 create-default-subnet "
                f"--region {region} --availability-zone {zone}`."
            )
        fit = self.zones_for(group.type, public=public)
        if not fit or (group.zone and group.zone not in fit):
            zones = group.zone or ", ".join(with_subnet)
            return (
                f"The default subnets of {self.vpc} in {zones} "
                "give instances no public address, so nobody could reach them by SSH: switch on 'Enable "
                "auto-assign public IPv4 address' in the subnet's settings (`aws ec2 modify-subnet-attribute "
                "--map-public-ip-on-launch --subnet-id …`), or deploy from inside of the network with a "
                "private range in ssh_from."
            )
        return ""


def default_vpc(ec2: Any) -> str:
    """Return the id of the default VPC, or an empty text."""
    vpcs = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    return str(vpcs[0]["VpcId"]) if vpcs else ""


def default_subnets(ec2: Any) -> dict[str, bool]:
    """Return by zone whether its default subnet gives public addresses."""
    subnets = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    return {one["AvailabilityZone"]: bool(one["MapPublicIpOnLaunch"]) for one in subnets}


def subnets_of(ec2: Any, group: InstanceGroup, *, public: bool, region: str) -> tuple[list[str], str]:
    """Return the default subnets that hosts of a group can be launched in, and why there are none."""
    network = Network(default_vpc(ec2), default_subnets(ec2), offers_of(ec2, {group.type}))
    if problems := network.problems([group], region, public=public):
        return [], problems[0]
    zones = [group.zone] if group.zone else network.zones_for(group.type, public=public)
    found = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    return sorted(one["SubnetId"] for one in found if one["AvailabilityZone"] in zones), ""


def offers_of(ec2: Any, kinds: set[str]) -> dict[str, frozenset[str]]:
    """Return by instance type the zones that offer it."""
    found: dict[str, set[str]] = {}
    if kinds:
        pages = ec2.get_paginator("describe_instance_type_offerings").paginate(
            LocationType="availability-zone",
            Filters=[{"Name": "instance-type", "Values": sorted(kinds)}],
        )
        for page in pages:
            for one in page["InstanceTypeOfferings"]:
                found.setdefault(one["InstanceType"], set()).add(one["Location"])
    return {kind: frozenset(zones) for kind, zones in found.items()}


def zones_to_try(ec2: Any, group: InstanceGroup, *, public: bool) -> list[str]:
    """Return the zones to launch a group in, one after the other; one empty text leaves the choice to EC2."""
    if group.zone:
        return [group.zone]
    try:
        network = Network(default_vpc(ec2), default_subnets(ec2), offers_of(ec2, {group.type}))
    except ClientError as problem:
        if problem.response["Error"]["Code"] != "UnauthorizedOperation":
            raise
        return [""]  # who may not look launches all the same
    return network.choice(group, public=public)
