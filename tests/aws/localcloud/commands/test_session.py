"""What the lab does when a session ends and when the next one begins."""

import configparser
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from jobfleet_jobs.protocol.aws_facts import lab_has_ended

from tests.localcloud_fixture import Hosts, client_of, localcloud_command, new_key, parse_env


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a cloud of the test's own: the end of a session ends it for all."""
    run = tmp_path / "run"
    up = localcloud_command("up", run=run)
    assert up.returncode == 0, up.stderr
    yield parse_env(localcloud_command("env", run=run).stdout) | {"LOCALCLOUD_RUN": str(run)}
    down = localcloud_command("down", run=run)
    assert down.returncode == 0, down.stderr


def of_block(cloud: dict[str, str], text: str) -> dict[str, str]:
    block = configparser.ConfigParser(interpolation=None)
    block.read_string(text)
    return cloud | {name.upper(): value for name, value in block["default"].items()}


def session(cloud: dict[str, str], what: str) -> Any:
    return localcloud_command("session", what, run=Path(cloud["LOCALCLOUD_RUN"]))


def assert_cancelled(key: dict[str, str]) -> None:
    """Each service refuses as AWS does where the lab's policy denies everything; STS tells whose they are."""
    calls: dict[str, tuple[str, dict[str, Any], str]] = {
        "ec2": ("describe_instances", {}, "UnauthorizedOperation"),
        "s3": ("list_buckets", {}, "AccessDenied"),
        "sqs": ("list_queues", {}, "AccessDenied"),
        "ssm": ("get_parameter", {"Name": "x"}, "AccessDeniedException"),
        "cloudwatch": ("list_metrics", {}, "AccessDenied"),
    }
    for service, (call, arguments, code) in calls.items():
        with closing(client_of(key, service)) as client, pytest.raises(ClientError) as caught:
            getattr(client, call)(**arguments)
        error = caught.value.response["Error"]
        assert error["Code"] in (code, f"{code}Exception")
        assert "with an explicit deny in an identity-based policy: arn:aws:iam::" in error["Message"]
        assert lab_has_ended(caught.value.response)
    with closing(client_of(key, "s3")) as s3, pytest.raises(ClientError) as caught:
        s3.head_bucket(Bucket="any")  # its answer has no body that could tell
    assert caught.value.response["Error"]["Code"] == "403"
    with closing(client_of(key, "sts")) as sts:
        assert "assumed-role/voclabs/" in sts.get_caller_identity()["Arn"]


def test_keys_of_a_session_that_has_ended_are_cancelled_while_the_instances_go_on(
    cloud: dict[str, str],
) -> None:
    key = new_key(cloud)

    assert "1 keys were cancelled" in session(cloud, "cancel").stderr

    assert_cancelled(key)
    assert_cancelled(new_key(cloud, cancelled=True))
    assert "0 keys were cancelled" in session(cloud, "cancel").stderr
    with closing(client_of(new_key(cloud), "ec2")) as ec2:
        ec2.describe_instances()
    assert session(cloud, "expire").returncode == 0
    with closing(client_of(key, "sts")) as sts, pytest.raises(ClientError, match="ExpiredToken"):
        sts.get_caller_identity()


def test_after_the_night_what_ran_runs_again_on_new_addresses_and_the_rest_does_not(
    cloud: dict[str, str], hosts: Hosts
) -> None:
    key = new_key(cloud)
    with closing(client_of(key, "ec2")) as ec2:
        public = (hosts.folder / "user.pub").read_bytes()
        ec2.import_key_pair(KeyName="localcloud-tests", PublicKeyMaterial=public)
        mine = Hosts(ec2, hosts.folder)
        runs, stopped = mine.run(2)
        before = mine.wait(runs, "running")["PublicIpAddress"]
        mine.wait(stopped, "running")
        ec2.stop_instances(InstanceIds=[stopped])
        mine.wait(stopped, "stopped")
        # Not up yet when the session ends; the lab stops it as well.
        [boots] = mine.run()

        ended = session(cloud, "end")

        assert ended.returncode == 0, ended.stderr
        assert "1 keys were cancelled, 2 instances stopped" in ended.stderr
        assert_cancelled(key)
    with closing(client_of(cloud, "ec2")) as ec2:
        mine = Hosts(ec2, hosts.folder)
        states = [mine.describe(one)["State"]["Name"] for one in (runs, stopped, boots)]
        assert states == ["stopped"] * 3
        assert localcloud_command("credentials", run=Path(cloud["LOCALCLOUD_RUN"])).returncode == 1

        started = session(cloud, "start")

        assert "2 instances start again" in started.stderr
        after = mine.wait(runs, "running")["PublicIpAddress"]
        mine.wait(boots, "running")
        assert after != before
        assert mine.ssh(after, "hostname")
        assert mine.describe(stopped)["State"]["Name"] == "stopped"
    with closing(client_of(of_block(cloud, started.stdout), "sts")) as sts:
        assert sts.get_caller_identity()["Account"] == "123456789012"


def test_keys_can_expire_while_the_session_goes_on(cloud: dict[str, str]) -> None:
    with closing(client_of(new_key(cloud), "sts")) as sts:
        sts.get_caller_identity()

        expired = session(cloud, "expire")

        assert expired.returncode == 0, expired.stderr
        assert "1 keys died" in expired.stderr
        with pytest.raises(ClientError, match="ExpiredToken"):
            sts.get_caller_identity()
    for alive in (cloud, new_key(cloud)):
        with closing(client_of(alive, "sts")) as sts:
            sts.get_caller_identity()
