"""The instances of the page: made, reached, told of and removed; the page itself is not installed here."""

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from jobfleet_jobs.protocol.names import DESCRIPTION_KEY, WEB_ACCESS_KEY

from tests.patience import patience
from tests.places import REPOSITORY
from tests.playbooks.conftest import BIN, Stack

PROVISION = "playbooks/provision.yml"
ENDED = "Ensure as many instances of each group run as are wanted"


@pytest.fixture(scope="module")
def fleet(
    localcloud: dict[str, str], hosts: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A stack of its own, without workers."""
    made = Stack("fleet-web", tmp_path_factory.mktemp("a web "), localcloud, {"instances_count": 0})
    try:
        yield made
    finally:
        assert made.play("playbooks/teardown.yml", confirm=True).code == 0
        assert groups(made) == {}


def groups(stack: Stack) -> dict[str, set[tuple[int, str]]]:
    """Return by name which ports the stack's security groups open to whom."""
    ec2 = stack.client("ec2")
    tagged = [{"Name": "tag:jobfleet:stack", "Values": [stack.name]}]
    found = ec2.describe_security_groups(Filters=tagged)["SecurityGroups"]
    ec2.close()
    return {
        one["GroupName"]: {
            (rule["FromPort"], network["CidrIp"])
            for rule in one["IpPermissions"]
            for network in rule["IpRanges"]
        }
        for one in found
    }


def inventory_of(stack: Stack) -> dict[str, Any]:
    """Return the inventory as a playbook has it."""
    names = {"stack_name": stack.name, "stack_folder": str(stack.folder), "web_count": 1}
    done = subprocess.run(
        [BIN / "ansible-inventory", "--list", "--extra-vars", json.dumps(names)],
        cwd=REPOSITORY,
        env={**os.environ, **stack.environment},
        capture_output=True,
        text=True,
        timeout=patience(60),
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def tags(instance: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in instance["Tags"]}


def is_told_to_clients(stack: Stack, where: dict[str, str]) -> None:
    """Assert that the roles which tell clients where the page is do so, twice the same."""
    play = {"hosts": "localhost", "connection": "local", "roles": ["account", "web_access", "description"]}
    playbook = stack.folder / "told.yml"
    playbook.write_text(json.dumps([play]))
    told, again = (stack.play(str(playbook), "-vvv", "--diff", web_count=1) for _ in range(2))
    assert told.code == 0, told.said or told.text
    s3, bucket = stack.client("s3"), f"{stack.name}-123456789012-us-east-1"
    description = json.loads(s3.get_object(Bucket=bucket, Key=DESCRIPTION_KEY)["Body"].read())
    token = json.loads(s3.get_object(Bucket=bucket, Key=WEB_ACCESS_KEY)["Body"].read())["token"]
    s3.close()
    assert description["web"] == [where]
    assert len(token) == 43
    assert token not in told.text
    assert again.changed == []


def test_a_web_host_comes_with_a_group_of_its_own_and_goes_with_it(fleet: Stack) -> None:
    made = fleet.play(PROVISION, web_count=1, web_from="198.51.100.0/24")

    assert made.code == 0, made.said or made.text
    [web] = fleet.instances()
    assert {name: tags(web)[name] for name in ("Name", "jobfleet:role", "jobfleet:group")} == {
        "Name": "fleet-web-web",
        "jobfleet:role": "web",
        "jobfleet:group": "web",
    }
    assert [group["GroupName"] for group in web["SecurityGroups"]] == ["fleet-web-web"]
    ssh = (22, "127.0.0.1/32")
    assert groups(fleet) == {"fleet-web-workers": {ssh}, "fleet-web-web": {ssh, (80, "198.51.100.0/24")}}
    assert fleet.play(PROVISION, web_count=1, web_from="198.51.100.0/24").changed == []

    inventory = inventory_of(fleet)
    assert inventory["web_hosts"]["hosts"] == [web["InstanceId"]]
    assert "workers" not in inventory or "hosts" not in inventory["workers"]
    assert inventory["_meta"]["hostvars"][web["InstanceId"]]["ansible_user"] == "admin"
    url = f"http://{web['PublicIpAddress']}"
    assert f"The page and its API: {url}." in fleet.play("playbooks/status.yml").said
    is_told_to_clients(fleet, {"url": url, "host": web["InstanceId"]})

    # After a stop it has a new address, as after a lab's session.
    assert fleet.play("playbooks/stop.yml", web_count=1).code == 0
    assert [one["State"]["Name"] for one in fleet.instances()] == ["stopped"]
    assert fleet.play(PROVISION, web_count=1, web_from="198.51.100.0/24").changed == [ENDED]
    [again] = fleet.instances()
    assert again["PublicIpAddress"] != web["PublicIpAddress"]
    assert f"http://{again['PublicIpAddress']}." in fleet.play("playbooks/status.yml").said

    going = fleet.play(PROVISION, "--check", "--diff", web_count=0)

    assert going.changed == [ENDED, "Ensure there is no security group for hosts that there are not"]
    assert "fleet-web-web" in json.dumps(going.differences("before"))
    assert len(fleet.instances()) == 1
    gone = fleet.play(PROVISION, web_count=0)
    assert gone.changed == going.changed, gone.said
    assert fleet.instances() == []
    assert groups(fleet) == {"fleet-web-workers": {ssh}}
    assert fleet.play(PROVISION, web_count=0).changed == []


def test_the_page_on_a_worker_opens_the_workers_group_as_long_as_it_is_there(fleet: Stack) -> None:
    ssh, page = (22, "127.0.0.1/32"), "198.51.100.0/24"

    first = fleet.play(PROVISION)
    opened = fleet.play(PROVISION, web_on_workers=True, web_tls=True, web_from=page)
    again = fleet.play(PROVISION, web_on_workers=True, web_tls=True, web_from=page)

    assert (first.code, opened.code) == (0, 0), (first.said, opened.said)
    assert opened.changed == ["Ensure the workers' security group lets in those it should, and nobody else"]
    assert again.changed == []
    assert groups(fleet) == {"fleet-web-workers": {ssh, (80, page), (443, page)}}
    closed = fleet.play(PROVISION, web_from=page)
    assert closed.changed == opened.changed
    assert groups(fleet) == {"fleet-web-workers": {ssh}}
