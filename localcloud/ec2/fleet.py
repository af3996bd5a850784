"""All hosts of one cloud, a metadata service beside each, and the lab that may limit them."""

from pathlib import Path

from moto.ec2.models.instance_types import INSTANCE_TYPES

from localcloud.ec2.instance_metadata import InstanceMetadata
from localcloud.ec2.instances import HostedInstance
from localcloud.ec2.lab_limits import Lab
from localcloud.hosts.addresses import AddressRange
from localcloud.hosts.host import Host
from localcloud.hosts.metadata_server import MetadataServer
from localcloud.iam.keyring import Keyring


class HostFleet:
    """All hosts of one cloud."""

    def __init__(
        self,
        *,
        image: Path,
        folder: Path,
        cloud: str,
        ssh_port: int,
        addresses: AddressRange,
        keyring: Keyring,
        role_seconds: float,
        role_delay: float = 0.0,
    ) -> None:
        """Boot hosts from `image`, with their files in `folder` and their sshd on `ssh_port`.

        Their metadata services issue keys from `keyring` that live for `role_seconds`, the first `role_delay`
        seconds after an instance's start.
        """
        self._image = image
        self._folder = folder
        self._cloud = cloud
        self._ssh_port = ssh_port
        self.addresses = addresses
        self._keyring = keyring
        self._role_seconds = role_seconds
        self._role_delay = role_delay
        self.instances: list[HostedInstance] = []
        self.lab: Lab | None = None

    def new_host(self, instance: HostedInstance) -> Host:
        """Return a host for `instance` that was not made yet."""
        metadata = InstanceMetadata(instance, self._keyring, self._role_seconds, self._role_delay)
        return Host(
            instance.id,
            folder=self._folder / instance.id,
            image=self._image,
            cloud=self._cloud,
            ssh_port=self._ssh_port,
            memory=INSTANCE_TYPES[instance.instance_type]["MemoryInfo"]["SizeInMiB"] * 1024**2,
            metadata=lambda group: MetadataServer(metadata, group),
        )

    def surplus(self, new: list[HostedInstance]) -> list[HostedInstance]:
        """Return which instances a lab ends now that `new` ones, of one account and region, are to run."""
        if self.lab is None or not new:
            return []
        others = [one for one in self.instances if one.ec2_backend is new[0].ec2_backend and one not in new]
        return self.lab.surplus([one for one in (*others, *new) if one.state in ("pending", "running")])

    def destroy_all(self, seconds: float) -> None:
        """Destroy all hosts at once and wait at most `seconds` for each."""
        for instance in self.instances:
            instance.keeper.destroy()
        for instance in self.instances:
            instance.keeper.join(seconds)
