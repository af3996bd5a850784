"""The engine of this cloud's groups, with moto's EC2 as where instances come from."""

import logging
import time
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS
from moto.ec2.models.launch_templates import LaunchTemplateVersion

from localcloud.gaps.timing import aws_seconds
from localcloud.iam.ordered_refusals import orders
from localcloud.scaling_groups.ec2 import Launch, Launched, LaunchRefusedError, Place, Spot, TemplateName
from localcloud.scaling_groups.engine import GroupEngine
from localcloud.scaling_groups.group import all_groups

log = logging.getLogger(__name__)


class MotoEc2:
    """Launches and terminates in moto's EC2, where a host boots behind each instance; see `ec2.Ec2`."""

    def launch(self, place: Place, wanted: Launch) -> Launched:
        """See `ec2.Ec2`."""
        if order := orders.take("ec2:RunInstances"):
            raise LaunchRefusedError(order.words("ec2:RunInstances"))
        backend = ec2_backends[place.account][place.region]
        try:
            version = version_of(backend, wanted.template)
            made = _run(backend, wanted, version)
        except ServiceException as error:
            raise LaunchRefusedError(error.message) from error
        except Exception as error:
            log.exception("%s cannot launch", wanted.group)
            raise LaunchRefusedError(f"Internal error: {error!r}") from error
        return Launched(made.id, made.instance_type, version.number)

    def state(self, place: Place, instance: str) -> str:
        """See `ec2.Ec2`."""
        found = _find(place, instance)
        return "terminated" if found is None else str(found.state)

    def reason(self, place: Place, instance: str) -> str:
        """See `ec2.Ec2`."""
        found = _find(place, instance)
        return "" if found is None else str(found.state_reason.message or "")

    def terminate(self, place: Place, instance: str) -> None:
        """See `ec2.Ec2`."""
        found = _find(place, instance)
        if found is not None and found.state != "terminated":
            # A group terminates what a person may not:
            # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_ChangingDisableAPITermination.html
            found.disable_api_termination = False
            ec2_backends[place.account][place.region].terminate_instances([instance])


def _find(place: Place, instance: str) -> Any:
    backend = ec2_backends[place.account][place.region]
    found = (
        one for made in list(backend.reservations.values()) for one in made.instances if one.id == instance
    )
    return next(found, None)


def version_of(backend: Any, name: TemplateName) -> LaunchTemplateVersion:
    """Return the version of a launch template that a group launches from now. Raises `ServiceException`."""
    template = backend.describe_launch_templates(template_ids=[name.id])[0]
    return template.get_version(name.version or "$Default")  # type: ignore[no-any-return]


def _run(backend: Any, wanted: Launch, version: LaunchTemplateVersion) -> Any:
    """Launch as RunInstances would that names template and version, subnet and tags, and nothing else."""
    kind = str(version.data.get("InstanceType", ""))
    subnet = _subnet(backend, wanted.spot, kind)
    interfaces = [{**one, "SubnetId": subnet.id} for one in version.data.get("NetworkInterfaces", [])]
    reservation = backend.run_instances(
        "",
        1,
        None,
        [],
        instance_type=kind,
        is_instance_type_default=False,
        region_name=backend.region_name,
        subnet_id=subnet.id,
        associate_public_ip=interfaces[0].get("AssociatePublicIpAddress") if interfaces else None,
        nics=interfaces,
        security_group_ids=[group for one in interfaces[:1] for group in one.get("Groups", [])],
        # They stand over those of the template:
        # https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html
        tags={"instance": wanted.tags},
        launch_template={"LaunchTemplateId": version.template.id, "Version": str(version.number)},
    )
    return reservation.instances[0]


def _subnet(backend: Any, spot: Spot, kind: str) -> Any:
    """Return the subnet to launch in: the group's, else the zone's default one. Raises `EC2ClientError`."""
    offers = INSTANCE_TYPE_OFFERINGS["availability-zone"].get(backend.region_name, [])
    zones = {offer["Location"] for offer in offers if offer["InstanceType"] == kind}
    if zones and spot.zone not in zones:
        raise EC2ClientError(
            "Unsupported",
            f"Your requested instance type ({kind}) is not supported in your requested Availability Zone "
            f"({spot.zone}). Please retry your request by not specifying an Availability Zone or choosing "
            f"{', '.join(sorted(zones))}.",
        )
    if spot.subnet:
        return backend.get_subnet(spot.subnet)
    if (found := backend.get_default_subnets().get(spot.zone)) is None:
        raise EC2ClientError("InvalidInput", f"No default subnet for availability zone: '{spot.zone}'.")
    return found


class ScaledClock:
    """The machine's clock, on which AWS's own waiting is as fast as `up` was told; see `ec2.CloudClock`."""

    def now(self) -> float:
        """See `ec2.CloudClock`."""
        return time.monotonic()

    def moment(self) -> datetime:
        """See `ec2.CloudClock`."""
        return datetime.now(UTC)

    def real(self, seconds: float) -> float:
        """See `ec2.CloudClock`."""
        return aws_seconds(seconds)


engine = GroupEngine(MotoEc2(), ScaledClock(), all_groups)
