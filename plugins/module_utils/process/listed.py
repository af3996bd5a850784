"""Waiting until those who list instances see a new one, too.

Who names an instance by its id sees it, and who lists them by tag and state right after that may not yet:
https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html. The inventory lists them
(inventory/aws_ec2.yml).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible.module_utils.process.patience import until

# Most of it is over within a second.
SECONDS_MAX = 60


def wait_until_listed(ec2: Any, ids: Iterable[str]) -> bool:
    """Wait until a list such as the inventory's has these running instances; tell whether it has."""
    wanted = set(ids)
    return not wanted or until(lambda: wanted <= _listed(ec2), SECONDS_MAX)


def _listed(ec2: Any) -> set[str]:
    pages = ec2.get_paginator("describe_instances").paginate(
        Filters=[
            {"Name": "tag-key", "Values": ["jobfleet:stack"]},
            {"Name": "instance-state-name", "Values": ["pending", "running"]},
        ]
    )
    return {
        one["InstanceId"]
        for page in pages
        for reservation in page["Reservations"]
        for one in reservation["Instances"]
    }
