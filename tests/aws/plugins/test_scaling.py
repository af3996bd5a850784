"""The module that makes a fleet scale: what it makes, puts back, shows and removes; no host boots here."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.localcloud_fixture import client_of, new_key
from tests.unit.plugins.actions import action, run

ACCOUNTS = (f"{number:012}" for number in itertools.count(710_000_000_001))
SERVICES = ("ec2", "autoscaling", "cloudwatch", "s3")
GROUPS = [{"name": "worker", "count": 3, "type": "t3.small"}, {"name": "big", "count": 1, "type": "m5.large"}]


@dataclass
class Account:
    """An account of a test's own, with a bucket, a key pair and the workers' security group."""

    key: dict[str, str]
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


@pytest.fixture
def account(localcloud: dict[str, str]) -> Iterator[Account]:
    """An account of the test's own."""
    number = next(ACCOUNTS)
    key = new_key(localcloud, account=number)
    clients = {name: client_of(key, name) for name in SERVICES}
    clients["ec2"].create_key_pair(KeyName="mine")
    clients["ec2"].create_security_group(GroupName="mine-workers", Description="x")
    bucket = f"mine-{number}-us-east-1"
    clients["s3"].create_bucket(Bucket=bucket)
    image = clients["ec2"].describe_images(Owners=["136693071363"])["Images"][0]["ImageId"]
    yield Account(key, clients, bucket, image)
    for one in clients.values():
        one.close()


def test_all_of_it_is_made_once_and_only_told_of_in_check_mode(account: Account) -> None:
    told = account.scaling(check=True)
    assert account.groups() == {}
    made = account.scaling()
    again = account.scaling()

    assert not made.get("failed"), made
    assert told["mended"] != []
    assert set(told["mended"]) <= set(made["mended"])
    assert (made["changed"], made["mode"]) == (True, "groups")
    assert (again["changed"], again["mended"], again["diff"]) == (False, [], [])
    assert "very" not in str(told) + str(made)
    groups = account.groups()
    assert {name: (one["MinSize"], one["MaxSize"]) for name, one in groups.items()} == {
        "mine-worker": (0, 5),
        "mine-big": (0, 1),
    }
    assert account.templates() == {"mine-worker": [1], "mine-big": [1]}
    assert account.configuration()["groups"][0] == {
        "name": "worker", "template": "mine-worker", "version": "1", "scaling_group": "mine-worker",
        "weight": 3, "type": "t3.small", "zone": "",
    }  # fmt: skip
