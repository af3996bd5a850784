"""Images that are made of hosts, and the hosts that boot from them."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.state import RunFolder
from tests.localcloud_fixture import Hosts, client_of, new_key
from tests.patience import wait_for

# Each line changes the disk in a way that an image has to keep.
PREPARATION = """
cloud-init status --wait >/dev/null
echo kept | sudo tee /etc/kept
sudo install --owner admin --group adm --mode 2640 /dev/null /srv/owned
sudo rm /etc/issue.net
sudo rm -r /etc/cron.daily && sudo mkdir /etc/cron.daily && sudo touch /etc/cron.daily/new
sudo cp /bin/true /usr/local/bin/capable
sudo python3 -c 'import os; os.setxattr("/usr/local/bin/capable", "security.capability", \
bytes.fromhex("0100000200040000000000000000000000000000"))'
sudo ln /usr/local/bin/capable /usr/local/bin/linked
sync
"""
LOOK = """
cat /etc/kept
stat --format '%U %G %a' /srv/owned
ls /etc/issue.net 2>/dev/null
ls -A /etc/cron.daily
python3 -c 'import os; print(os.getxattr("/usr/local/bin/capable", "security.capability").hex()[:12])'
stat --format %h /usr/local/bin/linked
"""
SEEN = "kept\nadmin adm 2640\nnew\n010000020004\n2"


@pytest.fixture(scope="module")
def source(hosts: Hosts) -> Iterator[str]:
    """A running host whose disk differs from the base image."""
    [instance] = hosts.run()
    hosts.ssh(hosts.wait(instance, "running")["PublicIpAddress"], PREPARATION)
    yield instance
    hosts.end(instance)


@pytest.fixture(scope="module")
def image(hosts: Hosts, source: str) -> Iterator[str]:
    """An image of it, cleaned of what makes it that one host."""
    place = address(hosts, source)
    wait_for(lambda: boot_of(hosts, place))
    hosts.ssh(place, "sudo truncate --size 0 /etc/machine-id; sync")
    made = create(hosts, source)
    available(hosts, made)
    yield made
    hosts.ec2.deregister_image(ImageId=made, DeleteAssociatedSnapshots=True)


def create(hosts: Hosts, instance: str, **more: Any) -> str:
    asked = {"InstanceId": instance, "Name": f"image {uuid.uuid4()}"} | more
    return str(hosts.ec2.create_image(**asked)["ImageId"])


def describe(hosts: Hosts, image: str) -> dict[str, Any]:
    found: dict[str, Any] = hosts.ec2.describe_images(ImageIds=[image], Owners=["self"])["Images"][0]
    return found


def available(hosts: Hosts, image: str) -> dict[str, Any]:
    found = wait_for(lambda: one if (one := describe(hosts, image))["State"] != "pending" else None, 60)
    assert found["State"] == "available", found
    return found


def address(hosts: Hosts, instance: str) -> str:
    return str(hosts.wait(instance, "running")["PublicIpAddress"])


def code(call: Any, **asked: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**asked)
    return str(refused.value.response["Error"]["Code"])


def boot_of(hosts: Hosts, place: str) -> str | None:
    try:
        return hosts.ssh(place, "cat /proc/sys/kernel/random/boot_id")
    except AssertionError:
        return None  # its SSH is down


def test_a_host_shuts_down_in_order_for_its_image_and_boots_again_where_it_was(
    hosts: Hosts, source: str
) -> None:
    place, name = address(hosts, source), f"in order {uuid.uuid4()}"
    before = wait_for(lambda: boot_of(hosts, place))
    slow = "sudo systemd-run --quiet --property ExecStop='/bin/sh -c \"date > /srv/stopped\"' sleep infinity"
    hosts.ssh(place, slow)
    tags = [{"ResourceType": kind, "Tags": [{"Key": "of", "Value": kind}]} for kind in ("image", "snapshot")]

    made = create(hosts, source, Name=name, TagSpecifications=tags)

    assert describe(hosts, made)["State"] == "pending"
    assert code(hosts.run, ImageId=made) == "InvalidAMIID.Unavailable"
    found = available(hosts, made)
    wait_for(lambda: boot_of(hosts, place) not in (before, None))
    assert address(hosts, source) == place
    assert hosts.ssh(place, "cat /srv/stopped"), "what runs in it was stopped in order"
    assert hosts.ssh(place, LOOK) == SEEN, "it goes on with its disk"
    assert (found["Tags"], found["SourceInstanceId"]) == ([{"Key": "of", "Value": "image"}], source)
    [device] = found["BlockDeviceMappings"]
    [snapshot] = hosts.ec2.describe_snapshots(SnapshotIds=[device["Ebs"]["SnapshotId"]])["Snapshots"]
    assert (snapshot["State"], snapshot["Tags"]) == ("completed", [{"Key": "of", "Value": "snapshot"}])
    by_tag = [{"Name": "tag:of", "Values": ["image"]}, {"Name": "name", "Values": [name]}]
    assert [one["ImageId"] for one in hosts.ec2.describe_images(Filters=by_tag)["Images"]] == [made]
    hosts.ec2.deregister_image(ImageId=made)


def test_hosts_of_an_image_have_its_disk_and_begin_as_new_instances(hosts: Hosts, image: str) -> None:
    told = {"write_files": [{"path": "/etc/told", "content": "by user data"}], "users": ["default", "bob"]}
    pair = hosts.run(2, user_data=told, ImageId=image)
    places = [address(hosts, instance) for instance in pair]

    # At once, with the host key checked: cloud-init gave each the one of its own user data.
    for instance, place in zip(pair, places, strict=True):
        assert hosts.ssh(place, LOOK) == SEEN
        assert hosts.ssh(place, "cloud-init status --wait | tail -n 1") == "status: done"
        assert hosts.ssh(place, "systemctl is-system-running --wait") == "running"
        assert hosts.ssh(place, "cat /etc/told; cloud-init query instance_id") == f"by user data{instance}"
        assert hosts.ssh(place, "id --user --name bob") == "bob"
        assert hosts.describe(instance)["ImageId"] == image
        assert hosts.ssh(place, "hostname") == hosts.describe(instance)["PrivateDnsName"].partition(".")[0]
    assert len({hosts.ssh(place, "cat /etc/machine-id") for place in places}) == 2
    hosts.ssh(places[0], "sudo rm /etc/kept")
    assert hosts.ssh(places[1], "cat /etc/kept") == "kept", "each has a disk of its own"
    hosts.end(*pair)


def test_an_image_of_a_host_of_an_image_outlives_both(
    hosts: Hosts, source: str, image: str, localcloud: dict[str, str]
) -> None:
    layers = RunFolder(Path(localcloud["LOCALCLOUD_RUN"])).layers
    below = create(hosts, source)
    available(hosts, below)
    [middle] = hosts.run(ImageId=below)
    place = address(hosts, middle)
    hosts.ssh(place, "cloud-init status --wait; echo more | sudo tee /etc/more; sudo rm /etc/cron.daily/new")
    before = boot_of(hosts, place)

    # The host goes on meanwhile.
    upper = create(hosts, middle, NoReboot=True)
    available(hosts, upper)
    assert boot_of(hosts, place) == before
    snapshots = [one["Ebs"]["SnapshotId"] for one in describe(hosts, below)["BlockDeviceMappings"]]
    assert code(hosts.ec2.delete_snapshot, SnapshotId=snapshots[0]) == "InvalidSnapshot.InUse"
    hosts.ec2.deregister_image(ImageId=below)
    hosts.end(middle)

    [instance] = hosts.run(ImageId=upper)
    assert (
        hosts.ssh(address(hosts, instance), "cat /etc/kept /etc/more; ls -A /etc/cron.daily") == "kept\nmore"
    )
    assert code(hosts.run, ImageId=below) == "InvalidAMIID.Unavailable"
    hosts.ec2.delete_snapshot(SnapshotId=snapshots[0])
    answer = hosts.ec2.deregister_image(ImageId=upper, DeleteAssociatedSnapshots=True)
    assert [one["ReturnCode"] for one in answer["DeleteSnapshotResults"]] == ["success"]
    assert (layers / upper).is_dir(), "the host stands on it"
    hosts.end(instance)
    assert not (layers / upper).exists()


def test_what_happens_to_a_host_while_an_image_is_made_of_it(hosts: Hosts, image: str) -> None:
    [instance] = hosts.run(ImageId=image)
    assert code(create, hosts=hosts, instance=instance) == "IncorrectInstanceState", "it is pending"
    # Its shutdown takes so long that the next call comes before its end.
    linger = "sudo systemd-run --quiet --property ExecStop='/bin/sleep {}' sleep infinity"
    hosts.ssh(address(hosts, instance), linger.format(3))

    while_stopping = create(hosts, instance)
    hosts.ec2.stop_instances(InstanceIds=[instance])
    hosts.wait(instance, "stopped")
    available(hosts, while_stopping)
    stopped = create(hosts, instance)
    available(hosts, stopped)
    assert hosts.describe(instance)["State"]["Name"] == "stopped"

    hosts.ec2.start_instances(InstanceIds=[instance])
    hosts.ssh(address(hosts, instance), linger.format(25))
    while_ending = create(hosts, instance)
    hosts.end(instance)
    failed = wait_for(lambda: one if (one := describe(hosts, while_ending))["State"] != "pending" else None)
    assert failed["State"] == "failed"
    assert "was terminated before the image was made" in failed["StateReason"]["Message"]
    for made in (while_stopping, stopped, while_ending):
        hosts.ec2.deregister_image(ImageId=made)


def test_names_are_well_formed_and_free_and_owners_alone_deregister(hosts: Hosts, source: str) -> None:
    made = create(hosts, source, Name="taken", NoReboot=True)
    available(hosts, made)

    assert code(create, hosts=hosts, instance=source, Name="taken") == "InvalidAMIName.Duplicate"
    for name in ("a:b", "a\nb", "ä ö"):
        assert code(create, hosts=hosts, instance=source, Name=name) == "InvalidAMIName.Malformed", name
    wrong = [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}]
    assert code(create, hosts=hosts, instance=source, TagSpecifications=wrong) == "InvalidParameterValue"
    assert code(create, hosts=hosts, instance="i-0123456789abcdef0") == "InvalidInstanceID.NotFound"
    debian = hosts.describe(source)["ImageId"]
    assert code(hosts.ec2.deregister_image, ImageId=debian) == "AuthFailure"
    hosts.ec2.deregister_image(ImageId=made)
    again = create(hosts, source, Name="taken", NoReboot=True)
    hosts.ec2.deregister_image(ImageId=again)


def test_an_image_is_its_own_account_s_and_made_of_a_host_alone(
    hosts: Hosts, image: str, localcloud: dict[str, str]
) -> None:
    other = client_of(new_key(localcloud, account="620000000001"), "ec2")

    assert code(other.describe_images, ImageIds=[image]) == "InvalidAMIID.NotFound"
    assert other.describe_images(Owners=["self"])["Images"] == []
    assert code(other.run_instances, ImageId=image, MinCount=1, MaxCount=1) == "InvalidAMIID.NotFound"
    assert code(other.deregister_image, ImageId=image) == "InvalidAMIID.NotFound"
    other.close()
    copied = {"Name": "copy", "SourceImageId": image, "SourceRegion": "us-east-1"}
    assert code(hosts.ec2.copy_image, **copied) == "UnsupportedOperation"


def test_volumes_are_as_the_image_says(hosts: Hosts, source: str) -> None:
    bigger = [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 11}}]
    made = create(hosts, source, NoReboot=True, BlockDeviceMappings=bigger)
    available(hosts, made)
    [instance] = hosts.run(ImageId=made)

    by_instance = [{"Name": "attachment.instance-id", "Values": [instance]}]
    [volume] = hosts.ec2.describe_volumes(Filters=by_instance)["Volumes"]
    assert (volume["Size"], volume["VolumeType"]) == (11, "gp3")
    assert volume["SnapshotId"] == describe(hosts, made)["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    smaller = [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 7}}]
    assert code(hosts.run, ImageId=made, BlockDeviceMappings=smaller) == "InvalidBlockDeviceMapping"
    hosts.end(instance)
    hosts.ec2.deregister_image(ImageId=made)
