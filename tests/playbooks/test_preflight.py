"""Before anything is made: all that stands against a deployment is said at once, and nothing is done."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.playbooks.conftest import Stack

READS = ("Describe", "Get", "List", "HEAD ", "GET ")


def writes(stack: Stack) -> list[str]:
    """Return the calls in localcloud's log that change something, workers' own aside."""
    lines = (Path(stack.environment["LOCALCLOUD_RUN"]) / "requests.log").read_text().splitlines()
    calls = [line.split(" ", 1)[1] for line in lines]
    ec2_and_names = [call for call in calls if " ec2 " in call or "Create" in call or "SetQueue" in call]
    return [call for call in ec2_and_names if not any(word in call for word in READS)]


def test_all_that_stands_against_it_is_said_at_once_and_nothing_is_made(stack: Stack, tmp_path: Path) -> None:
    other = Stack("fleet-never", tmp_path / "never", stack.environment)
    groups = [
        {"name": "worker", "count": 2, "type": "t3.small"},
        {"name": "huge", "count": 1, "type": "m5.4xlarge"},
        {"name": "cheap", "count": 1, "type": "t3.micro", "market": "spot", "zone": "us-east-1z"},
        {"name": "arm", "count": 1, "type": "t4g.small"},
        {"name": "none", "count": 1, "type": "t3.tiny"},
        {"name": "Bad", "count": "many", "type": "t3.small"},
    ]
    before = writes(stack)

    outcome = other.play("site.yml", lab_mode=True, lab_max_instances=20, instance_groups=groups)

    assert outcome.code != 0
    for said in (
        "There is no instance type t3.tiny in us-east-1",
        "t4g.small is arm64",
        "There is no zone us-east-1z",
        "starts no m5.4xlarge (group huge)",
        "starts no spot instances (group cheap)",
        "has the name 'Bad'",
        "has the count 'many'",
        "lab_max_instances is 20: give 0 to 19",
    ):
        assert said in outcome.said, said
    assert outcome.changed == []
    assert writes(stack) == before
    assert not (tmp_path / "never").exists()


def test_without_credentials_the_settings_are_looked_at_all_the_same(stack: Stack, tmp_path: Path) -> None:
    none = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"), "")
    nowhere = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}

    outcome = stack.play(
        "playbooks/preflight.yml", env={**none, **nowhere}, lab_mode=True, instances_type="t3.xlarge"
    )

    assert "There are no AWS credentials on this machine" in outcome.said
    assert "A Learner Lab starts no t3.xlarge" in outcome.said


def test_on_a_running_deployment_it_shows_what_it_found_and_changes_nothing(stack: Stack) -> None:
    running = stack.running_in_region()

    outcome = stack.play("playbooks/preflight.yml", lab_mode=True)

    assert (outcome.code, outcome.changes) == (0, 0), outcome.said
    assert "Account 123456789012" in outcome.said
    assert "a session token does not tell" in outcome.said
    assert f"{running} now (1 of this stack), {running} of 9 after this" in outcome.said


def test_the_instances_of_others_count_and_no_playbook_gets_around_it(stack: Stack, tmp_path: Path) -> None:
    other = Stack("fleet-more", tmp_path, stack.environment)
    most = stack.running_in_region()
    full = {"lab_mode": True, "lab_max_instances": most}

    told = other.play("playbooks/preflight.yml", **full)
    refused = stack.play("playbooks/provision.yml", instances_count=2, **full)

    would = f"{most} instances run in the region, {most + 1} would after this"
    said = f"{would}, and lab_max_instances allows {most}"
    assert told.code != 0
    assert said in told.said
    assert f"Nothing is launched: {said}" in refused.said
    assert len(stack.instances()) == 1


def test_another_account_than_last_time_has_to_be_meant(stack: Stack) -> None:
    note = stack.folder / "account"
    assert note.read_text() == "123456789012\n"
    note.write_text("210987654321\n")

    refused = stack.play("playbooks/preflight.yml")
    meant = stack.play("playbooks/preflight.yml", account_change=True)

    assert "was in account 210987654321: here everything would be new" in refused.said
    assert meant.changed == ["Ensure the account is remembered"]
    assert note.read_text() == "123456789012\n"


@contextmanager
def set_aside(path: Path) -> Iterator[None]:
    aside = path.with_name("aside")
    shutil.move(path, aside)
    try:
        yield
    finally:
        shutil.move(aside, path)


def test_a_lost_private_key_is_noticed_and_nothing_is_made_in_its_place(stack: Stack) -> None:
    key = stack.folder / "id_ed25519"
    with set_aside(key):
        told = stack.play("playbooks/preflight.yml")
        refused = stack.play("playbooks/provision.yml")
        made = key.exists()

    assert f"AWS holds the key pair fleet, and {key} is not here" in told.said
    assert "-e keypair_replace=true" in told.said
    assert "AWS holds another key pair fleet" in refused.said
    assert not made


def test_another_host_key_than_the_instances_have_is_noticed(stack: Stack) -> None:
    key = stack.folder / "host_ed25519"
    with set_aside(key):
        shutil.copy(stack.folder / "id_ed25519", key)
        outcome = stack.play("playbooks/preflight.yml")

    assert "was launched with other keys than lie in" in outcome.said
