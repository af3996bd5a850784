"""The hook between moto's EC2 and real hosts.

moto has no place to plug a machine in: its `Instance` is a record whose methods set a state.
Two names are therefore put in its place from inside the same process, and nothing else of it is
touched: the class that `run_instances` makes instances of, and `run_instances` itself, because
only after it are an instance's tags, volumes and user data complete. All of moto's filters,
validations and answers stay as they are, and see the real state and address.
"""

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from moto.core.responses import ActionResult
from moto.core.types import Base64EncodedString
from moto.core.utils import utcnow
from moto.ec2.exceptions import EC2ClientError, UnvailableAMIIdError
from moto.ec2.models import instances as moto_instances
from moto.ec2.models.amis import AmiBackend
from moto.ec2.models.instances import InstanceBackend, Reservation
from moto.ec2.responses.general import General

from localcloud.ec2 import spot
from localcloud.ec2.fleet import HostFleet
from localcloud.ec2.instances import HostedInstance
from localcloud.gaps.patching import put_over

# GetConsoleOutput returns the last 64 KB, says its reference.
_CONSOLE_BYTES = 64 * 1024


def use_hosts(fleet: HostFleet) -> None:
    """Let every instance moto makes from now on have a host in `fleet`."""
    HostedInstance.fleet = fleet
    moto_run_instances = InstanceBackend.run_instances
    one_at_a_time = threading.RLock()

    def run_instances(backend: InstanceBackend, image: str, *args: Any, **kwargs: Any) -> Reservation:
        with one_at_a_time, _all_or_none(backend):
            if image not in backend.amis:  # type: ignore[attr-defined]
                raise UnvailableAMIIdError(image)
            reservation = moto_run_instances(backend, image, *args, **kwargs)
            new = [made for made in reservation.instances if isinstance(made, HostedInstance)]
            if fleet.lab is not None:
                for one in new:
                    fleet.lab.check_kind(one)
            _associate_profile(backend, reservation, kwargs)
            spot.mark(backend, new, kwargs)
        surplus = fleet.surplus(new)
        for one in new:
            if one not in surplus:
                one.launch()
        for one in surplus:
            one.end_for_the_lab()
        return reservation

    deregister = AmiBackend.deregister_image

    def deregister_image(backend: Any, ami_id: str) -> None:
        # Not between a launch's look at its image and its hold on the image's files.
        with one_at_a_time:
            deregister(backend, ami_id)
            fleet.forget_image(ami_id)

    spot.hear_requests()
    put_over(moto_instances, "Instance", HostedInstance)
    put_over(InstanceBackend, "run_instances", run_instances)
    put_over(AmiBackend, "deregister_image", deregister_image)
    put_over(General, "get_console_output", _get_console_output)


@contextmanager
def _all_or_none(backend: InstanceBackend) -> Iterator[None]:
    """Remove what was made of a request that turns out to be wrong: moto lists it; AWS makes nothing."""
    known = set(backend.reservations)
    try:
        yield
    except Exception:
        for half_made in set(backend.reservations) - known:
            for instance in backend.reservations[half_made].instances:
                instance.forget()  # type: ignore[attr-defined]  # see `use_hosts`
            del backend.reservations[half_made]
        raise


def _associate_profile(backend: InstanceBackend, reservation: Reservation, asked: dict[str, Any]) -> None:
    """Give every new instance the profile of the request or of its launch template.

    On AWS all of them get it. moto gives it to the first one, and none to those of a template.
    """
    wanted = {
        "iam_instance_profile_name": asked.get("iam_instance_profile_name"),
        "iam_instance_profile_arn": asked.get("iam_instance_profile_arn"),
    }
    # moto itself gives the first one what the request names.
    first = 1
    if not any(wanted.values()) and asked.get("launch_template"):
        template = backend._get_template_from_args(asked["launch_template"])
        named = template.data.get("IamInstanceProfile", {})
        wanted = {f"iam_instance_profile_{word.lower()}": named.get(word) for word in ("Name", "Arn")}
        first = 0
    if any(wanted.values()):
        for instance in reservation.instances[first:]:
            backend.associate_iam_instance_profile(instance.id, **wanted)  # type: ignore[attr-defined]


def refuse_hosts(problem: str) -> None:
    """Let RunInstances fail with `problem`, as AWS does where it has no machine to give."""

    def run_instances(backend: InstanceBackend, *args: Any, **kwargs: Any) -> Reservation:
        raise EC2ClientError("InsufficientInstanceCapacity", problem)

    put_over(InstanceBackend, "run_instances", run_instances)


def _get_console_output(response: General) -> ActionResult:
    instance = response.ec2_backend.get_instance(response._get_param("InstanceId"))
    output = _tail(instance.console, _CONSOLE_BYTES)
    encoded = Base64EncodedString.from_encoded_bytes(base64.b64encode(output))
    return ActionResult({"InstanceId": instance.id, "Timestamp": utcnow(), "Output": encoded})


def _tail(path: Path, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - size))
            return file.read()
    except FileNotFoundError:
        return b""
