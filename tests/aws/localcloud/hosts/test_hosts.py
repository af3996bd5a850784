"""What EC2's calls do to real hosts."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.hosts import keeper
from localcloud.hosts.cgroups import Group
from localcloud.hosts.disks.layers import Layers
from localcloud.hosts.host import Host, HostSite, Seed
from localcloud.hosts.metadata_server import MetadataServer
from localcloud.state import RunFolder
from tests.abilities import lacking
from tests.localcloud_fixture import Hosts
from tests.patience import patience, wait_for


@pytest.fixture(scope="module")
def pair(hosts: Hosts) -> Iterator[list[str]]:
    """Two running instances for the tests that leave them running."""
    instances = hosts.run(2)
    for instance in instances:
        hosts.wait(instance, "running")
    yield instances
    hosts.end(*instances)


def address_of(hosts: Hosts, instance: str) -> str:
    return str(hosts.describe(instance)["PublicIpAddress"])


def test_an_instance_is_pending_until_its_ssh_answers_with_the_key_from_user_data(hosts: Hosts) -> None:
    [instance] = hosts.run(user_data={"write_files": [{"path": "/etc/told", "content": "by user data"}]})

    assert hosts.describe(instance)["State"]["Name"] == "pending"
    running = hosts.wait(instance, "running")

    # At once, with the host key checked: no retry hides a state that came too early.
    hostname = hosts.ssh(running["PublicIpAddress"], "hostname --fqdn")
    assert running["PrivateDnsName"].partition(".")[0] == hostname.partition(".")[0]
    assert running["PrivateIpAddress"] == running["PublicIpAddress"]
    assert running["PublicDnsName"] == ""
    assert running["NetworkInterfaces"][0]["Association"]["PublicIp"] == running["PublicIpAddress"]
    assert hosts.ssh(running["PublicIpAddress"], "cloud-init status --wait | tail -n 1") == "status: done"
    assert hosts.ssh(running["PublicIpAddress"], "systemctl is-system-running --wait") == "running"
    assert hosts.ssh(running["PublicIpAddress"], "cat /etc/told; cloud-init query instance_id") == (
        f"by user data{instance}"
    )
    hosts.end(instance)


def test_what_happens_in_one_host_leaves_the_other_alone(hosts: Hosts, pair: list[str]) -> None:
    first, second = (address_of(hosts, instance) for instance in pair)
    services = "systemctl show --property MainPID --value ssh dbus systemd-journald | xargs"
    before = hosts.ssh(second, services)

    hosts.ssh(first, "sudo systemctl restart ssh systemd-journald && sudo systemctl daemon-reexec")

    assert first != second
    assert hosts.ssh(second, services) == before
    assert hosts.ssh(second, "systemctl is-system-running --wait") == "running"
    assert hosts.ssh(first, "hostname") != hosts.ssh(second, "hostname")


def test_a_host_shows_only_its_own_processes_and_has_debian_s_admin_user(
    hosts: Hosts, pair: list[str]
) -> None:
    address = address_of(hosts, pair[0])

    assert hosts.ssh(address, "cat /proc/1/comm") == "systemd"
    assert hosts.ssh(address, "sudo id --user --name; id --user --name") == "root\nadmin"
    # It shares the machine's network, but not the right to change it.
    assert hosts.ssh(address, "sudo ip link set lo down 2>&1 || true").endswith("Operation not permitted")


def test_a_host_has_no_more_memory_than_its_type(
    hosts: Hosts, localcloud: dict[str, str], pair: list[str]
) -> None:
    run, address = RunFolder(Path(localcloud["LOCALCLOUD_RUN"])), address_of(hosts, pair[0])
    limits = [
        folder / name
        for folder in Group(f"localcloud-{run.cloud}/{pair[0]}").folders()
        for name in ("memory.max", "memory.limit_in_bytes")
    ]
    if not any(limit.exists() for limit in limits):
        lacking("control groups limit no memory here")

    # Of a t3.micro's 1 GiB.
    for mebibytes, end in ((300, "0"), (1_500, "137")):
        taking = f"python3 -c 'b\"x\" * ({mebibytes} * 2**20)'"
        assert hosts.ssh(address, f"{taking} >/dev/null 2>&1; echo $?") == end
    assert hosts.ssh(address, "systemctl is-system-running --wait") == "running"


def test_a_reboot_keeps_the_address_and_starts_the_system_anew(hosts: Hosts, pair: list[str]) -> None:
    address = address_of(hosts, pair[0])
    boot = hosts.ssh(address, "cat /proc/sys/kernel/random/boot_id; sudo systemd-run --quiet sleep infinity")

    hosts.ec2.reboot_instances(InstanceIds=[pair[0]])

    wait_for(lambda: rebooted(hosts, address, boot))
    assert address_of(hosts, pair[0]) == address
    assert hosts.describe(pair[0])["State"]["Name"] == "running"


def test_a_reboot_from_inside_is_a_reboot(hosts: Hosts, pair: list[str]) -> None:
    address = address_of(hosts, pair[1])
    boot = hosts.ssh(address, "cat /proc/sys/kernel/random/boot_id")

    hosts.ssh(address, "sudo systemctl reboot --no-block")

    wait_for(lambda: rebooted(hosts, address, boot))
    assert hosts.describe(pair[1])["State"]["Name"] == "running"


def rebooted(hosts: Hosts, address: str, boot: str) -> bool:
    try:
        return hosts.ssh(address, "cat /proc/sys/kernel/random/boot_id") != boot
    except AssertionError:
        return False  # its SSH is down


def test_the_console_is_the_host_s_own(hosts: Hosts, pair: list[str]) -> None:
    output = hosts.ec2.get_console_output(InstanceId=pair[0])["Output"]

    assert "Debian GNU/Linux 12" in output
    assert "cloud-init" in output


def test_stop_and_start_keep_the_disk_and_give_a_new_address(hosts: Hosts, pair: list[str]) -> None:
    before = address_of(hosts, pair[0])
    hosts.ssh(before, "echo kept | sudo tee /root/file; sudo systemctl enable --now ssh")

    answer = hosts.ec2.stop_instances(InstanceIds=[pair[0]])["StoppingInstances"][0]
    assert (answer["PreviousState"]["Name"], answer["CurrentState"]["Name"]) == ("running", "stopping")
    stopped = hosts.wait(pair[0], "stopped")
    assert "PublicIpAddress" not in stopped
    assert stopped["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    # Its systemd really shut down, instead of being killed.
    assert (
        "Reached target"
        in hosts.ec2.get_console_output(InstanceId=pair[0])["Output"].rpartition("Stopped")[2]
    )

    hosts.ec2.start_instances(InstanceIds=[pair[0]])
    running = hosts.wait(pair[0], "running")
    assert running["PublicIpAddress"] != before
    assert running["PrivateIpAddress"] == running["PublicIpAddress"]
    assert hosts.ssh(running["PublicIpAddress"], "sudo cat /root/file") == "kept"
    # The host lives on as itself: cloud-init saw no new instance.
    assert hosts.ssh(running["PublicIpAddress"], "hostname") == running["PrivateDnsName"].partition(".")[0]


def test_a_host_that_powers_itself_off_is_stopped(hosts: Hosts, pair: list[str]) -> None:
    hosts.ssh(address_of(hosts, pair[1]), "sudo systemctl poweroff --no-block")

    stopped = hosts.wait(pair[1], "stopped")

    assert stopped["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"
    with pytest.raises(ClientError, match="IncorrectInstanceState"):
        hosts.ec2.reboot_instances(InstanceIds=[pair[1]])


def test_a_host_that_powers_itself_off_is_terminated_if_that_was_wished(hosts: Hosts) -> None:
    [instance] = hosts.run(InstanceInitiatedShutdownBehavior="terminate")
    address = hosts.wait(instance, "running")["PublicIpAddress"]

    hosts.ssh(address, "sudo systemctl poweroff --no-block")

    hosts.wait(instance, "terminated")


def test_termination_leaves_no_process_mount_file_or_resource(
    hosts: Hosts, localcloud: dict[str, str]
) -> None:
    run = RunFolder(Path(localcloud["LOCALCLOUD_RUN"]))
    [instance] = hosts.run()
    # In the middle of the boot: the worst moment.
    group = Group(f"localcloud-{run.cloud}/{instance}")
    wait_for(group.pids)
    wait_for((run.hosts / instance / "console.log").read_bytes)
    assert instance in Path("/proc/self/mounts").read_text()

    answer = hosts.ec2.terminate_instances(InstanceIds=[instance])["TerminatingInstances"][0]

    assert answer["CurrentState"]["Name"] == "shutting-down"
    terminated = hosts.wait(instance, "terminated")
    assert terminated["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    assert not group.pids()
    assert not any(folder.exists() for folder in group.folders())
    assert instance not in Path("/proc/self/mounts").read_text()
    assert [path.name for path in (run.hosts / instance).iterdir()] == ["console.log"]
    by_instance = [{"Name": "attachment.instance-id", "Values": [instance]}]
    assert hosts.ec2.describe_volumes(Filters=by_instance)["Volumes"] == []
    assert hosts.ec2.describe_network_interfaces(Filters=by_instance)["NetworkInterfaces"] == []
    assert hosts.ec2.get_console_output(InstanceId=instance)["Output"]
    # Twice is no error.
    hosts.ec2.terminate_instances(InstanceIds=[instance])


def test_a_host_that_does_not_boot_is_terminated_with_a_reason(hosts: Hosts) -> None:
    # cloud-init runs boot commands before sshd starts.
    [instance] = hosts.run(user_data={"bootcmd": ["systemctl exit 7", "sleep 30"]})

    terminated = hosts.wait(instance, "terminated")

    assert terminated["StateReason"]["Code"] == "Server.InternalError"
    assert "ended with status 7 before its SSH answered" in terminated["StateReason"]["Message"]
    assert "cloud-init" in hosts.ec2.get_console_output(InstanceId=instance)["Output"]


class Nothing:
    """A machine that there is nothing to tell of."""

    def metadata(self, path: str) -> str | None:
        return None

    def metadata_is_on(self) -> bool:
        return False

    def metadata_wants_token(self) -> bool:
        return True


def silent_metadata(group: Group) -> MetadataServer:
    return MetadataServer(Nothing(), group)


def test_a_host_whose_ssh_stays_silent_is_given_up_after_a_while(
    hosts: Hosts, localcloud: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "BOOT_SECONDS", 1.0)
    image = Path(json.loads((Path(localcloud["LOCALCLOUD_RUN"]) / "settings.json").read_text())["image"])
    site = HostSite(Layers(image, tmp_path / "layers"), tmp_path, "silent", 22)
    host = Host("i-silent", site, 2**30, silent_metadata)
    observer = Recorder()

    kept = keeper.Keeper(
        host, Seed("silent", (), b"#cloud-config\nbootcmd: [systemctl mask ssh]\n"), observer
    )
    # A range no cloud takes: theirs are claimed from 127.77.0 upwards.
    kept.start("127.77.255.250")

    assert kept.join(patience(30))
    assert observer.heard == ["gone: the host's SSH did not answer within 1 s; see its console"]
    Group("localcloud-silent").destroy()


class Recorder:
    def __init__(self) -> None:
        self.heard: list[str] = []

    def host_is_running(self) -> None:
        self.heard.append("running")

    def host_is_off(self, *, from_inside: bool) -> None:
        self.heard.append(f"off {from_inside}")

    def host_is_gone(self, failure: str | None) -> None:
        self.heard.append(f"gone: {failure}")


def test_nine_hosts_boot_at_once(hosts: Hosts) -> None:
    instances = hosts.run(9)

    addresses = {hosts.wait(instance, "running")["PublicIpAddress"] for instance in instances}

    assert len(addresses) == 9
    hosts.end(*instances)


def test_a_security_group_in_use_cannot_be_deleted(hosts: Hosts) -> None:
    group = hosts.ec2.create_security_group(GroupName="in-use", Description="of a test")["GroupId"]
    [instance] = hosts.run(SecurityGroupIds=[group])

    with pytest.raises(ClientError, match="DependencyViolation"):
        hosts.ec2.delete_security_group(GroupId=group)

    hosts.end(instance)
    hosts.ec2.delete_security_group(GroupId=group)


def test_the_root_volume_is_as_wished_and_goes_with_the_instance(hosts: Hosts) -> None:
    wish: dict[str, Any] = {
        "DeviceName": "/dev/xvda",
        "Ebs": {"VolumeSize": 10, "VolumeType": "gp3", "Encrypted": True},
    }
    [instance] = hosts.run(BlockDeviceMappings=[wish], MetadataOptions={"HttpTokens": "required"})

    found = hosts.describe(instance)

    [device] = found["BlockDeviceMappings"]
    [volume] = hosts.ec2.describe_volumes(VolumeIds=[device["Ebs"]["VolumeId"]])["Volumes"]
    assert found["RootDeviceName"] == device["DeviceName"] == "/dev/xvda"
    assert device["Ebs"]["DeleteOnTermination"] is True
    assert (volume["Size"], volume["VolumeType"], volume["Encrypted"]) == (10, "gp3", True)
    assert found["MetadataOptions"]["HttpTokens"] == "required"
    hosts.end(instance)
