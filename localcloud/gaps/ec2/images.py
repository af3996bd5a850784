"""Own images: their names, states, snapshots and volumes.

`instances.HostedInstance.become_image` makes what is in them.
"""

import copy
import re
import threading
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.amis import Ami
from moto.ec2.responses.amis import AmisResponse
from moto.ec2.utils import random_ami_id

from localcloud.gaps.ec2.block_devices import merged_mappings
from localcloud.gaps.patching import put_over

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html, "Name".
_NAME = re.compile(r"[A-Za-z0-9()\[\] ./\-'@_]{3,128}")

_one_at_a_time = threading.Lock()


def mend() -> None:
    """Mend all gaps of them."""
    _images_have_their_root_volume()
    _an_image_is_made_of_an_instance()
    _deregistering_takes_snapshots_along_where_that_is_wished()
    _an_image_without_content_is_not_made()


def _images_have_their_root_volume() -> None:
    """Debian's images have an 8 GB root volume that goes with its instance.

    moto gives every image a 15 GB magnetic one that stays.
    """
    make = Ami.__init__

    def make_with_volume(image: Any, *arguments: Any, **more: Any) -> None:
        make(image, *arguments, **more)
        image.snapshots = [image.ebs_snapshot]
        image.ebs_snapshot.volume.size = 8
        ebs = {
            "SnapshotId": image.ebs_snapshot.id,
            "VolumeSize": 8,
            "DeleteOnTermination": True,
            "VolumeType": "gp3",
            "Encrypted": False,
        }
        image.devices = [{"DeviceName": image.root_device_name, "Ebs": ebs}]

    put_over(Ami, "__init__", make_with_volume)
    put_over(Ami, "block_device_mappings", property(lambda image: copy.deepcopy(image.devices)))


def _an_image_is_made_of_an_instance() -> None:
    """An image has its instance's volumes, as snapshots, and is `pending` until its content is there.

    The instance must run or be stopped. The name must be well-formed and free in the account and region.
    Tags may be given for the image and its snapshots. `BlockDeviceMappings` change what the volumes of new
    instances are like.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
    moto takes any name, no tags for snapshots, and the image is `available` at once.
    """
    put_over(AmisResponse, "create_image", _create_image)


def _create_image(response: AmisResponse) -> ActionResult:
    backend, name = response.ec2_backend, response._get_param("Name", "")
    instance = backend.get_instance(response._get_param("InstanceId"))
    tags = response._parse_tag_specification()
    for kind in tags.keys() - {"image", "snapshot"}:
        raise EC2ClientError(
            "InvalidParameterValue", f"'{kind}' is not a valid taggable resource type for this operation."
        )
    if instance.state not in ("running", "stopped"):
        raise EC2ClientError(
            "IncorrectInstanceState",
            f"The instance '{instance.id}' is not in a state from which an image can be made.",
        )
    with _one_at_a_time:
        _check_name(backend, name)
        response.error_on_dryrun()
        image = _record(backend, instance, name, response._get_param("Description", ""))
        _give_volumes(image, instance, response._get_param("BlockDeviceMappings", []))
        image.add_tags(tags.get("image", {}))
        for snapshot in image.snapshots:
            snapshot.add_tags(tags.get("snapshot", {}))
        backend.amis[image.id] = image
    instance.become_image(image, reboot=not response._get_bool_param("NoReboot", False))
    return ActionResult({"ImageId": image.id})


def _check_name(backend: Any, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise EC2ClientError(
            "InvalidAMIName.Malformed",
            f"AMI name '{name}' is malformed: AMI names must be between 3 and 128 characters long, and may "
            "contain letters, numbers, spaces and the characters ( ) [ ] . / - ' @ _",
        )
    for image in list(backend.amis.values()):
        if image.name == name and image.owner_id == backend.account_id:
            raise EC2ClientError(
                "InvalidAMIName.Duplicate", f"AMI name {name} is already in use by AMI {image.id}"
            )


def _record(backend: Any, instance: Any, name: str, description: str) -> Any:
    source = backend.amis.get(instance.image_id)
    number = random_ami_id()
    image: Any = Ami(
        backend,
        number,
        instance=instance,
        name=name,
        description=description,
        state="pending",
        image_location=f"{backend.account_id}/{name}",
        hypervisor=instance.hypervisor,
        root_device_type="ebs",
        root_device_name=instance.root_device_name,
        boot_mode=source.boot_mode if source else "uefi-preferred",
        snapshot_description=f"Created by CreateImage({instance.id}) for {number}",
    )
    image.source_image_id = instance.image_id
    return image


def _give_volumes(image: Any, instance: Any, asked: list[dict[str, Any]]) -> None:
    """Let the image's snapshots be those of the instance's volumes."""
    backend, first = image.ec2_backend, image.ebs_snapshot
    image.snapshots, devices = [], []
    wanted = {one["DeviceName"]: one for one in asked}
    for device, block in instance.get_block_device_mapping:
        if "NoDevice" in wanted.get(device, {}):
            continue
        volume = backend.get_volume(block.volume_id)
        snapshot = first
        if device != image.root_device_name:
            snapshot = backend.create_snapshot(volume.id, first.description, from_ami=image.id)
        # The volume may be gone or changed one day.
        snapshot.volume, snapshot.status = copy.copy(volume), "pending"
        snapshot.encrypted = volume.encrypted
        image.snapshots.append(snapshot)
        ebs = {
            "SnapshotId": snapshot.id,
            "VolumeSize": volume.size,
            "DeleteOnTermination": block.delete_on_termination,
            "VolumeType": volume.volume_type,
            "Encrypted": volume.encrypted,
        }
        devices.append({"DeviceName": device, "Ebs": ebs})
    image.devices = merged_mappings(backend, devices, asked)


def _deregistering_takes_snapshots_along_where_that_is_wished() -> None:
    """DeregisterImage leaves the image's snapshots, unless `DeleteAssociatedSnapshots` is true.

    The answer then has a result for each. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeregisterImage.html
    moto leaves them always. Who does not own the image is refused; moto lets everybody deregister Debian's.
    """

    def deregister_image(response: AmisResponse) -> ActionResult:
        backend, name = response.ec2_backend, response._get_param("ImageId")
        response.error_on_dryrun()
        image: Any = backend.amis.get(name)
        if image is not None and image.owner_id != backend.account_id:
            raise EC2ClientError("AuthFailure", f"Not authorized for image: {name}")
        backend.deregister_image(name)
        results = []
        if image is not None and response._get_bool_param("DeleteAssociatedSnapshots", False):
            for snapshot in image.snapshots:
                backend.snapshots.pop(snapshot.id, None)
                results.append({"SnapshotId": snapshot.id, "ReturnCode": "success"})
        return ActionResult({"Return": True, "DeleteSnapshotResults": results})

    put_over(AmisResponse, "deregister_image", deregister_image)


def _an_image_without_content_is_not_made() -> None:
    """CopyImage and RegisterImage make images of what is in others or in snapshots.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopyImage.html
    moto makes records, which would boot as the base image here. So they are refused.
    """

    def refuse(response: AmisResponse) -> ActionResult:
        raise EC2ClientError(
            "UnsupportedOperation", "localcloud makes images by CreateImage alone: make it of an instance"
        )

    for name in ("copy_image", "register_image"):
        put_over(AmisResponse, name, refuse)
