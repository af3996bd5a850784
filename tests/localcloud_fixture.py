"""Fixtures that give the tests an embedded AWS of their own, beside a person's.

`localcloud` is a dict of environment variables: put it over `os.environ` for a program, or use
the `aws` fixture for boto3 clients. `hosts` boots instances; where none can be, its tests are skipped.
"""

import configparser
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from localcloud.commands import lab
from localcloud.commands.ask_server import ask, server_of
from localcloud.state import RunFolder
from tests.abilities import lacking
from tests.patience import patience, wait_for
from tests.places import REPOSITORY

# What gives EC2 of the process's cloud, once a test has asked for the cloud's clients.
EC2_OF_SESSION = pytest.StashKey[Callable[[], Any]]()

DEBIAN_OWNER = "136693071363"


def localcloud_command(
    *arguments: str, run: Path, environment: dict[str, str] | None = None, prefix: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run `python -m localcloud` on the cloud of `run`, which ends with this process, if not sooner."""
    if arguments[:1] == ("up",) and "--while" not in arguments:
        arguments = (*arguments, "--while", str(os.getpid()))
    return subprocess.run(
        [*prefix, sys.executable, "-m", "localcloud", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "LOCALCLOUD_RUN": str(run), **(environment or {})},
        capture_output=True,
        text=True,
        timeout=patience(600),
        check=False,
    )


def parse_env(output: str) -> dict[str, str]:
    """Return the variables that the lines of `localcloud env` export."""
    lines = [line.removeprefix("export ") for line in output.splitlines() if line.startswith("export ")]
    return dict(line.split("=", 1) for line in lines)


@pytest.fixture(scope="session")
def localcloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a cloud for this test session, `LOCALCLOUD_RUN` included."""
    run = tmp_path_factory.mktemp("localcloud") / "run"
    # Tests make queues anew under the same names.
    up = localcloud_command("up", "--queue-names-after", "0", run=run)
    assert up.returncode == 0, up.stderr
    try:
        environment = parse_env(localcloud_command("env", run=run).stdout)
        yield {**environment, "LOCALCLOUD_RUN": str(run)}
    finally:
        down = localcloud_command("down", run=run)
        assert down.returncode == 0, down.stderr
        assert not run.exists()


@pytest.fixture(scope="session")
def aws(localcloud: dict[str, str], request: pytest.FixtureRequest) -> Iterator[Callable[[str], Any]]:
    """A function from a service's name to a boto3 client of the session's cloud."""
    made: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in made:
            made[service] = client_of(localcloud, service)
        return made[service]

    request.session.stash[EC2_OF_SESSION] = lambda: client("ec2")
    yield client
    for one in made.values():
        one.close()


@pytest.fixture
def lateness(localcloud: dict[str, str]) -> Iterator[Callable[..., None]]:
    """A function that makes the session's cloud late (`state.Delays`); after the test it is not any more."""

    def be_late(**wanted: float) -> None:
        ask(server_of(RunFolder(Path(localcloud["LOCALCLOUD_RUN"]))), "delays", **wanted)

    yield be_late
    be_late()


def new_key(environment: dict[str, str], **wishes: Any) -> dict[str, str]:
    """Issue a key as `localcloud credentials` does; return `environment` with it in the place of `env`'s.

    `wishes` are the command's: `seconds`, `account`, `policy` (a file); or `cancelled` with `account` alone.
    """
    run = RunFolder(Path(environment["LOCALCLOUD_RUN"]))
    asked = {"seconds": None, "account": None, "policy": None, **wishes}
    if asked.pop("cancelled", False):
        made = lab.cancelled_credentials(run, asked["account"])
    else:
        made = lab.credentials(run, **asked)
    block = configparser.ConfigParser(interpolation=None)
    block.read_string(made["block"])
    return environment | {name.upper(): value for name, value in block["default"].items()}


def client_of(environment: dict[str, str], service: str) -> Any:
    """Return a boto3 client for the cloud that `environment` points at."""
    session = boto3.session.Session(
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environment["AWS_SESSION_TOKEN"],
        region_name=environment["AWS_REGION"],
    )
    return session.client(service, endpoint_url=environment["AWS_ENDPOINT_URL"])  # type: ignore[call-overload]


@dataclass
class Hosts:
    """Boots instances and reaches them the way a playbook does: by key, with a known host key."""

    ec2: Any
    folder: Path

    def run(self, count: int = 1, user_data: dict[str, Any] | None = None, **more: Any) -> list[str]:
        """Return the ids of new instances, `pending` as yet."""
        image = more.pop("ImageId", None) or newest_debian(self.ec2)["ImageId"]
        answer = self.ec2.run_instances(
            ImageId=image,
            InstanceType="t3.micro",
            MinCount=count,
            MaxCount=count,
            KeyName="localcloud-tests",
            UserData=self.cloud_config(user_data or {}),
            **more,
        )
        return [instance["InstanceId"] for instance in answer["Instances"]]

    def cloud_config(self, more: dict[str, Any]) -> str:
        """Return user data with which a host shows the known host key."""
        keys = {"ed25519_private": self._read("host"), "ed25519_public": self._read("host.pub")}
        return "#cloud-config\n" + json.dumps({"ssh_keys": keys} | more)

    def describe(self, instance: str) -> dict[str, Any]:
        """Return what EC2 says about one instance."""
        answer = self.ec2.describe_instances(InstanceIds=[instance])
        found: dict[str, Any] = answer["Reservations"][0]["Instances"][0]
        return found

    def wait(self, instance: str, state: str, seconds: float = 60) -> dict[str, Any]:
        """Wait until the instance is in `state`; return its description."""
        return wait_for(
            lambda: found if (found := self.describe(instance))["State"]["Name"] == state else None, seconds
        )

    def end(self, *instances: str) -> None:
        """Terminate instances and wait until they are gone: other tests count what runs in the region."""
        self.ec2.terminate_instances(InstanceIds=list(instances))
        for instance in instances:
            self.wait(instance, "terminated")

    def ssh(self, address: str, command: str) -> str:
        """Run `command` on the host; return its output."""
        known_hosts = self.folder / "known_hosts"
        known_hosts.write_text(f"* {self._read('host.pub')}")
        return over_ssh(address, command, self.folder / "user", known_hosts).strip()

    def _read(self, name: str) -> str:
        return (self.folder / name).read_text()


def over_ssh(address: str, command: str, key: Path, known_hosts: Path, options: tuple[str, ...] = ()) -> str:
    """Run `command` on a host that shows a known key; return its output."""
    given = (
        "BatchMode=yes",
        "StrictHostKeyChecking=yes",
        f'UserKnownHostsFile="{known_hosts}"',
        "LogLevel=ERROR",
        *options,
    )
    done = subprocess.run(
        ["ssh", *(word for one in given for word in ("-o", one)), "-i", key, f"admin@{address}", command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=patience(120),
        check=False,
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


@pytest.fixture(scope="session")
def hosts(
    localcloud: dict[str, str], aws: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory
) -> Hosts:
    """Real hosts, where this machine can boot any."""
    status = localcloud_command("status", "--json", run=Path(localcloud["LOCALCLOUD_RUN"]))
    if problem := json.loads(status.stdout)["hosts_problem"]:
        lacking(problem)
    folder = tmp_path_factory.mktemp("keys")
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    ec2 = aws("ec2")
    ec2.import_key_pair(KeyName="localcloud-tests", PublicKeyMaterial=(folder / "user.pub").read_bytes())
    return Hosts(ec2, folder)


def living_instances(ec2: Any) -> set[str]:
    """Return the ids of the instances in the region that are not ended or about to end."""
    wanted = {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}
    reservations = ec2.describe_instances(Filters=[wanted])["Reservations"]
    return {instance["InstanceId"] for one in reservations for instance in one["Instances"]}


def newest_debian(ec2: Any, release: int = 12) -> dict[str, Any]:
    """Return the newest image of Debian 12, or of another release, looked up as on AWS."""
    filters = [{"Name": "name", "Values": [f"debian-{release}-amd64-*"]}]
    images = ec2.describe_images(Owners=[DEBIAN_OWNER], Filters=filters)["Images"]
    newest: dict[str, Any] = max(images, key=lambda image: image["CreationDate"])
    return newest
