"""teardown.yml removes all of one stack and nothing of another."""

import json
import os
import pty
import select
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.patience import patience
from tests.playbooks.conftest import BIN, REPOSITORY, Stack


def everything(stack: Stack) -> dict[str, set[str]]:
    """Return what stands in the account under a name that begins with `fleet`, whoever made it."""
    ec2, sqs, s3 = (stack.client(service) for service in ("ec2", "sqs", "s3"))
    found = {
        "groups": {group["GroupName"] for group in ec2.describe_security_groups()["SecurityGroups"]},
        "keys": {pair["KeyName"] for pair in ec2.describe_key_pairs()["KeyPairs"]},
        "queues": {url.rpartition("/")[2] for url in sqs.list_queues().get("QueueUrls", [])},
        "buckets": {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]},
    }
    for client in (ec2, sqs, s3):
        client.close()
    # Other tests leave things of their own in the same account.
    return {kind: {name for name in names if name.startswith("fleet")} for kind, names in found.items()}


def typed_at_the_question(stack: Stack, answer: str) -> str:
    """Run the teardown at a terminal, type `answer` when it asks, and return what it printed."""
    variables = {"stack_name": stack.name, "stack_folder": str(stack.folder)}
    command = ["ansible-playbook", "playbooks/teardown.yml", "-e", json.dumps(variables)]
    environment = {**os.environ, **stack.environment, "ANSIBLE_NOCOLOR": "true"}
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(REPOSITORY)
        os.execvpe(BIN / command[0], command, environment)  # noqa: S606 - no shell is wanted
    seen, deadline = "", time.monotonic() + patience(300)
    try:
        while time.monotonic() < deadline:
            if not select.select([terminal], [], [], 1)[0]:
                # Whatever is typed before the question waits for an answer is thrown away.
                if "to go on" in " ".join(seen.split()):
                    os.write(terminal, f"{answer}\r".encode())
                continue
            try:
                seen += os.read(terminal, 65536).decode(errors="replace")
            except OSError:  # how Linux says that the other end is closed
                break
    finally:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(terminal)
    return " ".join(seen.split())


def test_teardown_asks_and_removes_nothing_without_a_yes(stack: Stack) -> None:
    before = everything(stack)

    silent = stack.play("playbooks/teardown.yml")
    wrong = typed_at_the_question(stack, "yes")

    assert silent.code != 0
    assert "Nothing was removed." in silent.said
    assert "Nothing was removed." in wrong
    assert everything(stack) == before
    assert len(stack.instances()) == 1


def test_check_mode_tells_all_that_would_go(stack: Stack) -> None:
    before = everything(stack)

    told = stack.play("playbooks/teardown.yml", "--check")

    assert told.changed == [
        "Ensure the instances are terminated",
        "Ensure the key pair is gone from AWS",
        "Ensure the queues are gone",
        "Ensure the bucket is gone, with all it holds",
        "Ensure the security group is gone",
        "Ensure the account is forgotten, so that the next may be another",
    ]
    assert everything(stack) == before


@pytest.mark.changes_stack
def test_teardown_removes_one_stack_twice_and_leaves_the_other(stack: Stack, tmp_path: Path) -> None:
    other = Stack("fleet-two", tmp_path, stack.environment)
    # Its first run ends half-way: an instance boots, and nobody has waited for it.
    other.kill_during("playbooks/provision.yml", other.instances)
    [half] = other.instances()
    provisioned = other.play("playbooks/provision.yml")
    assert (provisioned.code, provisioned.changed) == (0, []), provisioned.said
    [whole] = other.instances()
    assert (whole["InstanceId"], whole["State"]["Name"]) == (half["InstanceId"], "running")
    [bucket] = [name for name in everything(stack)["buckets"] if "two" not in name]
    s3 = stack.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"first", b"second"):
        s3.put_object(Bucket=bucket, Key="outputs/again", Body=body)
    s3.delete_object(Bucket=bucket, Key="outputs/again")
    s3.create_multipart_upload(Bucket=bucket, Key="uploads/never-finished")
    s3.close()
    sqs = stack.client("sqs")
    sqs.create_queue(QueueName="fleet-reply-by-a-client", tags={"jobfleet:stack": "fleet"})
    sqs.create_queue(QueueName="fleet-by-somebody-else")
    sqs.close()

    kept = stack.play("playbooks/teardown.yml", confirm=True, keep_bucket=True)
    first = stack.play("playbooks/teardown.yml", confirm=True, remove_keys=True)
    second = stack.play("playbooks/teardown.yml")

    assert kept.code == 0, kept.said
    assert f"but the bucket, kept as you said: {bucket}." in kept.said
    assert first.code == 0, first.said
    assert first.changed == [
        "Ensure the keys are gone from this machine",
        "Ensure the bucket is gone, with all it holds",
    ]
    assert "Nothing is left of the stack fleet in us-east-1." in first.said
    assert not (stack.folder / "id_ed25519").exists()
    assert (second.code, second.changed) == (0, []), second.said
    left = everything(stack)
    assert left["queues"] == {
        "fleet-two-requests",
        "fleet-two-responses",
        "fleet-two-dead",
        "fleet-by-somebody-else",
    }
    assert left["buckets"] == {"fleet-two-123456789012-us-east-1"}
    assert left["keys"] == {"fleet-two"}
    assert left["groups"] == {"fleet-two-workers"}
    assert stack.instances() == []
    [left_alone] = other.instances()
    assert left_alone["State"]["Name"] == "running"

    assert "Nothing is left" in typed_at_the_question(other, "fleet-two")
