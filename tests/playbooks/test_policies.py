"""docs/policies: one stack is deployed, used and removed by keys that may do only what those files allow.

With JOBFLEET_RECORD_POLICIES set the keys may do everything, and the files are written from what they did.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.door.call_log import read_calls
from tests import policies
from tests.localcloud_fixture import client_of, new_key
from tests.patience import wait_for
from tests.playbooks.conftest import REPOSITORY, Outcome, Stack
from tests.rare_permissions import RARE

BUCKET = "${stack}-${account}-${region}"
RECORD = bool(os.environ.get("JOBFLEET_RECORD_POLICIES"))
PLACE = policies.Place("fleet-least", "123456789012", "us-east-1")
EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


@dataclass(frozen=True)
class Team:
    """Three keys of one account, and one that may do everything."""

    stack: Stack
    """As the deployer has it."""
    keys: dict[str, dict[str, str]]
    probes: dict[str, dict[str, str]]
    """As many keys of the same policies, to try what is forbidden with."""
    admin: dict[str, str]

    life: list[Outcome] = field(default_factory=list)
    """What the playbooks did: the deployment, then the teardown."""

    @property
    def client(self) -> Stack:
        """The stack as a client has it."""
        return replace(self.stack, environment=self.keys["client"])

    def calls(self, who: str) -> list[dict[str, Any]]:
        """Return the rows of what one of them has called so far."""
        path = Path(self.admin["LOCALCLOUD_RUN"]) / "calls.jsonl"
        return list(read_calls(path, access_key=self.keys[who]["AWS_ACCESS_KEY_ID"]))


@pytest.fixture(scope="module")
def team(
    localcloud: dict[str, str], hosts: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Team]:
    """Three keys with their policies, and the stack `other` of somebody else beside theirs."""
    folder = tmp_path_factory.mktemp("least")
    keys, probes = ({who: key_of(localcloud, who, folder) for who in RARE} for _ in range(2))
    block = folder / "worker-credentials"
    block.touch(mode=0o600)
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    lines = [f"{name} = {keys['worker'][name.upper()]}" for name in names]
    block.write_text("\n".join(["[default]", *lines, ""]))
    variables = {"worker_wait_time": 2, "worker_credentials_file": str(block)}
    stack = Stack(PLACE.stack, folder / "stack", keys["deployer"], variables)
    with another_stack(localcloud):
        try:
            yield Team(stack, keys, probes, localcloud)
        finally:
            # With a key that may, whatever the one under test could not do.
            replace(stack, environment=localcloud).play("playbooks/teardown.yml", confirm=True)


@contextmanager
def another_stack(environment: dict[str, str]) -> Iterator[None]:
    """Make what can be taken from the stack `other`, with its tag."""
    s3, sqs, ec2 = (client_of(environment, service) for service in ("s3", "sqs", "ec2"))
    tags = {"jobfleet:stack": "other"}
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    bucket = PLACE.fill_in(BUCKET).replace(PLACE.stack, "other")
    urls = [
        sqs.create_queue(QueueName=f"other-{queue}", tags=tags)["QueueUrl"]
        for queue in ("requests", "responses", "dead")
    ]
    s3.create_bucket(Bucket=bucket)
    for kind, make in (
        ("key-pair", lambda **tagged: ec2.create_key_pair(KeyName="other", **tagged)),
        (
            "security-group",
            lambda **tagged: ec2.create_security_group(GroupName="other-workers", Description="x", **tagged),
        ),
    ):
        make(TagSpecifications=[{"ResourceType": kind, "Tags": listed}])
    try:
        yield
    finally:
        for url in urls:
            sqs.delete_queue(QueueUrl=url)
        s3.delete_bucket(Bucket=bucket)
        ec2.delete_key_pair(KeyName="other")
        ec2.delete_security_group(GroupName="other-workers")
        for client in (s3, sqs, ec2):
            client.close()


def key_of(environment: dict[str, str], who: str, folder: Path) -> dict[str, str]:
    document = EVERYTHING if RECORD else {**EVERYTHING, "Statement": policies.statements_of(who)}
    filled = folder / f"{who}.json"
    filled.write_text(PLACE.fill_in(json.dumps(document)))
    return {**new_key(environment, policy=filled), "XDG_STATE_HOME": str(folder / who)}


@pytest.fixture(scope="module")
def deployed(team: Team, tmp_path_factory: pytest.TempPathFactory) -> Team:
    """The stack, deployed by the deployer's key, and used with every command of the client's."""
    team.life.append(team.stack.deploy())
    use(team, tmp_path_factory.mktemp("outputs"))
    for words in ("no request", "none either"):
        bury_a_letter(team, words)
        ok(team, "dead", "list")
        # The second goes with all others.
        ok(team, *(("clear", "--dead") if "either" in words else ("dead", "drop", "--all")), "--yes")
    return team


@pytest.fixture(scope="module")
def removed(deployed: Team) -> Team:
    """What was deployed is removed again, with a reply queue that a killed client left."""
    sqs = client_of(deployed.admin, "sqs")
    sqs.create_queue(QueueName=f"{PLACE.stack}-reply-left", tags={"jobfleet:stack": PLACE.stack})
    sqs.close()
    deployed.life.append(deployed.stack.play("playbooks/teardown.yml", confirm=True))
    return deployed


def ok(team: Team, *arguments: str) -> str:
    done = team.client.jobfleet(*arguments)
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout


def use(team: Team, folder: Path) -> None:
    photo = str(REPOSITORY / "examples" / "photo.jpg")
    ok(team, "stats", "1", "2", "3")
    for operation in ("greyscale", "threshold", "blackwhite"):
        ok(team, operation, photo, "-o", str(folder / f"{operation}.png"))
    sent = ok(team, "submit", "stats", "4", "5").split()[-1]
    ok(team, "wait", sent)
    ok(team, "result", sent)
    ok(team, "drop", photo, "--operation", "greyscale")
    wait_for(lambda: "succeeded" in ok(team, "drop", "--status"), 120)
    for command in ("jobs", "logs", "status", "doctor"):
        ok(team, command)


def bury_a_letter(team: Team, words: str) -> None:
    """Send what nobody can read, and wait until the worker has handed it to the dead letters."""
    sqs = client_of(team.admin, "sqs")
    requests, dead = (
        sqs.get_queue_url(QueueName=f"{PLACE.stack}-{queue}")["QueueUrl"] for queue in ("requests", "dead")
    )
    sqs.send_message(QueueUrl=requests, MessageBody=words)
    name = "ApproximateNumberOfMessages"
    wait_for(
        lambda: sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=[name])["Attributes"][name] != "0", 60
    )
    sqs.close()


def forbidden(call: Callable[..., Any], **asked: Any) -> bool:
    """Tell whether AWS refuses a call to this key, and not for another reason."""
    try:
        call(**asked)
    except ClientError as problem:
        return problem.response["Error"]["Code"] in ("AccessDenied", "UnauthorizedOperation")
    return False


def test_a_client_is_refused_what_is_another_stack_s_or_the_deployer_s(deployed: Team) -> None:
    s3, sqs, ec2 = (client_of(deployed.probes["client"], service) for service in ("s3", "sqs", "ec2"))
    bucket, queue = PLACE.fill_in(BUCKET), f"{sqs.meta.endpoint_url}/123456789012/"

    assert forbidden(sqs.receive_message, QueueUrl=f"{queue}other-dead")
    assert forbidden(sqs.send_message, QueueUrl=f"{queue}other-requests", MessageBody="x")
    assert forbidden(sqs.receive_message, QueueUrl=f"{queue}{PLACE.stack}-requests")
    assert forbidden(
        sqs.set_queue_attributes, QueueUrl=f"{queue}{PLACE.stack}-dead", Attributes={"Policy": ""}
    )
    assert forbidden(s3.delete_bucket, Bucket=bucket)
    assert forbidden(s3.list_objects_v2, Bucket=bucket.replace(PLACE.stack, "other"))
    assert forbidden(s3.put_object, Bucket=bucket, Key="results/forged.json", Body=b"{}")
    assert forbidden(s3.put_object, Bucket=bucket, Key="config/stack.json", Body=b"{}")
    assert forbidden(ec2.describe_instances)
    for one in (s3, sqs, ec2):
        one.close()


def test_a_worker_is_refused_all_but_its_work(deployed: Team) -> None:
    s3, sqs, ec2 = (client_of(deployed.probes["worker"], service) for service in ("s3", "sqs", "ec2"))
    bucket, queue = PLACE.fill_in(BUCKET), f"{sqs.meta.endpoint_url}/123456789012/"
    [instance] = deployed.stack.instances()

    assert forbidden(ec2.terminate_instances, InstanceIds=[instance["InstanceId"]])
    assert forbidden(ec2.describe_instance_attribute, InstanceId=instance["InstanceId"], Attribute="userData")
    assert forbidden(sqs.list_queues)
    assert forbidden(sqs.receive_message, QueueUrl=f"{queue}{PLACE.stack}-dead")
    assert forbidden(sqs.send_message, QueueUrl=f"{queue}other-responses", MessageBody="x")
    assert forbidden(s3.delete_object, Bucket=bucket, Key="outputs/any")
    assert forbidden(s3.put_object, Bucket=bucket, Key="incoming/greyscale/any", Body=b"x")
    assert forbidden(s3.put_object, Bucket=bucket, Key="config/stack.json", Body=b"{}")
    assert forbidden(s3.get_object, Bucket=bucket.replace(PLACE.stack, "other"), Key="uploads/any")
    for one in (s3, sqs, ec2):
        one.close()


def test_the_deployer_is_refused_what_does_not_carry_the_stack_s_tag(deployed: Team) -> None:
    services = ("s3", "sqs", "ec2", "iam")
    s3, sqs, ec2, iam = (client_of(deployed.probes["deployer"], service) for service in services)
    bucket, queue = PLACE.fill_in(BUCKET), f"{sqs.meta.endpoint_url}/123456789012/"
    [group] = ec2.describe_security_groups(GroupNames=["other-workers"])["SecurityGroups"]
    [instance] = deployed.stack.instances()
    ours = {"Key": "jobfleet:stack", "Value": PLACE.stack}

    assert forbidden(ec2.delete_security_group, GroupId=group["GroupId"])
    assert forbidden(ec2.create_tags, Resources=[group["GroupId"]], Tags=[ours])
    assert forbidden(ec2.run_instances, ImageId=instance["ImageId"], MinCount=1, MaxCount=1)
    assert forbidden(ec2.delete_key_pair, KeyName="other")
    assert forbidden(sqs.delete_queue, QueueUrl=f"{queue}other-dead")
    assert forbidden(sqs.receive_message, QueueUrl=f"{queue}{PLACE.stack}-requests")
    assert forbidden(s3.delete_bucket, Bucket=bucket.replace(PLACE.stack, "other"))
    assert forbidden(s3.get_object, Bucket=bucket, Key="uploads/any")
    assert forbidden(iam.create_user, UserName="more")
    for one in (s3, sqs, ec2, iam):
        one.close()


def test_the_hosts_hold_the_workers_key_and_not_the_deployer_s(deployed: Team) -> None:
    [held] = deployed.stack.on_workers("cat /etc/jobfleet/credentials").values()

    assert deployed.keys["worker"]["AWS_SECRET_ACCESS_KEY"] in held
    assert deployed.keys["deployer"]["AWS_SECRET_ACCESS_KEY"] not in held


def test_the_worker_may_not_ask_for_the_user_data_with_the_hosts_private_key(deployed: Team) -> None:
    """What systemd was told; hosts under nspawn cannot filter by control group, so it has no effect here."""
    [denied] = deployed.stack.on_workers("systemctl show -P IPAddressDeny jobfleet-worker").values()

    assert "169.254.169.254/32" in denied.split()


def test_a_stack_lives_its_life_on_the_permissions_of_the_files(removed: Team) -> None:
    deployment, teardown = removed.life

    assert deployment.code == 0
    assert teardown.code == 0, teardown.said
    assert f"Nothing is left of the stack {PLACE.stack}" in teardown.said
    # Nor went it well only because somebody got over a refusal.
    calls = [row for who in RARE for row in removed.calls(who)]
    refused = [row for row in calls if row["refused"] and not row["dry_run"]]
    assert [(row["action"], row["resource"]) for row in refused] == []


@pytest.mark.parametrize("who", RARE)
def test_a_file_allows_what_was_called_and_what_is_rare_and_nothing_else(removed: Team, who: str) -> None:
    made = policies.files_of(who, policies.permissions(removed.calls(who), PLACE), RARE[who])
    if RECORD:
        for name, text in made.items():
            (policies.FOLDER / name).write_text(text)

    assert {name: (policies.FOLDER / name).read_text() for name in made} == made
