"""The inventory's groups of one stack's hosts; what AWS would have told is written down here."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.patience import patience
from tests.places import REPOSITORY


def host(stack: str, role: str, attached: str, *, scaled: bool = False) -> dict[str, Any]:
    """Return what the inventory of EC2 knows of a host; a worker of before there were roles lacks the tag."""
    tags = {"jobfleet:stack": stack, **({"jobfleet:role": role} if role else {})}
    tags |= {"jobfleet:scaled": "true"} if scaled else {}
    disk = {"device_name": "/dev/xvda", "ebs": {"attach_time": attached}}
    return {"ec2_tags": tags, "ec2_block_device_mappings": [disk]}


HOSTS = {
    "i-old": host("mine", "", "2026-01-01T00:00:00"),
    "i-new": host("mine", "worker", "2026-01-02T00:00:00"),
    "i-web": host("mine", "web", "2026-01-03T00:00:00"),
    "i-image": host("mine", "image", "2025-12-31T00:00:00"),
    "i-scaled": host("mine", "worker", "2025-12-01T00:00:00", scaled=True),
    "i-theirs": host("other", "", "2025-01-01T00:00:00"),
    "i-their-web": host("other", "web", "2025-01-01T00:00:00"),
    "no-instance": {},
}


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """A folder like the project's inventory, with these hosts in the place of AWS's."""
    for name in ("group_vars", "fleet_hosts.yml"):
        (tmp_path / name).symlink_to(REPOSITORY / "inventory" / name)
    (tmp_path / "aws.json").write_text(json.dumps({"all": {"hosts": HOSTS}}))
    return tmp_path


def groups(inventory: Path, **given: Any) -> dict[str, Any]:
    """Return the inventory with `-e given`."""
    done = subprocess.run(
        [
            *(Path(sys.executable).parent / "ansible-inventory", "--list", "--inventory", inventory),
            *("-e", json.dumps({"stack_name": "mine", **given})),
        ],
        cwd=REPOSITORY,
        env={**os.environ, "ANSIBLE_INVENTORY_ENABLED": "ansible.builtin.auto,ansible.builtin.yaml"},
        capture_output=True,
        text=True,
        timeout=patience(60),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "fleet_hosts.yml" not in done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def members(found: dict[str, Any], group: str) -> list[str]:
    return sorted(found.get(group, {}).get("hosts", []))


def test_hosts_of_the_stack_are_sorted_by_their_role(inventory: Path) -> None:
    found = groups(inventory)

    assert members(found, "workers") == ["i-new", "i-old"]
    assert members(found, "web_hosts") == ["i-web"]
    assert found["fleet_hosts"]["children"] == ["workers", "web_hosts", "image_hosts"]
    assert members(found, "image_hosts") == ["i-image"]
    # The oldest of all, and no playbook logs into it.
    assert members(found, "scaled_hosts") == ["i-scaled"]
    assert "ansible_user" not in found["_meta"]["hostvars"]["i-scaled"]
    known_by = {name: found["_meta"]["hostvars"][name]["fleet_known_hosts"] for name in ("i-new", "i-image")}
    assert known_by == {"i-new": "known_hosts", "i-image": "known_builder"}
    assert found["_meta"]["hostvars"]["i-web"]["ansible_user"] == "admin"
    assert "ansible_user" not in found["_meta"]["hostvars"]["i-theirs"]
    assert members(groups(inventory, stack_name="other"), "workers") == ["i-theirs"]


@pytest.mark.parametrize("said", [True, "true", "yes"])
def test_the_first_worker_shows_the_page_where_that_is_wanted_and_stays_awake(
    inventory: Path, said: object
) -> None:
    found = groups(inventory, web_on_workers=said, idle_stop_minutes=20)

    assert members(found, "web_hosts") == ["i-old", "i-web"]
    assert members(found, "workers") == ["i-new", "i-old"]
    known = found["_meta"]["hostvars"]
    assert known["i-old"]["worker_idle_stop_minutes"] == 0
    assert known["i-new"]["worker_idle_stop_minutes"] != 0


def test_what_is_neither_true_nor_false_ends_no_playbook_that_can_say_so(inventory: Path) -> None:
    assert members(groups(inventory, web_on_workers="perhaps"), "web_hosts") == ["i-web"]
