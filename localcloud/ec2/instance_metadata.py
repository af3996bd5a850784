"""The data of an instance's metadata service: the instance itself, and keys for its role.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html lists the paths.
"""

import json
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from moto.iam.models import InstanceProfile

from localcloud.ec2 import spot
from localcloud.ec2.instances import HostedInstance
from localcloud.gaps.autoscaling.running import engine
from localcloud.iam.keyring import Credential, Keyring, Kind
from localcloud.scaling_groups.ec2 import Place

# AWS has the next key ready this long before the old one dies; here at most half of a short life.
_RENEW_SECONDS = 300


@dataclass(frozen=True)
class RoleKeys:
    """Where the keys of instances' roles come from, and how many `seconds` they live.

    There are none in the first `delay` seconds after an instance's start. On AWS an instance may run before
    its role's keys are there, as IAM is only eventually consistent:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
    """

    keyring: Keyring
    seconds: float
    delay: float = 0.0


class InstanceMetadata:
    """What one instance's service tells; see `imds_server.Machine`. Safe for several threads."""

    def __init__(self, instance: HostedInstance, keys: RoleKeys) -> None:
        self._instance = instance
        self._keys = keys
        self._key: tuple[str, Credential, float] | None = None
        self._lock = threading.Lock()

    def metadata_is_on(self) -> bool:
        """See `imds_server.Machine`."""
        return bool(self._instance.metadata_options.http_endpoint == "enabled")

    def metadata_wants_token(self) -> bool:
        """See `imds_server.Machine`."""
        return bool(self._instance.metadata_options.http_tokens == "required")

    def metadata(self, path: str) -> str | None:
        """See `imds_server.Machine`."""
        tree = self._tree()
        wanted = path.rstrip("/")
        # The instance profile's folder is there only while there is a profile.
        if wanted in tree:
            return tree[wanted]
        if (role := wanted.removeprefix("/latest/meta-data/iam/security-credentials/")) != wanted:
            return self._credentials(role)
        return _listing(tree, wanted)

    def _tree(self) -> dict[str, str]:
        one = self._instance
        zone = one.placement.zone or f"{one.region_name}a"
        leaves = {
            "ami-id": one.image_id,
            "ami-launch-index": str(one.ami_launch_index),
            "hostname": one.private_dns_name,
            "instance-id": one.id,
            "instance-life-cycle": one.lifecycle or "on-demand",
            "instance-type": one.instance_type,
            "local-hostname": one.private_dns_name,
            "local-ipv4": one.private_ip or "",
            "placement/availability-zone": zone,
            "placement/region": one.region_name,
            "public-ipv4": one.public_ip or "",
            "security-groups": "\n".join(group.name for group in one.dynamic_group_list),
            "services/domain": "amazonaws.com",
            "services/partition": "aws",
        }
        if managed := engine.member(Place(one.ec2_backend.account_id, one.region_name), one.id):
            leaves["autoscaling/target-lifecycle-state"] = managed[1].target
        profile = self._profile()
        if profile is not None:
            leaves["iam/info"] = json.dumps(_info(profile), indent=2)
            leaves["iam/security-credentials"] = "\n".join(role.name for role in profile.roles)
        if one.metadata_options.instance_metadata_tags == "enabled":
            leaves |= {f"tags/instance/{tag['key']}": tag["value"] for tag in one.get_tags()}
        leaves |= spot.metadata_of(one)
        tree = {f"/latest/meta-data/{name}": text for name, text in leaves.items() if text}
        tree["/latest/dynamic/instance-identity/document"] = json.dumps(_document(one, zone), indent=2)
        if one.user_data:
            tree["/latest/user-data"] = one._seed().user_data.decode(errors="replace")
        return tree

    def _profile(self) -> InstanceProfile | None:
        if time.time() < self._instance.launch_time.replace(tzinfo=UTC).timestamp() + self._keys.delay:
            return None
        association = self._instance.ec2_backend.iam_instance_profile_associations.get(self._instance.id)
        return None if association is None else association.iam_instance_profile

    def _credentials(self, role: str) -> str | None:
        profile = self._profile()
        if profile is None or role not in [one.name for one in profile.roles]:
            return None
        with self._lock:
            key, made = self._key_of(role)
        return json.dumps(
            {
                "Code": "Success",
                "LastUpdated": _moment(made),
                "Type": "AWS-HMAC",
                "AccessKeyId": key.key_id,
                "SecretAccessKey": key.secret,
                "Token": key.token,
                "Expiration": _moment(key.expires or 0),
            },
            indent=2,
        )

    def _key_of(self, role: str) -> tuple[Credential, float]:
        now = time.time()
        if self._key is not None and self._key[0] == role:
            known = self._keys.keyring.find(self._key[1].key_id)
            early = min(_RENEW_SECONDS, self._keys.seconds / 2)
            if known is not None and not known.is_dead(now + early):
                return known, self._key[2]
        made = self._keys.keyring.issue(
            Kind.ROLE,
            account=self._instance.ec2_backend.account_id,
            role=role,
            session=self._instance.id,
            seconds=self._keys.seconds,
        )
        self._key = (role, made, now)
        return made, now


def _listing(tree: dict[str, str], folder: str) -> str | None:
    """Return the names in `folder`, those of folders with a slash."""
    names = set()
    for path in tree:
        if path.startswith(f"{folder}/"):
            name, slash, _ = path.removeprefix(f"{folder}/").partition("/")
            names.add(name + slash)
    return "\n".join(sorted(names)) or None


def _info(profile: InstanceProfile) -> dict[str, str]:
    return {
        "Code": "Success",
        "LastUpdated": _moment(time.time()),
        "InstanceProfileArn": profile.arn,
        "InstanceProfileId": profile.id,
    }


def _document(one: HostedInstance, zone: str) -> dict[str, str | None]:
    return {
        "accountId": one.ec2_backend.account_id,
        "architecture": one.architecture,
        "availabilityZone": zone,
        "imageId": one.image_id,
        "instanceId": one.id,
        "instanceType": one.instance_type,
        "pendingTime": f"{one.launch_time:%Y-%m-%dT%H:%M:%SZ}",
        "privateIp": one.private_ip,
        "region": one.region_name,
        "version": "2017-09-30",
    }


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
