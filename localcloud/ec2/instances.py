"""EC2 instances with a host behind each: moto's record of one, whose state and address are the host's."""

import base64
import copy
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, Protocol

from moto.core.utils import utcnow
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.amis import Ami
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance, InstanceState, StateReason

from localcloud.errors import HostsUnavailableError
from localcloud.gaps.autoscaling.running import engine
from localcloud.gaps.elbv2.running import engine as balancers
from localcloud.hosts.addresses import AddressRange
from localcloud.hosts.host import Host, Seed
from localcloud.hosts.keeper import Capture, Keeper

# The codes EC2 gives the states: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceState.html
_STATE_CODES = {
    "pending": 0,
    "running": 16,
    "shutting-down": 32,
    "terminated": 48,
    "stopping": 64,
    "stopped": 80,
}


@dataclass(frozen=True)
class SpotNotice:
    """What a spot instance is told of its interruption: `terminate` or `stop`, when told, and for when."""

    action: str
    given: datetime
    time: datetime


class Hosts(Protocol):
    """What an instance needs of the cloud that it belongs to."""

    addresses: AddressRange
    instances: "list[HostedInstance]"

    def new_host(self, instance: "HostedInstance") -> Host:
        """Return a host for `instance` that was not made yet."""

    def forget_image(self, image: str) -> None:
        """Remove the files of an image, once no host stands on them."""

    def surplus(self, new: "list[HostedInstance]") -> "list[HostedInstance]":
        """Return which instances a lab ends now that `new` ones are to run."""


class HostedInstance(Instance):
    """An instance with a host behind it."""

    fleet: ClassVar[Hosts]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make the record; `launch` makes the host."""
        super().__init__(*args, **kwargs)
        self.spot_behavior = "terminate"
        self.spot_notice: SpotNotice | None = None
        self._address: str | None = None
        self._become("pending")
        address = self._take_address()
        self._use_address(address)
        # Named once: on AWS the private address, which the name is made of, lasts as long as the instance.
        self._hostname = f"ip-{address.replace('.', '-')}"
        host = self.fleet.new_host(self)
        self.console = host.console
        self.keeper = Keeper(host, self._seed(), self)
        # On AWS an interface that was made with its instance goes with it, unless told otherwise.
        for index, nic in self.nics.items():
            nic.delete_on_termination = index not in _indexes_kept(kwargs.get("nics", []))

    def launch(self) -> None:
        """Boot the host for the first time."""
        self.fleet.instances.append(self)
        self.keeper.start(self._address or "")

    def forget(self) -> None:
        """Give back address, interfaces and volumes of one that is not to be; it has no host yet."""
        self._give_address_back()
        super().terminate()
        self.keeper.destroy()

    def start(self) -> InstanceState:
        """StartInstances: boot again, on a new address as on AWS."""
        before = self._require("stopped", "pending", "running", action="started")
        if before.name == "stopped":
            address = self._take_address()
            self._explain("", StateReason())
            self.spot_notice = None
            self.launch_time = utcnow()
            self._use_address(address)
            self._become("pending")
            surplus = self.fleet.surplus([self])
            if self not in surplus:
                self.keeper.start(address)
            for instance in surplus:
                instance.end_for_the_lab()
        return before

    def stop(self) -> InstanceState:
        """StopInstances: shut the host down and keep its disk."""
        before = self._require("running", "stopping", "stopped", action="stopped")
        if before.name == "running":
            self._explain_by_user()
            self._become("stopping")
            self.keeper.stop()
        return before

    def stop_for_the_lab(self) -> bool:
        """Stop it if it runs or boots, as the lab does when a session ends; tell whether it did."""
        if self._state.name not in ("pending", "running"):
            return False
        self._explain_by_user()
        self._become("stopping")
        self.keeper.stop()
        return True

    def end_for_the_lab(self) -> None:
        """Terminate it because there are more than the lab allows."""
        self.terminate()
        code = "Client.UserInitiatedShutdown"
        self._explain("", StateReason(f"{code}: the lab ends instances beyond its limits", code))

    def interrupt(self, action: str) -> None:
        """Let EC2 take a spot instance back: `terminate` or `stop` it."""
        self.spot_notice = None
        if self._state.name != "running":
            return
        if action == "terminate":
            self.terminate()
            code, words = "Server.SpotInstanceTermination", "Spot instance termination"
        else:
            self._become("stopping")
            self.keeper.stop()
            code, words = "Server.SpotInstanceShutdown", "Spot instance shutdown"
        self._explain("", StateReason(f"{code}: {words}", code))

    def reboot(self) -> None:
        """RebootInstances: the state and the address stay."""
        if self._require("pending", "running", action="rebooted").name == "running":
            self.keeper.reboot()

    def terminate(self) -> InstanceState:
        """TerminateInstances: destroy the host with its disk."""
        before = copy.copy(self._state)
        if before.name not in ("shutting-down", "terminated"):
            self._explain_by_user()
            self._become("shutting-down")
            self.keeper.destroy()
        return before

    def become_image(self, image: Ami, *, reboot: bool) -> None:
        """CreateImage: make an image of the disk, which is `pending` until then."""
        self.keeper.capture(Capture(image.id, reboot, partial(self._image_is_made, image)))

    def _image_is_made(self, image: Ami, failure: str | None) -> None:
        """Take note of an image of the disk, or of why there is none."""
        for snapshot in image.snapshots:  # type: ignore[attr-defined]
            snapshot.status = "error" if failure else "completed"
        if failure:
            code = "Server.InternalError"
            image.state_reason = StateReason(f"{code}: {failure}", code)  # type: ignore[attr-defined]
        image.state = "failed" if failure else "available"
        if image.id not in self.ec2_backend.amis:
            # It was deregistered before it was made.
            self.fleet.forget_image(image.id)

    def host_is_running(self) -> None:
        """See `keeper.Observer`."""
        if self._state.name == "pending":
            self._become("running")

    def host_is_off(self, *, from_inside: bool) -> None:
        """See `keeper.Observer`."""
        self._give_address_back()
        if from_inside:
            text = "Client.InstanceInitiatedShutdown: Instance initiated shutdown"
            self._explain("", StateReason(text, "Client.InstanceInitiatedShutdown"))
        if from_inside and self.instance_initiated_shutdown_behavior == "terminate":
            self._become("shutting-down")
            self.keeper.destroy()
        elif self._state.name != "shutting-down":
            self._become("stopped")

    def host_is_gone(self, failure: str | None) -> None:
        """See `keeper.Observer`."""
        if self._state.name == "terminated":
            return  # it never was
        self._give_address_back()
        reason, state_reason = self._reason, self.state_reason
        super().terminate()
        self._explain(reason, state_reason)
        if failure:
            code = "Server.InternalError"
            self._explain(code, StateReason(f"{code}: {failure}", code))
        engine.wake()

    @property
    def network_interfaces(self) -> list[NetworkInterface]:
        """A terminated instance has none left."""
        return [] if self._state.name == "terminated" else super().network_interfaces

    @property
    def public_dns_name(self) -> str:
        """Return no name, as AWS does in a network without DNS host names: no resolver would know it."""
        return ""

    @property
    def private_dns_name(self) -> str:
        """The name the host has itself."""
        suffix = "ec2.internal" if self.region_name == "us-east-1" else f"{self.region_name}.compute.internal"
        return f"{self._hostname}.{suffix}"

    def _seed(self) -> Seed:
        key = self.ec2_backend.key_pairs.get(self.key_name)
        user_data = base64.b64decode(str(self.user_data)) if self.user_data else b""
        return Seed(self._hostname, (key.public_key.strip(),) if key else (), user_data)

    def _require(self, *states: str, action: str) -> InstanceState:
        if self._state.name not in states:
            raise EC2ClientError(
                "IncorrectInstanceState",
                f"The instance '{self.id}' is not in a state from which it can be {action}.",
            )
        return copy.copy(self._state)

    def _become(self, state: str) -> None:
        # A new object, so that no reader sees the name of one state with the code of another.
        self._state = InstanceState(state, _STATE_CODES[state])
        engine.wake()
        balancers.wake()

    def _explain(self, reason: str, state_reason: StateReason) -> None:
        self._reason = reason
        self.state_reason = state_reason

    def _explain_by_user(self) -> None:
        text = "Client.UserInitiatedShutdown: User initiated shutdown"
        moment = f"{utcnow():%Y-%m-%d %H:%M:%S} GMT"
        self._explain(f"User initiated ({moment})", StateReason(text, "Client.UserInitiatedShutdown"))

    def _take_address(self) -> str:
        try:
            return self.fleet.addresses.take()
        except HostsUnavailableError as problem:
            raise EC2ClientError("InsufficientFreeAddressesInSubnet", str(problem)) from problem

    def _use_address(self, address: str | None) -> None:
        """Report `address` as the private one, and as the public one where the network gives any.

        With None only the public one goes.
        """
        nic = self.nics[0]
        nic.public_ip = address if self.associate_public_ip else None
        self._address = address
        if address:
            nic.private_ip_address = address
            nic.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": address}]

    def _give_address_back(self) -> None:
        if address := self._address:
            self.fleet.addresses.give_back(address)
        self._use_address(None)


def _indexes_kept(specifications: list[dict[str, Any]]) -> set[int]:
    """Return the device indexes of the interfaces that outlive the instance."""
    return {
        int(one["DeviceIndex"])
        for one in specifications
        if "NetworkInterfaceId" in one or one.get("DeleteOnTermination") is False
    }
