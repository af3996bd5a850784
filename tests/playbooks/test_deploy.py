"""site.yml on a real host: what it makes, and that it changes exactly what has to change."""

import json
import re
import shutil
from pathlib import Path

import pytest
from jobfleet.aws.stack_description import parse_description
from jobfleet_jobs.protocol.names import DESCRIPTION_KEY, StackNames
from jobfleet_jobs.version import __version__

from tests.localcloud_fixture import new_key
from tests.playbooks.conftest import REPOSITORY, Stack

# Of what is put back, what `--check --diff` shows: as it is, and as it will be.
SHOWN = (
    ("203.0.113.7/32", "127.0.0.1/32"),
    ("0.0.0.0/0", "SSH from the machine that deploys"),
    ('"VisibilityTimeout": "7"', '"VisibilityTimeout": "60"'),
    ('"SqsManagedSseEnabled": "false"', '"SqsManagedSseEnabled": "true"'),
    ('"policy": null', "TLSOnly"),
)
EXAMPLES = REPOSITORY / "examples"


def service_start(stack: Stack) -> dict[str, str]:
    return stack.on_workers("systemctl show -P ActiveEnterTimestampMonotonic jobfleet-worker")


def test_a_second_run_changes_nothing(stack: Stack) -> None:
    outcome = stack.deploy()

    assert outcome.changed == []
    assert outcome.changes == 0
    # Ansible starts a process also for a task that it skips. What has nothing to do ends its role or play.
    assert outcome.stats["localhost"]["skipped"] <= 30


def test_check_mode_on_a_running_deployment_tells_of_no_change(stack: Stack) -> None:
    outcome = stack.deploy("--check", "--diff")

    assert outcome.changes == 0


def test_every_kind_of_job_comes_back_through_the_client(stack: Stack, tmp_path: Path) -> None:
    stats = stack.jobfleet("--json", "stats", "--file", str(EXAMPLES / "numbers.txt"))
    assert stats.returncode == 0, stats.stderr
    assert json.loads(stats.stdout)["result"]["count"] == len((EXAMPLES / "numbers.txt").read_text().split())

    for operation in ("greyscale", "threshold", "blackwhite"):
        output = tmp_path / f"{operation}.jpg"
        done = stack.jobfleet(operation, str(EXAMPLES / "photo.jpg"), "-o", str(output))
        assert done.returncode == 0, done.stderr
        assert output.read_bytes().startswith(b"\xff\xd8")


def test_the_instance_is_as_the_roles_promise(stack: Stack) -> None:
    [instance] = stack.instances()
    ec2 = stack.client("ec2")
    [volume] = ec2.describe_volumes(
        Filters=[{"Name": "attachment.instance-id", "Values": [instance["InstanceId"]]}]
    )["Volumes"]
    [group] = ec2.describe_security_groups(GroupIds=[instance["SecurityGroups"][0]["GroupId"]])[
        "SecurityGroups"
    ]
    ec2.close()

    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert volume["Encrypted"] is True
    assert [(rule["FromPort"], rule["IpRanges"][0]["CidrIp"]) for rule in group["IpPermissions"]] == [
        (22, "127.0.0.1/32")
    ]
    assert (stack.folder / "id_ed25519").stat().st_mode & 0o777 == 0o600


def test_what_clients_may_know_of_the_stack_lies_in_its_bucket(stack: Stack) -> None:
    s3 = stack.client("s3")
    account = stack.client("sts").get_caller_identity()["Account"]
    answer = s3.get_object(Bucket=f"{stack.name}-{account}-us-east-1", Key=DESCRIPTION_KEY)
    found = parse_description(answer["Body"].read())
    s3.close()
    [installed] = stack.on_workers("grep -E '^(max_|job_time|visib)' /etc/jobfleet/worker.toml").values()

    assert found is not None
    assert found.limits == {name: int(value) for name, value in re.findall(r"(\w+) = (\d+)", installed)
                            if name != "max_in_flight"}  # fmt: skip
    assert found.queues["requests"] == StackNames(stack.name).requests
    assert found.version is not None
    assert found.version.startswith(__version__ + "+")
    assert answer["ContentType"] == "application/json"


def test_credentials_and_configuration_are_readable_by_the_worker_alone(stack: Stack) -> None:
    [listing] = stack.on_workers("stat -c '%a %U:%G %n' /etc/jobfleet /etc/jobfleet/*").values()

    assert listing.splitlines() == [
        "755 root:root /etc/jobfleet",
        "400 jobfleet:root /etc/jobfleet/credentials",
        "640 root:jobfleet /etc/jobfleet/worker.toml",
    ]


def test_the_service_is_enabled_and_hardened(stack: Stack) -> None:
    [answer] = stack.on_workers(
        "systemctl is-enabled jobfleet-worker; systemd-analyze security --no-pager jobfleet-worker | tail -1"
    ).values()

    enabled, verdict = answer.splitlines()
    exposure = float(verdict.rpartition(": ")[2].split()[0])
    assert enabled == "enabled"
    assert exposure <= 2.5, verdict


@pytest.mark.changes_stack
def test_new_credentials_change_the_credentials_and_restart_nothing(stack: Stack) -> None:
    before = service_start(stack)
    key = new_key(stack.environment)
    canary = key["AWS_SESSION_TOKEN"]

    outcome = stack.play("playbooks/configure.yml", "--diff", "-vvv", env=key)

    assert outcome.code == 0, outcome.said
    assert outcome.changed == ["Ensure the host holds the credentials that are in force here"]
    assert canary not in outcome.text
    assert stack.on_workers("cat /etc/jobfleet/credentials").popitem()[1].count(canary) == 1
    assert service_start(stack) == before
    assert stack.jobfleet("stats", "1", "2").returncode == 0


@pytest.mark.changes_stack
def test_a_changed_setting_changes_the_configuration_and_restarts_the_worker(stack: Stack) -> None:
    before = service_start(stack)

    outcome = stack.play("playbooks/configure.yml", "--tags", "worker", worker_max_numbers=1000)

    assert outcome.changed == [
        "Ensure the worker knows its bucket and queues",
        "Restart the worker",
        "Ensure the stack's description lies in the bucket",
    ]
    assert service_start(stack) != before


def test_a_setting_that_cannot_work_fails_the_play_with_the_worker_s_own_words(stack: Stack) -> None:
    outcome = stack.play("playbooks/configure.yml", "--tags", "worker", worker_visibility_timeout=1)

    assert outcome.code != 0
    assert "visibility_timeout = 1 cannot work" in outcome.said
    assert stack.play("playbooks/configure.yml", "--tags", "worker").code == 0


@pytest.mark.changes_stack
def test_changed_code_is_installed_and_restarts_the_worker(stack: Stack, tmp_path: Path) -> None:
    copy = tmp_path / "project"
    for name in ("jobs", "worker", "client"):
        shutil.copytree(REPOSITORY / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "constraints.txt", "README.md"):
        shutil.copy(REPOSITORY / name, copy)
    module = copy / "worker" / "jobfleet_worker" / "__init__.py"
    module.write_text(module.read_text() + "\nCHANGED = True\n")

    outcome = stack.play("playbooks/configure.yml", "--tags", "worker", wheel_project_folder=str(copy))

    assert outcome.changed == [
        "Ensure the wheel is built",
        "Ensure the wheel and the pinned versions are on the host",
        "Ensure this very version is installed",
        "Restart the worker",
        "Ensure the stack's description lies in the bucket",
    ], outcome.said
    [shown] = stack.on_workers(
        "cd /; /opt/jobfleet/venv/bin/python -c 'import jobfleet_worker; print(jobfleet_worker.CHANGED)'"
    ).values()
    assert shown == "True"


def test_what_was_changed_by_hand_is_put_back(stack: Stack) -> None:
    sqs, s3, ec2 = stack.client("sqs"), stack.client("s3"), stack.client("ec2")
    [bucket] = [one["Name"] for one in s3.list_buckets()["Buckets"] if one["Name"].startswith("fleet-")]
    url = sqs.get_queue_url(QueueName="fleet-requests")["QueueUrl"]
    sqs.set_queue_attributes(
        QueueUrl=url, Attributes={"VisibilityTimeout": "7", "SqsManagedSseEnabled": "false"}
    )
    s3.delete_public_access_block(Bucket=bucket)
    s3.delete_bucket_policy(Bucket=bucket)
    group = {"GroupName": "fleet-workers", "IpProtocol": "tcp"}
    ec2.authorize_security_group_ingress(**group, FromPort=80, ToPort=80, CidrIp="0.0.0.0/0")
    [instance] = [one["InstanceId"] for one in stack.instances()]
    unlimited = [{"InstanceId": instance, "CpuCredits": "unlimited"}]
    ec2.modify_instance_credit_specification(InstanceCreditSpecifications=unlimited)
    # As if the person who deploys had another address since.
    ec2.revoke_security_group_ingress(**group, FromPort=22, ToPort=22, CidrIp="127.0.0.1/32")
    ec2.authorize_security_group_ingress(**group, FromPort=22, ToPort=22, CidrIp="203.0.113.7/32")
    mended = [
        "Ensure the workers' security group lets in those it should, and nobody else",
        "Ensure the queues exist, encrypted and with the settings they need",
        "Ensure the bucket exists, private and encrypted, and drops what is temporary after a while",
        "Ensure as many instances of each group run as are wanted",
    ]
    assert "1 t3.small with unlimited CPU credits" in stack.play("playbooks/status.yml").text

    told = stack.play("playbooks/provision.yml", "--check", "--diff")
    done = stack.play("playbooks/provision.yml")

    assert told.changed == mended
    before, after = (json.dumps(told.differences(when)) for when in ("before", "after"))
    for found, wanted in SHOWN:
        assert found in before, before
        assert wanted in after, after
    # Nothing of what stays, such as the rules for what goes out.
    assert [one for one in told.differences("before") if "rules" in one] == [
        {
            "rules": [
                "in: tcp 22 from 203.0.113.7/32 (without a word)",
                "in: tcp 80 from 0.0.0.0/0 (without a word)",
            ]
        }
    ]
    assert [one for one in told.differences("after") if "rules" in one] == [
        {"rules": ["in: tcp 22 from 127.0.0.1/32 (SSH from the machine that deploys)"]}
    ]
    assert done.changed == mended
    [permissions] = ec2.describe_security_groups(GroupNames=["fleet-workers"])["SecurityGroups"]
    assert [(rule["FromPort"], rule["IpRanges"][0]["CidrIp"]) for rule in permissions["IpPermissions"]] == [
        (22, "127.0.0.1/32")
    ]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    [option] = ec2.describe_instance_credit_specifications(InstanceIds=[instance])[
        "InstanceCreditSpecifications"
    ]
    assert option["CpuCredits"] == "standard"
    assert (attributes["VisibilityTimeout"], attributes["SqsManagedSseEnabled"]) == ("60", "true")
    assert "TLSOnly" in s3.get_bucket_policy(Bucket=bucket)["Policy"]
    for client in (sqs, s3, ec2):
        client.close()


def test_a_host_that_shows_another_key_is_not_talked_to(stack: Stack) -> None:
    known_hosts = stack.folder / "known_hosts"
    right = known_hosts.read_text()
    other = (stack.folder / "id_ed25519.pub").read_text().split()[1]
    known_hosts.write_text(f"fleet.jobfleet ssh-ed25519 {other}\n")
    # Otherwise the connection of the runs before would be used again.
    quick = {"ANSIBLE_SSH_ARGS": "-o ControlMaster=no -o ControlPath=none", "ANSIBLE_SSH_RETRIES": "0"}
    try:
        outcome = stack.play(
            "playbooks/configure.yml", "--tags", "credentials", env=quick, host_wait_timeout=3
        )
    finally:
        known_hosts.write_text(right)

    assert outcome.code != 0
    assert "Host key verification failed" in outcome.text or "timed out waiting for" in outcome.text


def test_ssh_is_not_opened_to_the_world(stack: Stack) -> None:
    outcome = stack.play("playbooks/provision.yml", ssh_from="0.0.0.0/0")

    assert outcome.code != 0
    assert "SSH is not opened to the world" in outcome.said
