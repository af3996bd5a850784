"""Instances: volumes, network interfaces, security groups, metadata."""

from typing import Any

from moto.ec2.exceptions import (
    DependencyViolationError,
    EC2ClientError,
)
from moto.ec2.models import elastic_network_interfaces
from moto.ec2.models import iam_instance_profile as profiles
from moto.ec2.models.amis import Ami
from moto.ec2.models.instances import MetadataOptions
from moto.ec2.models.security_groups import SecurityGroupBackend
from moto.ec2.responses import instances as instance_responses
from moto.ec2.responses.instances import InstanceResponse
from moto.ec2.utils import filter_iam_instance_profiles
from moto.iam.exceptions import NotFoundException

from localcloud.gaps.patching import put_over
from localcloud.lateness.door import INTERFACE
from localcloud.lateness.register import Thing, late


def mend() -> None:
    """Mend all gaps of them."""
    _images_have_their_root_volume()
    _root_volume_goes_with_its_instance()
    _interfaces_have_no_public_name()
    _used_security_groups_stay()
    _metadata_wants_a_token()
    _an_unknown_profile_is_a_wrong_parameter()


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
