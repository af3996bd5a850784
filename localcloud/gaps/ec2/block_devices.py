"""The volumes of new instances, out of what the image, the launch template and the request say."""

from typing import Any

from moto.ec2.exceptions import EC2ClientError

Mapping = dict[str, Any]


def merged_mappings(backend: Any, *layers: list[Mapping]) -> list[Mapping]:
    """Return the block devices that several lists, the most general first, describe together.

    A later one changes what it names: the size of the root volume, say, while the snapshot stays that of the
    image. `NoDevice` takes a device away. Raises `EC2ClientError` where a volume is smaller than its
    snapshot.
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/block-device-mapping-concepts.html
    """
    found: dict[str, Mapping] = {}
    for layer in layers:
        for mapping in layer:
            device = mapping["DeviceName"]
            if mapping.get("NoDevice") is not None:
                found.pop(device, None)
                continue
            before = found.get(device, {}).get("Ebs", {})
            given = {name: value for name, value in mapping.get("Ebs", {}).items() if value is not None}
            found[device] = {"DeviceName": device, "Ebs": before | given}
    for device, mapping in found.items():
        _check_size(backend, device, mapping["Ebs"])
    return list(found.values())


def _check_size(backend: Any, device: str, ebs: Mapping) -> None:
    snapshot = ebs.get("SnapshotId")
    if snapshot is None:
        if ebs.get("VolumeSize") is None:
            raise EC2ClientError(
                "MissingParameter", f"The request must contain the parameter size or snapshotId of {device}"
            )
        return
    least = backend.get_snapshot(snapshot).volume_size
    size = ebs.setdefault("VolumeSize", least)
    if int(size) < least:
        raise EC2ClientError(
            "InvalidBlockDeviceMapping",
            f"Volume of size {size}GB is smaller than snapshot '{snapshot}', expect size >= {least}GB",
        )
