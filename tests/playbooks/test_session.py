"""A lab's session from its block of credentials to its end, and the one after it."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jobfleet import Fleet, Job
from jobfleet.settings.settings import Settings
from jobfleet_jobs.protocol.names import StackNames

from localcloud.commands import lab as lab_commands
from localcloud.state import RunFolder
from tests.lab_profile import make_profile
from tests.localcloud_fixture import localcloud_command, new_key
from tests.patience import patience, wait_for
from tests.playbooks.conftest import REPOSITORY, Stack

JOBS = 200
FLEET = "Ensure as many instances of each group run as are wanted"
IN_FORCE = "Ensure the pasted credentials are alive, and in force on this machine"
ON_HOST = "Ensure the host holds the credentials that are in force here"
PRIVATE = ("id_ed25519", "host_ed25519")
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


@pytest.fixture
def lab(stack: Stack, tmp_path: Path) -> Stack:
    """The stack as a student has it: no keys in the environment, a credentials file of one's own."""
    own = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"), **dict.fromkeys(KEYS, "")}
    return replace(stack, environment=stack.environment | own)


def paste(stack: Stack, folder: Path, **wishes: Any) -> tuple[Path, dict[str, str]]:
    """Write a new block of the cloud's to a file; return the file and the block's values."""
    values = {name: value for name, value in new_key(stack.environment, **wishes).items() if name in KEYS}
    block = folder / "block"
    lines = [f"{name.lower()}={value}" for name, value in values.items()]
    block.write_text("\n".join(["[default]", *lines, ""]))
    return block, values


def service_start(stack: Stack) -> dict[str, str]:
    return stack.on_workers("systemctl show -P ActiveEnterTimestampMonotonic jobfleet-worker")


@contextmanager
def command_lines_watched() -> Iterator[set[str]]:
    """Collect the command lines of all processes of this machine, looked at a hundred times a second."""
    seen: set[str] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.01):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    seen.add((process / "cmdline").read_text(errors="replace"))
                except OSError:
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def everything_stored(stack: Stack) -> Iterator[tuple[str, str]]:
    """Yield names and contents of the stack's bucket and folder, the repository and Ansible's own folder."""
    s3 = stack.client("s3")
    bucket = StackNames(stack.name).bucket("123456789012", "us-east-1")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", []):
            body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
            yield item["Key"], body.decode(errors="replace")
    s3.close()
    tools = {".git", ".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache", "__pycache__"}
    for top in (stack.folder, REPOSITORY, Path("~/.ansible").expanduser()):
        for folder, folders, names in os.walk(top):
            folders[:] = [name for name in folders if name not in tools]
            for path in (Path(folder) / name for name in names):
                if path.is_file():
                    yield str(path), path.read_text(errors="replace")


def send(fleet: Fleet, count: int) -> list[Job]:
    photo = REPOSITORY / "examples" / "photo.jpg"
    return [fleet.submit("threshold", photo, name=f"session-{n}.png") for n in range(count)]


@pytest.mark.changes_stack
def test_jobs_under_way_outlive_the_end_of_the_lab_s_session_and_nothing_tells_them(
    stack: Stack, lab: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying, _ = paste(stack, tmp_path)
    # As a person names a file: from where he stands.
    first = lab.play("playbooks/credentials.yml", credentials_file=os.path.relpath(dying, REPOSITORY))
    assert first.code == 0, first.said
    started = service_start(stack)
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    settings = Settings(stack.name, "us-east-1", None, stack.environment["AWS_ENDPOINT_URL"])

    with Fleet(settings) as fleet:
        sent = send(fleet, JOBS)
        wait_for(lambda: any(job.done() for job in sent), 60)
        lab_commands.cancel_keys(RunFolder(Path(stack.environment["LOCALCLOUD_RUN"])), print)
        wait_for(lambda: "paused" in " ".join(status(stack)), 90)
        undone = [job for job in sent if not job.done()]
        assert undone, "all jobs were done before the session ended"
        block, _ = paste(stack, tmp_path)
        refreshed = lab.play("playbooks/credentials.yml", credentials_file=str(block))
        results = [job.result(patience(180)) for job in sent]

    assert refreshed.code == 0, refreshed.said
    assert refreshed.changed == [IN_FORCE, ON_HOST]
    assert [result.status for result in results] == ["succeeded"] * JOBS
    assert service_start(stack) == started
    [mode] = stack.on_workers("stat --format '%a %U' /etc/jobfleet/credentials").values()
    assert mode == "400 jobfleet"


def status(stack: Stack) -> list[str]:
    return list(stack.on_workers("systemctl show -P StatusText jobfleet-worker").values())


def test_credentials_that_cannot_list_the_instances_do_not_count_as_replaced(
    stack: Stack, lab: Stack, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.json"
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    deny = {"Effect": "Deny", "Action": "ec2:DescribeInstances", "Resource": "*"}
    policy.write_text(json.dumps({"Statement": [allow, deny]}))
    block, _ = paste(stack, tmp_path, policy=policy)

    outcome = lab.play("playbooks/credentials.yml", credentials_file=str(block))

    assert outcome.code != 0
    assert "The instances could not be listed" in outcome.said


def test_a_block_that_is_piped_in_reaches_the_workers_and_stays_nowhere_else(
    stack: Stack, lab: Stack, tmp_path: Path
) -> None:
    block, values = paste(stack, tmp_path)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    variables = {"stack_name": stack.name, "stack_folder": str(stack.folder)}

    done = subprocess.run(
        ["scripts/credentials", "-e", json.dumps(variables)],
        cwd=REPOSITORY,
        env={**os.environ, **lab.environment, "TMPDIR": str(temporary)},
        input=block.read_text(),
        capture_output=True,
        text=True,
        timeout=patience(300),
        check=False,
    )

    assert done.returncode == 0, done.stdout
    [held] = stack.on_workers("cat /etc/jobfleet/credentials").values()
    assert values["AWS_SESSION_TOKEN"] in held
    assert not [path for path in temporary.rglob("*") if path.is_file()]
    back = stack.deploy("--tags", "credentials")
    assert back.changed == [ON_HOST]


def test_credentials_in_force_of_another_account_are_copied_nowhere(stack: Stack) -> None:
    other = replace(stack, environment=new_key(stack.environment, account="210987654321"))

    outcome = other.play("playbooks/credentials.yml")

    assert outcome.code != 0
    assert outcome.changed == []
    assert "belong to account 210987654321" in outcome.said
    assert "is in account 123456789012" in outcome.said


@pytest.mark.changes_stack
def test_a_session_that_ended_by_itself_is_brought_back_by_one_command(
    stack: Stack, lab: Stack, tmp_path: Path
) -> None:
    block, _ = paste(stack, tmp_path)
    assert lab.play("playbooks/credentials.yml", credentials_file=str(block)).code == 0
    [before] = stack.instances()
    run = Path(stack.environment["LOCALCLOUD_RUN"])

    assert localcloud_command("session", "end", run=run).returncode == 0
    wait_for(lambda: stack.instances()[0]["State"]["Name"] == "stopped", 60)
    dead = lab.play("site.yml")
    new = localcloud_command("session", "start", run=run)
    block.write_text(new.stdout)
    with command_lines_watched() as seen:
        back = lab.play("playbooks/start.yml", "-vvv", "--diff", credentials_file=str(block))

    assert "The lab's session has ended" in dead.said
    assert "in a Learner Lab or not" in dead.said
    assert dead.changed == []
    assert back.code == 0, back.said
    [after] = stack.instances()
    assert after["InstanceId"] == before["InstanceId"]
    assert after["PublicIpAddress"] != before["PublicIpAddress"]
    # What the lab had stopped, it starts again by itself.
    assert back.changed == [IN_FORCE, ON_HOST]
    answer = lab.jobfleet("--json", "stats", "4", "5")
    assert answer.returncode == 0, answer.stderr
    secrets = [line.partition("=")[2] for line in block.read_text().splitlines()[2:]]
    assert len(secrets) == 2
    for name in PRIVATE:
        # The first lines of such a file are the format and the public half, the last ones padding.
        secrets += (stack.folder / name).read_text().splitlines()[3:5]
    assert places_of(secrets, stack, back.text, "\n".join(seen), answer.stdout + answer.stderr) == []


def places_of(secrets: list[str], stack: Stack, *texts: str) -> list[str]:
    """Return where secrets lie that should lie nowhere: in texts, on the host, in all that is stored."""
    journal = stack.on_workers("journalctl --no-pager; cat /var/log/*.log || true").values()
    known = {str(stack.folder / name) for name in PRIVATE}
    searched = [
        *((f"text {n}", text) for n, text in enumerate([*texts, *journal])),
        *everything_stored(stack),
    ]
    return [where for where, text in searched if where not in known and any(one in text for one in secrets)]


def test_stop_drains_and_says_what_still_costs_and_start_goes_on(stack: Stack) -> None:
    [held] = stack.on_workers("cat /etc/jobfleet/credentials").values()
    first = stack.play("playbooks/stop.yml")
    second = stack.play("playbooks/stop.yml")
    waiting = stack.jobfleet("--timeout", "0", "stats", "1", "2")
    foreseen = stack.play("site.yml", "--check", "--diff")

    assert (foreseen.code, foreseen.changed) == (0, [FLEET]), foreseen.said
    assert first.code == 0, first.said
    assert first.changed == [
        "Ensure the worker has finished what it had begun, and handed back the rest",
        "Ensure the instances are stopped",
    ]
    assert "stopped: 0.0000 $ an hour" in first.said
    assert "GiB gp3" in first.said
    assert (second.code, second.changed) == (0, []), second.said
    assert waiting.returncode == 7

    started = stack.play("playbooks/start.yml")
    again = stack.jobfleet("stats", "3")

    assert started.code == 0, started.said
    # The environment's key is in force once more, if a block was before.
    is_held = stack.environment["AWS_SESSION_TOKEN"] in held
    assert started.changed == ([FLEET] if is_held else [FLEET, ON_HOST])
    assert again.returncode == 0, again.stderr


def test_with_the_instance_profile_nothing_secret_is_on_the_host(stack: Stack) -> None:
    make_profile(stack.environment)

    outcome = stack.deploy(worker_credentials="instance_profile")

    assert "Ensure the host holds no credentials" in outcome.changed
    assert set(stack.on_workers("ls /etc/jobfleet").values()) == {"worker.toml"}
    [instance] = stack.instances()
    assert instance["IamInstanceProfile"]["Arn"].endswith("instance-profile/LabInstanceProfile")
    done = stack.jobfleet("--json", "stats", "1", "2", "3")
    assert json.loads(done.stdout)["worker"] == instance["InstanceId"]
    assert stack.deploy(worker_credentials="instance_profile").changed == []

    back = stack.deploy()
    assert ON_HOST in back.changed


def test_the_worker_s_user_reads_what_it_needs_and_nothing_else(stack: Stack) -> None:
    secret = [
        "/etc/shadow",
        "/etc/ssh/ssh_host_ed25519_key",
        "/home/admin/.ssh/authorized_keys",
        "/var/lib/cloud/instance/user-data.txt",
    ]
    [readable] = stack.on_workers(
        f"for file in {' '.join(secret)}; do test -e $file || echo no $file;"
        " runuser -u jobfleet -- cat $file >/dev/null 2>&1 && echo $file; done; true"
    ).values()
    [written] = stack.on_workers(
        "runuser -u jobfleet -- find / -xdev -writable -type f 2>/dev/null | grep -v '^/proc/' || true"
    ).values()

    assert readable == ""
    assert [path for path in written.split() if not path.startswith("/var/lib/jobfleet")] == []
