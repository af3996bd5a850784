"""All hosts of one cloud, a metadata service beside each, and the lab that may limit them."""

from moto.ec2.models.instance_types import INSTANCE_TYPES

from localcloud.ec2.instance_metadata import InstanceMetadata, RoleKeys
from localcloud.ec2.instances import HostedInstance
from localcloud.ec2.lab_limits import Lab
from localcloud.hosts.addresses import AddressRange
from localcloud.hosts.host import Host, HostSite
from localcloud.hosts.metadata_server import MetadataServer


class HostFleet:
    """All hosts of one cloud."""

    def __init__(self, site: HostSite, addresses: AddressRange, keys: RoleKeys) -> None:
        """Boot hosts at `site`, whose metadata services issue `keys`."""
        self._site = site
        self.addresses = addresses
        self._keys = keys
        self.instances: list[HostedInstance] = []
        self.lab: Lab | None = None

    def new_host(self, instance: HostedInstance) -> Host:
        """Return a host for `instance` that was not made yet."""
        metadata = InstanceMetadata(instance, self._keys)
        memory = INSTANCE_TYPES[instance.instance_type]["MemoryInfo"]["SizeInMiB"] * 1024**2
        return Host(
            instance.id, self._site, memory, lambda group: MetadataServer(metadata, group), instance.image_id
        )

    def forget_image(self, image: str) -> None:
        """Remove the files of an image, once no host stands on them."""
        self._site.layers.release(image)

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
