"""What a launch is made of: the request above the template above the image; and launches said twice."""

import hashlib
import json
import threading
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError, InvalidAMIIdError, UnvailableAMIIdError
from moto.ec2.models.instances import InstanceBackend, Reservation
from moto.ec2.responses.instances import InstanceResponse

from localcloud.gaps.ec2.block_devices import merged_mappings
from localcloud.gaps.patching import put_over

# What a launch is asked for in moto's words, and the same in a template.
_SAME = {
    "key_name": "KeyName",
    "nics": "NetworkInterfaces",
    "ebs_optimized": "EbsOptimized",
    "disable_api_stop": "DisableApiStop",
    "disable_api_termination": "DisableApiTermination",
    "instance_initiated_shutdown_behavior": "InstanceInitiatedShutdownBehavior",
    "hibernation_options": "HibernationOptions",
    "metadata_options": "MetadataOptions",
}


def mend() -> None:
    """Mend all gaps of them."""
    _a_launch_takes_from_its_template_what_it_does_not_say()
    _block_devices_are_handed_on_as_they_were_asked_for()
    _a_launch_makes_as_many_as_it_may()
    _a_launch_said_twice_happens_once()


def _a_launch_takes_from_its_template_what_it_does_not_say() -> None:
    """RunInstances takes everything from the launch template's version that the request does not say itself.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/launch-instances-from-launch-template.html
    moto takes image, type, key, user data, groups and tags alone, and volumes twice. It launches images that
    are `pending`, `failed` or deregistered, which is InvalidAMIID.Unavailable on AWS:
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
    """
    run = InstanceBackend.run_instances

    def run_instances(
        backend: Any, image_id: str, count: int, user_data: Any, security_group_names: Any, **asked: Any
    ) -> Reservation:
        data: dict[str, Any] = {}
        if asked.get("launch_template"):
            data = backend._get_template_from_args(asked["launch_template"]).data
        image_id = image_id or data.get("ImageId", "")
        image = _launchable(backend, image_id)
        _fill_in(asked, data)
        if not (security_group_names or asked.get("security_group_ids")):
            security_group_names = data.get("SecurityGroups", [])
            asked["security_group_ids"] = list(data.get("SecurityGroupIds", []))
        devices = [data.get("BlockDeviceMappings"), asked.get("block_device_mappings")]
        if config := asked.get("launch_config"):
            devices.append(config.block_device_mapping_dict)
        asked["block_device_mappings"] = merged_mappings(
            backend, image.block_device_mappings, *(one for one in devices if one)
        )
        reservation: Reservation = run(
            backend, image_id, count, user_data or data.get("UserData"), security_group_names, **asked
        )
        if credit := data.get("CreditSpecification", {}).get("CpuCredits"):
            for instance in reservation.instances:
                instance.cpu_credits = credit  # type: ignore[attr-defined]
        return reservation

    put_over(InstanceBackend, "run_instances", run_instances)


def _launchable(backend: Any, name: str) -> Any:
    """Return the image of that id. Raises `EC2ClientError` where none can be launched."""
    if not name:
        raise EC2ClientError("MissingParameter", "The request must contain the parameter ImageId")
    if name in backend.deleted_amis:
        raise UnvailableAMIIdError(name)
    if (image := backend.amis.get(name)) is None:
        backend.describe_images(ami_ids=[name])  # knows a malformed id
        raise InvalidAMIIdError(name)
    if image.state != "available":
        raise EC2ClientError(
            "InvalidAMIID.Unavailable", f"The image id '[{name}]' is {image.state} and cannot be launched"
        )
    return image


def _fill_in(asked: dict[str, Any], data: dict[str, Any]) -> None:
    for ours, theirs in _SAME.items():
        if not asked.get(ours) and theirs in data:
            asked[ours] = data[theirs]
    if asked.get("is_instance_type_default", False) and "InstanceType" in data:
        asked |= {"instance_type": data["InstanceType"], "is_instance_type_default": False}
    # Parts of it may be the request's.
    asked["metadata_options"] = data.get("MetadataOptions", {}) | (asked.get("metadata_options") or {})
    if not asked.get("instance_market_options"):
        asked["instance_market_options"] = data.get("InstanceMarketOptions", {}).get("MarketType", {})
    if data.get("Monitoring", {}).get("Enabled") and asked.get("monitoring_state") != "enabled":
        asked["monitoring_state"] = "enabled"
    if not (asked.get("placement") or asked.get("subnet_id")):
        asked["placement"] = data.get("Placement", {}).get("AvailabilityZone")
    tags = {one["ResourceType"]: _tags(one) for one in data.get("TagSpecifications", [])}
    given = asked.get("tags") or {}
    asked["tags"] = {kind: tags.get(kind, {}) | given.get(kind, {}) for kind in tags.keys() | given.keys()}


def _tags(specification: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in specification.get("Tags", [])}


def _block_devices_are_handed_on_as_they_were_asked_for() -> None:
    """What a mapping does not say, the image says: its root volume goes with its instance.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EbsBlockDevice.html
    moto takes silence for "stays", so a fleet would leave a root volume behind for each instance.
    """
    parse = InstanceResponse._parse_block_device_mapping

    def parse_block_device_mapping(response: InstanceResponse) -> list[dict[str, Any]]:
        parse(response)  # refuses what is wrong
        asked: list[dict[str, Any]] = response._get_param("BlockDeviceMappings", [])
        return asked

    put_over(InstanceResponse, "_parse_block_device_mapping", parse_block_device_mapping)


def _a_launch_makes_as_many_as_it_may() -> None:
    """RunInstances launches `MaxCount` instances, and fewer, down to `MinCount`, only where capacity lacks.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
    moto launches `MinCount`. Here capacity never lacks a little, so it is all or none.
    """
    launch = InstanceResponse.run_instances

    def run_instances(response: InstanceResponse) -> ActionResult:
        least, most = (int(response._get_param(name, 1)) for name in ("MinCount", "MaxCount"))
        if not 1 <= least <= most:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"MinCount {least} and MaxCount {most} are invalid: 1 <= MinCount <= MaxCount is wanted",
            )
        response.params["MinCount"] = most
        made: ActionResult = launch(response)
        return made

    put_over(InstanceResponse, "run_instances", run_instances)


def _a_launch_said_twice_happens_once() -> None:
    """RunInstances with a `ClientToken` that was used before answers with the instances of then.

    With other parameters it is IdempotentParameterMismatch. A token counts for its account and region, and a
    launch that failed uses none up. https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
    moto launches each time.
    """
    launch = InstanceResponse.run_instances
    launched: dict[tuple[str, str, str], tuple[str, ActionResult]] = {}
    one_at_a_time = threading.Lock()

    def run_instances(response: InstanceResponse) -> ActionResult:
        token = response._get_param("ClientToken")
        if not token or response._get_param("DryRun", False):
            made: ActionResult = launch(response)
            return made
        key = (response.current_account, response.region, token)
        asked = _digest(response)
        with one_at_a_time:
            if key not in launched:
                launched[key] = asked, launch(response)
            before, answer = launched[key]
        if before != asked:
            raise EC2ClientError(
                "IdempotentParameterMismatch",
                f"The client token {token} was used before, with other parameters: use another token",
            )
        return answer

    put_over(InstanceResponse, "run_instances", run_instances)


def _digest(response: InstanceResponse) -> str:
    asked = {name: value for name, value in response.data.items() if name != "ClientToken"}
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()
