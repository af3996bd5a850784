"""Two people deploy the same stack at once from two machines, and one machine loses its key."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.playbooks.conftest import Outcome, Stack


@pytest.fixture
def machines(localcloud: dict[str, str], hosts: object, tmp_path: Path) -> Iterator[tuple[Stack, Stack]]:
    """The same stack as two machines see it, each with a folder of its own."""
    one = Stack("fleet-twins", tmp_path / "one", localcloud)
    two = Stack("fleet-twins", tmp_path / "two", localcloud)
    try:
        yield one, two
    finally:
        assert one.play("playbooks/teardown.yml", confirm=True).code == 0


def at_once(*machines: Stack) -> list[Outcome]:
    with ThreadPoolExecutor() as threads:
        return list(threads.map(lambda one: one.play("playbooks/provision.yml"), machines))


def test_two_machines_make_one_fleet_and_a_lost_key_is_replaced_when_asked(
    machines: tuple[Stack, Stack],
) -> None:
    one, two = machines

    first = at_once(one, two)

    # One was quicker with its key pair; the other one's key would not open the instances.
    assert sorted(outcome.code == 0 for outcome in first) == [False, True], [o.said for o in first]
    winner, loser = (one, two) if first[0].code == 0 else (two, one)
    assert "AWS holds another key pair fleet-twins" in first[1 if winner is one else 0].said
    [instance] = one.instances()

    # With the other one's keys it may, and both at once replace what is gone by one.
    shutil.rmtree(loser.folder)
    shutil.copytree(winner.folder, loser.folder)
    ec2 = one.client("ec2")
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    ec2.close()
    second = at_once(one, two)
    assert [outcome.code for outcome in second] == [0, 0], [outcome.said for outcome in second]
    assert sum("Ensure as many instances" in name for o in second for name in o.changed) == 1
    [instance] = one.instances()

    for name in ("id_ed25519", "id_ed25519.pub"):
        (one.folder / name).unlink()
    replaced = one.play("playbooks/provision.yml", keypair_replace=True)
    assert replaced.changed == [
        "Ensure there is a key to log in with and a key for the hosts",
        "Ensure the key pair to be replaced is gone from AWS",
        "Ensure the key pair exists in AWS",
        "Ensure as many instances of each group run as are wanted",
    ], replaced.said
    [new] = one.instances()
    assert new["InstanceId"] != instance["InstanceId"]
    assert one.on_workers("true").keys() == {new["InstanceId"]}
    assert one.play("playbooks/provision.yml", keypair_replace=True).changed == []
    assert "AWS holds another key pair" in two.play("playbooks/preflight.yml").said
