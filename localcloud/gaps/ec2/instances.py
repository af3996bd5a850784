"""Instances: network interfaces, security groups, metadata."""

from typing import Any

from moto.ec2.exceptions import (
    DependencyViolationError,
    EC2ClientError,
)
from moto.ec2.models import elastic_network_interfaces
from moto.ec2.models import iam_instance_profile as profiles
from moto.ec2.models.instances import Instance, InstanceBackend, MetadataOptions
from moto.ec2.models.security_groups import SecurityGroupBackend
from moto.ec2.responses import instances as instance_responses
from moto.ec2.utils import filter_iam_instance_profiles
from moto.iam.exceptions import NotFoundException

from localcloud.gaps.patching import put_over
from localcloud.lateness.door import INTERFACE
from localcloud.lateness.register import Thing, late


def mend() -> None:
    """Mend all gaps of them."""
    _interfaces_have_no_public_name()
    _used_security_groups_stay()
    _other_security_groups_take_the_place_of_those_before()
    _metadata_wants_a_token()
    _an_unknown_profile_is_a_wrong_parameter()


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

    So it does while a rule of another group names it. moto deletes it, so a teardown that does not wait would
    pass here and fail on AWS. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html
    """
    delete = SecurityGroupBackend._delete_security_group

    def delete_if_unused(backend: SecurityGroupBackend, vpc_id: str | None, group_id: str) -> None:
        interfaces = backend.enis.values()  # type: ignore[attr-defined]
        if any(group.id == group_id for interface in list(interfaces) for group in interface.group_set):
            raise DependencyViolationError(f"resource {group_id} has a dependent object")
        groups = [one for some in list(backend.groups.values()) for one in list(some.values())]
        others = [one for one in groups if one.id != group_id]
        rules = [rule for one in others for rule in (*one.ingress_rules, *one.egress_rules)]
        if any(rule.source_group.get("GroupId") == group_id for rule in rules):
            raise DependencyViolationError(f"resource {group_id} has a dependent object")
        # See below: the interface is still there.
        left = Thing(backend.account_id, INTERFACE, group_id)  # type: ignore[attr-defined]
        if late.is_unseen("DeleteSecurityGroup", left):
            raise DependencyViolationError(f"resource {group_id} has a dependent object")
        delete(backend, vpc_id, group_id)

    put_over(SecurityGroupBackend, "_delete_security_group", delete_if_unused)


def _other_security_groups_take_the_place_of_those_before() -> None:
    """ModifyInstanceAttribute gives an instance's first interface other security groups instead of its own.

    moto leaves the interface in those that it had, and so they could never be removed.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceAttribute.html
    """
    modify = InstanceBackend.modify_instance_security_groups

    def modify_with_interface(backend: InstanceBackend, instance_id: str, groups: list[str]) -> Instance:
        instance = modify(backend, instance_id, groups)
        for interface in instance.nics.values():
            interface._group_set = list(instance.security_groups)
        return instance

    put_over(InstanceBackend, "modify_instance_security_groups", modify_with_interface)


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
