"""The stack's own image: made once, nothing of the stack is in it, and hosts boot from it into work."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from jobfleet_jobs.protocol.names import IMAGE_OFFERS, image_offer_key

from tests.lab_profile import PROFILE, make_profile
from tests.patience import wait_for
from tests.places import REPOSITORY
from tests.playbooks.conftest import Outcome, Stack
from tests.unit.plugins.actions import action

action("in_process")  # from then on plugins/module_utils can be imported from

from ansible.module_utils.images.builder import maker  # noqa: E402

BUILT = "Ensure there is an image of it"
ENDED = "Ensure no host is left of a run that was killed"


@dataclass
class Baked:
    """A stack with an image and, so far, no worker."""

    stack: Stack
    first: Outcome
    folder: Path
    ec2: Any = field(repr=False)
    s3: Any = field(repr=False)

    @property
    def bucket(self) -> str:
        """The stack's bucket."""
        return f"{self.stack.name}-123456789012-us-east-1"

    def offers(self) -> dict[str, Any]:
        """Return what lies in the bucket of what hosts of images offer, by their hashes."""
        bucket = self.bucket
        keys = self.s3.list_objects_v2(Bucket=bucket, Prefix=IMAGE_OFFERS).get("Contents", [])
        bodies = {
            one["Key"]: self.s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in keys
        }
        return {Path(key).stem: json.loads(body) for key, body in bodies.items()}

    def images(self) -> list[dict[str, Any]]:
        """Return the stack's images, the newest first."""
        filters = [{"Name": "tag:jobfleet:stack", "Values": [self.stack.name]}]
        found = self.ec2.describe_images(Owners=["self"], Filters=filters)["Images"]
        return sorted(found, key=lambda one: (str(one["CreationDate"]), one["ImageId"]), reverse=True)

    def builders(self) -> list[str]:
        """Return the ids of the hosts that were to become images and are not terminated."""
        return [one["InstanceId"] for one in self.stack.instances() if role_of(one) == "image"]

    def play(self, *tasks: dict[str, Any]) -> Outcome:
        """Run tasks on the controller, as a playbook with the variables of a deployment."""
        play = {
            "hosts": "localhost",
            "connection": "local",
            "vars_files": [str(REPOSITORY / "inventory/group_vars/workers.yml")],
            "roles": ["account"],
            "tasks": list(tasks),
        }
        file = self.folder / "tasks.yml"
        file.write_text(yaml.safe_dump([play], sort_keys=False))
        done = self.stack.play(str(file))
        assert done.code == 0, done.said or done.text
        return done

    def user_data(self) -> str:
        """Return the user data of a host that scales."""
        file = self.folder / "user-data"
        roles = ({"name": name, "tasks_from": "configuration"} for name in ("worker", "scaler"))
        self.play(
            *({"include_role": role} for role in roles),
            {
                "ansible.builtin.template": {
                    "src": str(REPOSITORY / "roles/scaling/templates/user-data.yml.j2"),
                    "dest": str(file),
                }
            },
        )
        return file.read_text()

    def launch(self, user_data: str) -> str:
        """Launch a host from the image, as nobody's worker but for its configuration; return its id."""
        tags = {"jobfleet:stack": self.stack.name, "jobfleet:scaled": "true"}
        listed = [{"Key": key, "Value": text} for key, text in tags.items()]
        [made] = self.ec2.run_instances(
            ImageId=self.images()[-1]["ImageId"],
            TagSpecifications=[{"ResourceType": "instance", "Tags": listed}],
            InstanceType="t3.small",
            MinCount=1,
            MaxCount=1,
            UserData=user_data,
            SecurityGroups=[f"{self.stack.name}-workers"],
            IamInstanceProfile={"Name": PROFILE},
        )["Instances"]
        return str(made["InstanceId"])

    def console(self, instance: str) -> str:
        """Return what a host has written to its console."""
        return str(self.ec2.get_console_output(InstanceId=instance).get("Output", ""))


def role_of(instance: dict[str, Any]) -> str:
    return {tag["Key"]: tag["Value"] for tag in instance["Tags"]}.get("jobfleet:role", "")


@pytest.fixture(scope="module")
def baked(
    localcloud: dict[str, str], hosts: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Baked]:
    """A stack whose hosts boot from its image."""
    make_profile(localcloud)
    folder = tmp_path_factory.mktemp("baked")
    variables = {
        "image": "baked",
        "image_upgrade": False,  # whatever Debian has new today
        "worker_operation_packages": [str(REPOSITORY / "examples/word-count")],
        "instances_count": 0,
        "worker_credentials": "instance_profile",
        "worker_wait_time": 2,
    }
    stack = Stack("canary", folder / "stack", localcloud, variables)
    ec2, s3 = stack.client("ec2"), stack.client("s3")
    try:
        yield Baked(stack, stack.deploy(), folder, ec2, s3)
    finally:
        ended = stack.play("playbooks/teardown.yml", confirm=True)
        ec2.close()
        s3.close()
        assert ended.code == 0, ended.said


@pytest.fixture
def launched(baked: Baked) -> Iterator[list[str]]:
    """Hosts that a test launches by hand, which go with it."""
    ids: list[str] = []
    yield ids
    if ids:
        baked.ec2.terminate_instances(InstanceIds=ids)
        baked.ec2.get_waiter("instance_terminated").wait(InstanceIds=ids, WaiterConfig={"Delay": 1})


def test_the_image_says_what_is_in_it_and_is_made_once(baked: Baked) -> None:
    assert BUILT in baked.first.changed
    [image] = baked.images()
    tags = {tag["Key"]: tag["Value"] for tag in image["Tags"]}
    assert image["Name"] == f"jobfleet-canary-{tags['jobfleet:image']}"
    assert re.fullmatch(r"[0-9a-f]{12}", tags["jobfleet:image"])
    assert baked.builders() == []
    told = baked.offers()
    assert [one["name"] for one in told[tags["jobfleet:image"]]["own"]] == ["word-count"]

    assert baked.stack.deploy().changes == 0
    assert baked.stack.play("playbooks/image.yml").changes == 0
    would = baked.stack.play("playbooks/image.yml", "--check", image_volume_size=9)
    assert would.changed == ["Ensure it runs"]
    assert baked.images() == [image]


def test_a_host_boots_into_work_with_nobody_logging_in(baked: Baked, launched: list[str]) -> None:
    given = baked.user_data()
    assert len(given) < 16_384
    launched.append(baked.launch(given))

    done = baked.stack.jobfleet("--json", "--timeout", "120", "stats", "1", "2", "3", seconds=180)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["worker"] == launched[0]
    root = root_of(baked, launched[0])
    assert "Accepted publickey" not in journal_of(root)
    told = {path.name: path.stat() for path in (root / "etc/jobfleet").iterdir()}
    assert sorted(told) == ["scaler.toml", "worker.toml"]
    assert {oct(one.st_mode & 0o777) for one in told.values()} == {"0o640"}


def test_a_host_that_misses_its_configuration_says_so_and_does_no_work(
    baked: Baked, launched: list[str]
) -> None:
    launched.append(baked.launch("#cloud-config\n"))

    wait_for(lambda: "the user data of this host brought no" in baked.console(launched[0]), 120)


def test_nothing_of_the_stack_and_nobody_s_key_is_in_the_image(baked: Baked) -> None:
    [layer] = layers_of(baked)
    pair = (baked.stack.folder / "id_ed25519.pub").read_text().split()[1]
    host = (baked.stack.folder / "host_ed25519.pub").read_text().split()[1]
    secret = "".join((baked.stack.folder / "host_ed25519").read_text().splitlines()[1:3])[:60]
    builder = (baked.stack.folder / "known_builder").read_text().split()[2]
    environment = baked.stack.environment
    canaries = {
        "the key pair's public key": pair,
        "the hosts' public key": host,
        "the hosts' private key": secret,
        "the builder's own key": builder,
        "the deployer's access key": environment["AWS_ACCESS_KEY_ID"],
        "the deployer's secret": environment["AWS_SECRET_ACCESS_KEY"],
        "the deployer's token": environment["AWS_SESSION_TOKEN"][:60],
        # The account's number alone stands in botocore's own examples.
        "the bucket and the account": "canary-123456789012",
        "a queue": "canary-requests",
    }

    assert {what for what, text in canaries.items() if holds(layer, text)} == set()
    assert holds(layer, "ExecStart=/opt/jobfleet/venv/bin/python -m jobfleet_worker"), "it looks at nothing"
    assert (layer / "etc/machine-id").read_text() == ""
    gone = (
        "etc/ssh/ssh_host_ed25519_key", "root/.ssh", "home/admin/.ssh", "var/lib/cloud", "var/lib/jobfleet",
        "etc/jobfleet/worker.toml", "etc/hostname", "var/lib/systemd/random-seed",
    )  # fmt: skip
    assert [path for path in gone if is_there(layer / path)] == []
    for folder in ("var/log/journal", "var/lib/apt/lists", "tmp", "etc/jobfleet"):
        assert [one for one in layer.glob(f"{folder}/*") if is_there(one)] == [], folder


def test_two_images_stay_and_those_in_use(baked: Baked, launched: list[str]) -> None:
    [first] = baked.images()
    launched.append(baked.launch("#cloud-config\n"))
    baked.ec2.get_waiter("instance_running").wait(InstanceIds=launched, WaiterConfig={"Delay": 1})
    ours = [{"Key": "jobfleet:stack", "Value": baked.stack.name}]
    more = {}
    for number in range(3):
        tags = [*ours, {"Key": "jobfleet:image", "Value": f"more{number}"}]
        key = image_offer_key(f"more{number}")
        baked.s3.put_object(Bucket=baked.bucket, Key=key, Body=b"{}")
        made = baked.ec2.create_image(
            InstanceId=launched[0],
            Name=f"more-{number}",
            NoReboot=True,
            TagSpecifications=[{"ResourceType": kind, "Tags": tags} for kind in ("image", "snapshot")],
        )["ImageId"]
        baked.ec2.get_waiter("image_available").wait(ImageIds=[made], WaiterConfig={"Delay": 1})
        more[made] = f"more{number}"
    # Two that were made in one second have no order of their own.
    newest = [one["ImageId"] for one in baked.images()][:2]
    before = baked.offers().keys()
    prune = {
        "stack_image": {
            "region": "us-east-1", "stack": baked.stack.name, "state": "pruned", "bucket": baked.bucket,
        }
    }  # fmt: skip

    assert baked.play(prune).changes == 1

    left = {one["ImageId"]: one for one in baked.images()}
    # The newest two, and the one that the host was launched from.
    assert left.keys() == {*newest, first["ImageId"]}
    # What their hosts offer goes with the others.
    assert before - baked.offers().keys() == {more[one] for one in more.keys() - set(newest)}
    held = {disk["Ebs"]["SnapshotId"] for one in left.values() for disk in one["BlockDeviceMappings"]}
    filters = [{"Name": "tag:jobfleet:stack", "Values": [baked.stack.name]}]
    snapshots = baked.ec2.describe_snapshots(OwnerIds=["self"], Filters=filters)["Snapshots"]
    assert {one["SnapshotId"] for one in snapshots} == held
    for image in newest:
        baked.ec2.deregister_image(ImageId=image)
    # Their snapshots are left, as of a run that was ended between the two steps.
    assert baked.play(prune).changes == 1
    assert baked.play(prune).changes == 0
    assert baked.images() == [first]


def test_a_build_that_fails_leaves_no_host_and_no_image(baked: Baked) -> None:
    before = baked.images()

    failed = baked.stack.play("playbooks/image.yml", host_packages=["python3-venv", "no-such-package"])

    assert failed.code != 0
    assert "no-such-package" in failed.said
    assert "did not become what the image shall be" in failed.said
    assert baked.builders() == []
    assert baked.images() == before


def test_a_host_that_a_killed_run_left_is_ended_and_another_machine_s_is_not(
    baked: Baked, launched: list[str]
) -> None:
    marks = {"mine": maker(str(baked.stack.folder)), "theirs": "another"}
    ids = {who: left_builder(baked, mark) for who, mark in marks.items()}
    launched += ids.values()

    outcome = baked.stack.play("playbooks/image.yml")

    assert outcome.changed == [ENDED]
    assert baked.builders() == [ids["theirs"]]
    refused = baked.stack.play("playbooks/image.yml", image_volume_size=9)
    assert refused.code != 0
    assert f"A run on another machine makes an image of this stack now, of {ids['theirs']}" in refused.said


def left_builder(baked: Baked, mark: str) -> str:
    """Launch what a run leaves that is killed; return its id."""
    tags = {"jobfleet:stack": baked.stack.name, "jobfleet:role": "image", "jobfleet:builder": mark}
    [made] = baked.ec2.run_instances(
        ImageId=baked.images()[-1]["ImageId"],
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": key, "Value": text} for key, text in tags.items()]}
        ],
    )["Instances"]
    return str(made["InstanceId"])


def root_of(baked: Baked, instance: str) -> Path:
    """Return the disk of a host that runs, as this machine sees it."""
    return Path(baked.stack.environment["LOCALCLOUD_RUN"]) / "hosts" / instance / "root"


def layers_of(baked: Baked) -> list[Path]:
    """Return what the image holds on top of Debian's, one folder for each layer."""
    return list((Path(baked.stack.environment["LOCALCLOUD_RUN"]) / "layers").iterdir())


def journal_of(root: Path) -> str:
    """Return the journal of a host's disk."""
    return subprocess.run(
        ["journalctl", f"--directory={root / 'var/log/journal'}", "--no-pager"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def is_there(path: Path) -> bool:
    """Tell whether a layer holds a path, and not the mark that it was deleted (a device 0/0)."""
    with suppress(FileNotFoundError):
        found = path.lstat()
        return not (path.is_char_device() and found.st_rdev == 0)
    return False


def holds(folder: Path, text: str) -> bool:
    """Tell whether any file below a folder holds a text, or is called so."""
    command = ["grep", "--recursive", "--quiet", "--text", "--fixed-strings", "--devices=skip", "-e", text]
    found = subprocess.run([*command, str(folder)], capture_output=True, check=False)
    assert found.returncode in (0, 1), found.stderr
    return found.returncode == 0 or any(text in path.name for path in folder.rglob("*"))
