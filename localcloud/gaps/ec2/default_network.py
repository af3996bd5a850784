"""The network of launches and groups that name none."""

from typing import Any

from moto.ec2.exceptions import (
    EC2ClientError,
    MissingInputError,
    VPCIdNotSpecifiedError,
)
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS
from moto.ec2.models.instances import InstanceBackend
from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupBackend
from moto.ec2.responses.instances import InstanceResponse

from localcloud.gaps.patching import put_over


def mend() -> None:
    """Mend all gaps of them."""
    _a_launch_takes_a_default_subnet_that_can_have_it()
    _a_group_without_a_network_wants_the_default_one()


def _a_launch_takes_a_default_subnet_that_can_have_it() -> None:
    """A launch without a subnet goes to a default subnet, whose setting decides on a public address.

    Without a default VPC EC2 answers VPCIdNotSpecified, and Unsupported to a zone that lacks the type; a dry
    run says the same. moto launches anywhere, always with an address.
    https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc.html
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html
    """
    run = InstanceBackend.run_instances
    answer = InstanceResponse.run_instances

    def run_instances(backend: Any, *arguments: Any, **asked: Any) -> Any:
        # What says itself where it goes: a subnet, an interface.
        if not (asked.get("subnet_id") or asked.get("nics")):
            asked["subnet_id"] = _default_subnet(backend, asked["instance_type"], asked.get("placement"))
        return run(backend, *arguments, **asked)

    def answer_unless_dry(response: InstanceResponse) -> Any:
        elsewhere = map(response._get_param, ("SubnetId", "NetworkInterfaces", "LaunchTemplate"))
        if response._get_param("DryRun", False) and not any(elsewhere):
            kind = response._get_param("InstanceType", "m1.small")
            _default_subnet(response.ec2_backend, kind, response._get_param("Placement.AvailabilityZone"))
        return answer(response)

    put_over(InstanceBackend, "run_instances", run_instances)
    put_over(InstanceResponse, "run_instances", answer_unless_dry)


def _default_subnet(backend: Any, kind: str, zone: str | None) -> str | None:
    """Return the default subnet that a launch goes to; None leaves a zone or type that is none to moto."""
    if (vpc := backend.get_default_vpc()) is None:
        raise VPCIdNotSpecifiedError
    offers = INSTANCE_TYPE_OFFERINGS["availability-zone"].get(backend.region_name, [])
    zones = {offer["Location"] for offer in offers if offer["InstanceType"] == kind}
    if not zones or (zone and zone not in {offer["Location"] for offer in offers}):
        return None
    subnets = {name: one for name, one in backend.get_default_subnets().items() if one.vpc_id == vpc.id}
    if zone and zone not in zones:
        raise EC2ClientError(
            "Unsupported",
            f"Your requested instance type ({kind}) is not supported in your requested Availability Zone "
            f"({zone}). Please retry your request by not specifying an Availability Zone or choosing "
            f"{', '.join(sorted(zones))}.",
        )
    if not subnets:
        raise MissingInputError(f"No subnets found for the default VPC '{vpc.id}'. Please specify a subnet.")
    if zone and zone not in subnets:
        raise EC2ClientError("InvalidInput", f"No default subnet for availability zone: '{zone}'.")
    found = [zone] if zone else sorted(zones & subnets.keys())
    if not found:
        raise EC2ClientError("Unsupported", f"No default subnet lies in a zone that offers {kind}.")
    return str(subnets[found[0]].id)


def _a_group_without_a_network_wants_the_default_one() -> None:
    """CreateSecurityGroup without a VPC answers VPCIdNotSpecified where there is no default one.

    moto goes on with the one that was deleted.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
    """
    create = SecurityGroupBackend.create_security_group

    def create_security_group(
        backend: Any, name: str, description: str, vpc_id: str | None = None, **more: Any
    ) -> SecurityGroup:
        if not vpc_id and backend.get_default_vpc() is None:
            raise EC2ClientError("VPCIdNotSpecified", "No default VPC for this user")
        made: SecurityGroup = create(backend, name, description, vpc_id, **more)
        return made

    put_over(SecurityGroupBackend, "create_security_group", create_security_group)
