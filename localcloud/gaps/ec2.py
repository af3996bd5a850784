"""EC2: volumes, network interfaces, security groups, the default network, what is seen late."""

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import (
    DependencyViolationError,
    EC2ClientError,
    MissingInputError,
    VPCIdNotSpecifiedError,
)
from moto.ec2.models import elastic_network_interfaces
from moto.ec2.models import iam_instance_profile as profiles
from moto.ec2.models.amis import Ami
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS, INSTANCE_TYPES
from moto.ec2.models.instances import InstanceBackend, MetadataOptions
from moto.ec2.models.key_pairs import KeyPairBackend
from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupBackend
from moto.ec2.responses import instances as instance_responses
from moto.ec2.responses.instances import InstanceResponse
from moto.ec2.utils import filter_iam_instance_profiles
from moto.iam.exceptions import NotFoundException

from localcloud.gaps.patching import put_over
from localcloud.lateness.door import GROUP, INSTANCE, INTERFACE, KEY_PAIR
from localcloud.lateness.register import Thing, late


def mend() -> None:
    """Mend all gaps of EC2."""
    _images_have_their_root_volume()
    _root_volume_goes_with_its_instance()
    _interfaces_have_no_public_name()
    _used_security_groups_stay()
    _metadata_wants_a_token()
    _an_unknown_profile_is_a_wrong_parameter()
    _burstable_instances_have_cpu_credits()
    _a_new_group_is_seen_late_where_that_is_asked_for()
    _a_new_key_pair_is_seen_late_where_that_is_asked_for()
    _instances_come_and_go_late_where_that_is_asked_for()
    _a_launch_takes_a_default_subnet_that_can_have_it()
    _a_group_without_a_network_wants_the_default_one()


def _images_have_their_root_volume() -> None:
    """Debian's images have an 8 GB root volume that goes with its instance.

    moto gives every image a 15 GB magnetic one that stays.
    """

    def block_device_mappings(image: Ami) -> list[dict[str, Any]]:
        volume = {
            "SnapshotId": image.ebs_snapshot.id,
            "VolumeSize": 8,
            "DeleteOnTermination": True,
            "VolumeType": "gp3",
            "Encrypted": False,
        }
        return [{"DeviceName": image.root_device_name, "Ebs": volume}]

    put_over(Ami, "block_device_mappings", property(block_device_mappings))


def _root_volume_goes_with_its_instance() -> None:
    """Where a mapping does not say whether the root volume goes, the image does: it goes.

    moto takes silence for "stays", so a fleet would leave a volume behind for each instance.
    """
    parse = InstanceResponse._parse_block_device_mapping

    def parse_block_device_mapping(response: InstanceResponse) -> list[dict[str, Any]]:
        mappings = parse(response)
        image = response.ec2_backend.amis.get(response._get_param("ImageId"))
        for asked, mapping in zip(response._get_param("BlockDeviceMappings", []), mappings, strict=True):
            is_root = image is not None and mapping["DeviceName"] == image.root_device_name
            if is_root and "DeleteOnTermination" not in asked.get("Ebs", {}):
                mapping["Ebs"]["DeleteOnTermination"] = True
        return mappings

    put_over(InstanceResponse, "_parse_block_device_mapping", parse_block_device_mapping)


def _interfaces_have_no_public_name() -> None:
    """On AWS an interface's public DNS name, where it has one, resolves to its public address.

    moto makes up one that looks private. No resolver knows any name of a local host, so there is none.
    """
    association = elastic_network_interfaces.NetworkInterface.association.fget  # type: ignore[attr-defined]

    def nameless(interface: elastic_network_interfaces.NetworkInterface) -> dict[str, Any]:
        found: dict[str, Any] = association(interface)
        return found | {"publicDnsName": ""} if found else found

    put_over(elastic_network_interfaces.NetworkInterface, "association", property(nameless))


def _used_security_groups_stay() -> None:
    """DeleteSecurityGroup fails with DependencyViolation until the group's instances are terminated.

    moto deletes it, so a teardown that does not wait would pass here and fail on AWS.
    """
    delete = SecurityGroupBackend._delete_security_group

    def delete_if_unused(backend: SecurityGroupBackend, vpc_id: str | None, group_id: str) -> None:
        interfaces = backend.enis.values()  # type: ignore[attr-defined]
        if any(group.id == group_id for interface in list(interfaces) for group in interface.group_set):
            raise DependencyViolationError(f"resource {group_id} has a dependent object")
        # See below: the interface is still there.
        left = Thing(backend.account_id, INTERFACE, group_id)  # type: ignore[attr-defined]
        if late.is_unseen("DeleteSecurityGroup", left):
            raise DependencyViolationError(f"resource {group_id} has a dependent object")
        delete(backend, vpc_id, group_id)

    put_over(SecurityGroupBackend, "_delete_security_group", delete_if_unused)


def _metadata_wants_a_token() -> None:
    """Debian's images take version 2 of the metadata service alone, unless the request says otherwise.

    moto takes silence for `HttpTokens=optional`.
    """
    make = MetadataOptions.__init__

    def make_version_2(options: MetadataOptions, asked: dict[str, Any] | None = None) -> None:
        make(options, {"HttpTokens": "required", **(asked or {})})

    put_over(MetadataOptions, "__init__", make_version_2)


def _an_unknown_profile_is_a_wrong_parameter() -> None:
    """EC2 answers InvalidParameterValue to a profile that does not exist. moto lets IAM's error out."""
    find = filter_iam_instance_profiles

    def find_profile(*arguments: Any, **more: Any) -> Any:
        try:
            found = find(*arguments, **more)
        except NotFoundException:
            found = None
        if found is None:
            named = more.get("iam_instance_profile_name") or more.get("iam_instance_profile_arn")
            word = "name" if more.get("iam_instance_profile_name") else "arn"
            raise EC2ClientError(
                "InvalidParameterValue",
                f"Value ({named}) for parameter iamInstanceProfile.{word} is invalid. "
                f"Invalid IAM Instance Profile {word}",
            )
        return found

    for owner in (profiles, instance_responses):
        put_over(owner, "filter_iam_instance_profiles", find_profile)


def _burstable_instances_have_cpu_credits() -> None:
    """T3, T3a and T4g start with unlimited CPU credits unless the launch says otherwise, T2 with standard.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances-how-to.html
    Other types refuse the option. A description without ids has only those that are unlimited:
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceCreditSpecifications.html
    moto knows standard alone, and no ModifyInstanceCreditSpecification.
    """
    launch = InstanceResponse.run_instances

    def run_instances(response: InstanceResponse) -> ActionResult:
        kind = response._get_param("InstanceType")
        option = response._get_param("CreditSpecification.CpuCredits")
        if option and kind and not _is_burstable(kind):
            raise _no_credits(kind)
        answer: ActionResult = launch(response)
        if option:
            for instance in answer.result.instances:  # type: ignore[attr-defined]
                instance.cpu_credits = option
        return answer

    put_over(InstanceResponse, "run_instances", run_instances)
    put_over(InstanceResponse, "describe_instance_credit_specifications", _describe_credits)
    InstanceResponse.modify_instance_credit_specification = _modify_credits  # type: ignore[attr-defined]


def _describe_credits(response: InstanceResponse) -> ActionResult:
    ids = response._get_param("InstanceIds", [])
    backend = response.ec2_backend
    found = backend.get_multi_instances_by_id(ids) if ids else backend.all_instances()
    options = {one.id: _credits_of(one) for one in found}
    shown = {one: option for one, option in options.items() if ids or option == "unlimited"}
    listed = [{"InstanceId": one, "CpuCredits": option} for one, option in shown.items()]
    return ActionResult({"InstanceCreditSpecifications": listed})


def _modify_credits(response: InstanceResponse) -> ActionResult:
    taken, left = [], []
    for asked in response._get_param("InstanceCreditSpecifications", []):
        name = asked["InstanceId"]
        try:
            instance = response.ec2_backend.get_instance(name)
            if not _is_burstable(instance.instance_type):
                raise _no_credits(instance.instance_type)
        except EC2ClientError as problem:
            left.append({"InstanceId": name, "Error": {"Code": problem.code, "Message": problem.message}})
        else:
            instance.cpu_credits = asked["CpuCredits"]
            taken.append({"InstanceId": name})
    return ActionResult(
        {
            "SuccessfulInstanceCreditSpecifications": taken,
            "UnsuccessfulInstanceCreditSpecifications": left,
        }
    )


def _is_burstable(kind: str) -> bool:
    return bool(INSTANCE_TYPES.get(kind, {}).get("BurstablePerformanceSupported"))


def _credits_of(instance: Any) -> str:
    by_default = "unlimited" if _is_burstable(instance.instance_type) else "standard"
    if instance.instance_type.startswith("t2."):
        by_default = "standard"
    return str(getattr(instance, "cpu_credits", by_default))


def _no_credits(kind: str) -> EC2ClientError:
    code = "InstanceCreditSpecification.NotSupported"
    return EC2ClientError(code, f"The {kind} instance type does not support CPU credits.")


def _a_new_group_is_seen_late_where_that_is_asked_for() -> None:
    """Some calls do not see a security group, a key pair or an instance right after it was made.

    https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html. moto is never late.
    `lateness.door` refuses the calls that name a new one; a list of groups leaves it out.
    """
    make, listed = SecurityGroupBackend.create_security_group, SecurityGroupBackend.describe_security_groups

    def create_security_group(backend: Any, *arguments: Any, **more: Any) -> Any:
        group = make(backend, *arguments, **more)
        for name in (group.id, group.name):
            late.made(Thing(backend.account_id, GROUP, name))
        return group

    def describe_security_groups(backend: Any, *arguments: Any, **more: Any) -> Any:
        found = listed(backend, *arguments, **more)
        if more.get("group_ids") or more.get("groupnames"):
            return found  # the door has seen to these
        return [
            group
            for group in found
            if not late.is_unseen("list of groups", Thing(backend.account_id, GROUP, group.id))
        ]

    put_over(SecurityGroupBackend, "create_security_group", create_security_group)
    put_over(SecurityGroupBackend, "describe_security_groups", describe_security_groups)


def _a_new_key_pair_is_seen_late_where_that_is_asked_for() -> None:
    """As above."""

    def noted(make: Any) -> Any:
        def key_pair(backend: Any, *arguments: Any, **more: Any) -> Any:
            made = make(backend, *arguments, **more)
            late.made(Thing(backend.account_id, KEY_PAIR, made.key_name))
            return made

        return key_pair

    for name in ("create_key_pair", "import_key_pair"):
        put_over(KeyPairBackend, name, noted(getattr(KeyPairBackend, name)))


def _instances_come_and_go_late_where_that_is_asked_for() -> None:
    """As above; and the interface of a terminated instance holds its security group for some moments more.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/how-ec2-instance-termination-works.html.
    """
    launch, terminate = InstanceBackend.run_instances, InstanceBackend.terminate_instances

    def run_instances(backend: Any, *arguments: Any, **more: Any) -> Any:
        reservation = launch(backend, *arguments, **more)
        for instance in reservation.instances:
            late.made(Thing(backend.account_id, INSTANCE, instance.id))
        return reservation

    def terminate_instances(backend: Any, instance_ids: list[str]) -> Any:
        ended = terminate(backend, instance_ids)
        for instance in backend.get_multi_instances_by_id(instance_ids):
            for group in instance.security_groups:
                late.made(Thing(backend.account_id, INTERFACE, group.id))
        return ended

    put_over(InstanceBackend, "run_instances", run_instances)
    put_over(InstanceBackend, "terminate_instances", terminate_instances)


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
        # What says itself where it goes: a subnet, an interface, a template.
        if not (asked.get("subnet_id") or asked.get("nics") or asked.get("launch_template")):
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
