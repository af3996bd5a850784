"""An account of its own for a test of the module `scaling_group`; no host boots there."""

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.localcloud_fixture import client_of, new_key
from tests.own_account import OwnAccount
from tests.unit.plugins.actions import action, run

ACCOUNTS = (f"{number:012}" for number in itertools.count(710_000_000_001))
SERVICES = ("ec2", "autoscaling", "cloudwatch", "s3")
GROUPS = [{"name": "worker", "count": 3, "type": "t3.small"}, {"name": "big", "count": 1, "type": "m5.large"}]


@dataclass
class ScalingAccount(OwnAccount):
    """An account of a test's own, with a bucket, a key pair and the workers' security group."""

    clients: dict[str, Any]
    bucket: str
    image: str

    def scaling(
        self, *, check: bool = False, key: dict[str, str] | None = None, **given: Any
    ) -> dict[str, Any]:
        """Run the module."""
        arguments = {
            "region": "us-east-1",
            "stack": "mine",
            "bucket": self.bucket,
            "groups": GROUPS,
            "limits": {"min": 0, "max": 6},
            "queue": "mine-requests",
            "name": "mine-worker",
            "image_id": self.image,
            "user_data": "#cloud-config\nsecret: very",
            "security_group": "mine-workers",
            "key_name": "mine",
            "key_mark": "SHA256:x",
            "lab_mode": "false",
            "refusal_patience": 0,
            "wait_timeout": 30,
            "tags": {"Course": 7},
        }
        made = {name: value for name, value in {**arguments, **given}.items() if value is not None}
        return run(
            action("scaling_group"), made, name="scaling_group", environment=key or self.key, check_mode=check
        )

    def groups(self) -> dict[str, dict[str, Any]]:
        """Return the Auto Scaling groups by name."""
        found = self.clients["autoscaling"].describe_auto_scaling_groups()["AutoScalingGroups"]
        return {one["AutoScalingGroupName"]: one for one in found}

    def configuration(self) -> dict[str, Any]:
        """Return what scalers and clients read."""
        found = self.clients["s3"].get_object(Bucket=self.bucket, Key="config/scaling.json")
        told: dict[str, Any] = json.loads(found["Body"].read())
        return told

    def templates(self) -> dict[str, list[int]]:
        """Return the versions of the launch templates, by name."""
        ec2 = self.clients["ec2"]
        return {
            name: sorted(
                one["VersionNumber"]
                for one in ec2.describe_launch_template_versions(LaunchTemplateName=name)[
                    "LaunchTemplateVersions"
                ]
            )
            for one in ec2.describe_launch_templates()["LaunchTemplates"]
            for name in [one["LaunchTemplateName"]]
        }


@contextmanager
def scaling_account(localcloud: dict[str, str]) -> Iterator[ScalingAccount]:
    """Make an account."""
    number = next(ACCOUNTS)
    key = new_key(localcloud, account=number)
    clients = {name: client_of(key, name) for name in SERVICES}
    clients["ec2"].create_key_pair(KeyName="mine")
    clients["ec2"].create_security_group(GroupName="mine-workers", Description="x")
    bucket = f"mine-{number}-us-east-1"
    clients["s3"].create_bucket(Bucket=bucket)
    image = clients["ec2"].describe_images(Owners=["136693071363"])["Images"][0]["ImageId"]
    try:
        yield ScalingAccount(number, key, clients, bucket, image)
    finally:
        for one in clients.values():
            one.close()


def suspended(group: dict[str, Any]) -> set[str]:
    """Return which processes of a group are suspended."""
    return {one["ProcessName"] for one in group["SuspendedProcesses"]}
