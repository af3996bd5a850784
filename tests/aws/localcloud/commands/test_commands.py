"""`up`, `down`, `status` and `env`: what they leave, and what they say."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from localcloud.hosts.cgroups import Group
from localcloud.state import RunFolder
from tests.abilities import need_to_work
from tests.localcloud_fixture import Hosts, client_of, localcloud_command, newest_debian, parse_env
from tests.patience import wait_for


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Path]:
    """The run folder of a cloud of the test's own."""
    yield tmp_path / "run"
    down = localcloud_command("down", run=tmp_path / "run")
    assert down.returncode == 0, down.stderr


def cloud_of(run: Path, hosts: Hosts, *options: str) -> tuple[Hosts, int]:
    """Start a cloud in `run`; return a way to boot hosts in it and the server's process id."""
    up = localcloud_command("up", *options, run=run)
    assert up.returncode == 0, up.stderr
    ec2 = client_of(parse_env(localcloud_command("env", run=run).stdout), "ec2")
    ec2.import_key_pair(
        KeyName="localcloud-tests", PublicKeyMaterial=(hosts.folder / "user.pub").read_bytes()
    )
    return Hosts(ec2, hosts.folder), json.loads((run / "server.json").read_text())["pid"]


def leftovers(run: Path) -> dict[str, object]:
    """Return what a cloud has on this machine outside of its own process."""
    group = Group(f"localcloud-{RunFolder(run).cloud}")
    return {
        "processes": sorted(group.pids()),
        "cgroups": [str(folder) for folder in group.folders() if folder.exists()],
        "mounts": [line for line in Path("/proc/self/mounts").read_text().splitlines() if str(run) in line],
        "nspawn": [
            str(path) for path in Path("/run/systemd/nspawn").glob("*/i-*") if path.name in names(run)
        ],
        "files": [str(run)] if run.exists() else [],
    }


def is_alive(pid: int) -> bool:
    """Tell whether `pid` runs; an ended one that its parent has not asked about yet does not."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def names(run: Path) -> list[str]:
    return [path.name for path in (run / "hosts").glob("*")]


NOTHING: dict[str, object] = {"processes": [], "cgroups": [], "mounts": [], "nspawn": [], "files": []}


def test_down_leaves_nothing_and_twice_is_no_error(run: Path, hosts: Hosts) -> None:
    mine, server = cloud_of(run, hosts)
    instances = mine.run(3)
    mine.wait(instances[0], "running")
    mine.ec2.stop_instances(InstanceIds=[instances[0]])
    mine.wait(instances[0], "stopped")
    mine.ec2.close()
    assert leftovers(run)["processes"]

    downs = [localcloud_command("down", run=run) for _ in range(2)]

    assert [down.returncode for down in downs] == [0, 0], downs
    assert leftovers(run) == NOTHING
    assert not [path for path in Path("/run/systemd/nspawn").glob("*/*") if path.name in instances]
    assert not is_alive(server)
    assert localcloud_command("status", run=run).returncode == 1


def test_up_cleans_what_a_killed_server_left_and_serves_anew(run: Path, hosts: Hosts) -> None:
    mine, server = cloud_of(run, hosts)
    [instance, _] = mine.run(2)
    address = mine.wait(instance, "running")["PublicIpAddress"]
    image = mine.ec2.create_image(InstanceId=instance, Name="of it", NoReboot=True)["ImageId"]
    wait_for((RunFolder(run).layers / image).is_dir)
    mine.ec2.close()
    os.kill(server, signal.SIGKILL)
    wait_for(lambda: not RunFolder(run).server_is_alive())
    assert leftovers(run)["processes"]
    assert mine.ssh(address, "hostname"), "the host outlives its server"

    endpoint = json.loads((run / "server.json").read_text())["endpoint"]
    up = localcloud_command("up", run=run)
    again, _ = cloud_of(run, hosts)

    assert f"up at {endpoint}" in up.stderr, "programs find it where the last one was"
    assert f"removed of a killed cloud: instance {instance}" in up.stderr
    assert f"removed of a killed cloud: image {image}" in up.stderr
    assert not RunFolder(run).layers.exists()
    assert leftovers(run) | {"files": []} == NOTHING
    assert again.ec2.describe_instances()["Reservations"] == []
    [instance] = again.run()
    again.wait(instance, "running")
    again.ec2.close()


def test_down_cleans_what_a_killed_server_left(run: Path, hosts: Hosts) -> None:
    mine, server = cloud_of(run, hosts)
    [instance] = mine.run()
    mine.wait(instance, "running")
    mine.ec2.close()
    os.kill(server, signal.SIGKILL)

    assert localcloud_command("down", run=run).returncode == 0

    assert leftovers(run) == NOTHING


def test_a_cloud_ends_with_the_process_that_it_is_there_for(run: Path, hosts: Hosts) -> None:
    """As with tests that are interrupted: nobody calls `down`, and hosts and mounts would stay."""
    with subprocess.Popen(["sleep", "infinity"]) as companion:
        mine, server = cloud_of(run, hosts, "--while", str(companion.pid))
        mine.wait(mine.run()[0], "running")
        mine.ec2.close()
        assert leftovers(run)["mounts"]
        companion.kill()

    wait_for(lambda: not is_alive(server))

    found = leftovers(run)
    assert (found["processes"], found["mounts"]) == ([], [])


def test_a_cloud_for_a_process_that_is_not_there_is_refused_with_a_word(run: Path) -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()

    up = localcloud_command("up", "--while", str(gone.pid), run=run)

    assert up.returncode == 1
    assert f"there is no process {gone.pid}: give --while" in up.stderr


def test_a_second_up_says_that_it_is_up_and_changes_nothing(localcloud: dict[str, str]) -> None:
    run = Path(localcloud["LOCALCLOUD_RUN"])
    before = (run / "server.json").read_text()

    up = localcloud_command("up", run=run)

    assert up.returncode == 0
    assert f"already up at {localcloud['AWS_ENDPOINT_URL']}" in up.stderr
    assert (run / "server.json").read_text() == before


def test_ups_at_the_same_time_start_one_server(run: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        ups = list(pool.map(lambda _: localcloud_command("up", run=run), range(3)))

    said = sorted(up.stderr.partition(" at ")[0] for up in ups)
    assert said == ["localcloud: already up", "localcloud: already up", "localcloud: up"]


def test_the_person_s_own_files_and_profile_are_not_read(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "garbled").write_text("[default]\n[default]\n")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "garbled"))
    monkeypatch.setenv("AWS_PROFILE", "gone")

    up = localcloud_command("up", run=run)

    assert up.returncode == 0, up.stderr


def test_env_is_what_a_shell_needs(localcloud: dict[str, str]) -> None:
    show = 'eval "$(cat)" && echo "${AWS_PROFILE-unset} ${AWS_ENDPOINT_URL_SQS-unset} $AWS_REGION"'
    others = {"AWS_PROFILE": "mine", "AWS_ENDPOINT_URL_SQS": "elsewhere"}
    env = localcloud_command("env", run=Path(localcloud["LOCALCLOUD_RUN"]), environment=others)

    shell = subprocess.run(
        ["sh", "-c", show],
        input=env.stdout,
        env={**os.environ, **others},
        capture_output=True,
        text=True,
        check=True,
    )

    assert shell.stdout == "unset unset us-east-1\n"
    assert parse_env(env.stdout) | {"LOCALCLOUD_RUN": localcloud["LOCALCLOUD_RUN"]} == localcloud
    assert {
        "AWS_ENDPOINT_URL",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    } <= localcloud.keys()
    assert localcloud["AWS_DEFAULT_REGION"] == "us-east-1"


def test_env_and_status_of_a_cloud_that_is_not_up_fail_with_a_word(run: Path) -> None:
    env = localcloud_command("env", run=run)
    status = localcloud_command("status", "--json", run=run)

    assert (env.returncode, env.stdout) == (1, "")
    assert "python -m localcloud up" in env.stderr
    assert (status.returncode, json.loads(status.stdout)["up"]) == (1, False)
    assert not run.exists()


def test_status_lists_the_hosts(localcloud: dict[str, str], hosts: Hosts) -> None:
    [instance] = hosts.run()
    address = hosts.wait(instance, "running")["PublicIpAddress"]
    run = Path(localcloud["LOCALCLOUD_RUN"])

    found = json.loads(localcloud_command("status", "--json", run=run).stdout)

    assert (found["up"], found["hosts_bootable"], found["hosts_problem"]) == (True, True, None)
    assert found["endpoint"] == localcloud["AWS_ENDPOINT_URL"]
    assert {"id": instance, "state": "running", "address": address} in found["hosts"]
    assert f"{instance}  running        {address}" in localcloud_command("status", run=run).stdout
    hosts.end(instance)


def test_a_taken_port_is_replaced_unless_it_was_named(run: Path, localcloud: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        named = localcloud_command("up", "--port", str(port), run=run)

        assert named.returncode == 1
        assert f"port {port} is taken" in named.stderr
    assert localcloud_command("up", run=run).returncode == 0
    mine = parse_env(localcloud_command("env", run=run).stdout)
    assert mine["AWS_ENDPOINT_URL"] != localcloud["AWS_ENDPOINT_URL"]


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    up = localcloud_command("up", run=tmp_path)
    down = localcloud_command("down", run=tmp_path)

    assert up.returncode == 1
    assert "LOCALCLOUD_RUN" in up.stderr
    assert down.returncode == 0
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_without_root_the_rest_works_and_run_instances_says_what_to_do(tmp_path: Path) -> None:
    nobody: tuple[str, ...] = ()
    if os.geteuid() == 0:
        # Nobody, and yet one who reaches root's files: the interpreter may lie there.
        nobody = ("unshare", "--user")
        need_to_work(*nobody, "true")
    cache = {"XDG_CACHE_HOME": str(tmp_path)}
    run = tmp_path / "run"

    up = localcloud_command("up", run=run, environment=cache, prefix=nobody)
    try:
        assert up.returncode == 0, up.stderr
        assert "hosts cannot be booted without root: run `python -m localcloud up` as root" in up.stderr
        env = localcloud_command("env", run=run, environment=cache, prefix=nobody)
        refuses_instances_but_has_queues(parse_env(env.stdout))
        assert [path.name for path in tmp_path.iterdir()] == ["run"], "no image was built"
    finally:
        down = localcloud_command("down", run=run, environment=cache, prefix=nobody)
    assert down.returncode == 0, down.stderr
    assert not run.exists()


def test_an_image_that_cannot_be_built_is_told_and_leaves_nothing_unfinished(
    tmp_path: Path, hosts: Hosts
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    # It fails as it does without a network, after it has begun to write.
    failing = tools / "mmdebstrap"
    failing.write_text(
        '#!/bin/sh\nfor last; do :; done\nmkdir "$last"\necho "E: no mirror answers"\nexit 1\n'
    )
    failing.chmod(0o755)
    environment = {"PATH": f"{tools}:{os.environ['PATH']}", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    run = tmp_path / "run"

    up = localcloud_command("up", run=run, environment=environment)
    cached = sorted(path.name for path in (tmp_path / "cache" / "jobfleet").iterdir())
    down = localcloud_command("down", run=run)

    assert (up.returncode, down.returncode) == (0, 0), up.stderr
    assert "the Debian 12 base image could not be built (E: no mirror answers)" in up.stderr
    assert cached == ["image.lock", "image.log"]


def refuses_instances_but_has_queues(environment: dict[str, str]) -> None:
    ec2, sqs = client_of(environment, "ec2"), client_of(environment, "sqs")
    with pytest.raises(ClientError, match="as root") as refused:
        ec2.run_instances(
            ImageId=newest_debian(ec2)["ImageId"], InstanceType="t3.micro", MinCount=1, MaxCount=1
        )
    assert refused.value.response["Error"]["Code"] == "InsufficientInstanceCapacity"
    assert ec2.describe_instances()["Reservations"] == []
    queue = sqs.create_queue(QueueName="works")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="all the same")
    assert sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "all the same"
    ec2.close()
    sqs.close()
