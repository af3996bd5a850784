"""`jobfleet config` through the installed entry point."""

import json
from pathlib import Path
from typing import Any

import pytest
from jobfleet.errors import Exit

from tests.client_bench import Jobfleet
from tests.places import REPOSITORY

KEY_ID, SECRET, TOKEN = "AKIAIOSFODNN7EXAMPLE", "a-secret-nobody-may-see", "a-token-nobody-may-see"
DESCRIPTION = {
    "version": "9.9",
    "queues": {"requests": "x"},
    "limits": {"max_input_bytes": 268_435_456, "job_time_limit": 120},
}


def found_by(jobfleet: Jobfleet, *arguments: str, **changes: str) -> dict[str, tuple[Any, Any]]:
    """What `config --json` tells: value and source by name."""
    ran = jobfleet("config", "--json", *arguments, **changes)
    assert ran.returncode == 0, ran.stderr
    return {name: (one["value"], one["source"]) for name, one in json.loads(ran.stdout).items()}


def test_every_value_is_shown_with_its_source(jobfleet: Jobfleet, stack: Any) -> None:
    file = jobfleet.home / "all.yml"
    file.write_text('stack_name: from-file\naws_region: "{{ x }}"\n')
    found = found_by(jobfleet, "--vars", "all.yml", "--timeout", "3", JOBFLEET_STACK="")
    assert found == {
        "stack": ("from-file", "all.yml"),
        "region": ("us-east-1", "JOBFLEET_REGION"),
        "bucket": ("from-file-<account>-us-east-1", "derived"),
        "endpoint": (stack.front.url, "AWS_ENDPOINT_URL"),
        "profile": ("default", "default"),
        "credentials": ("ke…", "environment (AWS_ACCESS_KEY_ID)"),
        "timeout": ("3 s", "--timeout"),
        "variables file": ("all.yml", "--vars; has no plain aws_region"),
    }
    assert found_by(jobfleet, "--bucket", "a-bucket")["bucket"] == ("a-bucket", "--bucket")
    assert stack.front.calls == []


def test_people_get_a_table(jobfleet: Jobfleet) -> None:
    ran = jobfleet("config")
    assert ran.returncode == 0
    assert "region          us-east-1" in ran.stdout
    assert ran.stdout.splitlines()[-1].startswith("variables file  -  ")


@pytest.mark.parametrize("arguments", [(), ("--json",), ("--ask",)])
def test_no_secret_is_shown(jobfleet: Jobfleet, arguments: tuple[str, ...]) -> None:
    ran = jobfleet(
        "config", *arguments,
        AWS_ACCESS_KEY_ID=KEY_ID, AWS_SECRET_ACCESS_KEY=SECRET, AWS_SESSION_TOKEN=TOKEN,
    )  # fmt: skip
    said = ran.stdout + ran.stderr
    assert "AKIA…MPLE, with a session token" in said
    for hidden in (KEY_ID, SECRET, TOKEN):
        assert hidden not in said


def test_credentials_of_a_profile_are_told_with_their_file(jobfleet: Jobfleet, tmp_path: Path) -> None:
    file = jobfleet.home / ".aws" / "credentials"
    file.parent.mkdir()
    file.write_text(f"[lab]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n")
    found = found_by(jobfleet, "--profile", "lab")
    # A profile that is named wins over keys in the environment.
    assert found["credentials"] == ("AKIA…MPLE", "~/.aws/credentials, profile lab")
    assert found["profile"] == ("lab", "--profile")
    nothing = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    assert found_by(jobfleet, AWS_PROFILE="lab", **nothing)["profile"] == ("lab", "AWS_PROFILE")
    assert found_by(jobfleet, JOBFLEET_PROFILE="lab")["profile"] == ("lab", "JOBFLEET_PROFILE")
    ran = jobfleet("config", "--profile", "lap")
    assert ran.returncode == Exit.CREDENTIALS
    assert "no AWS profile 'lap' in ~/.aws/config or ~/.aws/credentials: there are lab" in ran.stderr


def test_asking_adds_the_account_and_what_the_stack_publishes(jobfleet: Jobfleet, stack: Any) -> None:
    assert found_by(jobfleet, "--ask")["deployed version"] == (None, "the stack publishes no description")
    stack.s3.put_object(Bucket=stack.bucket, Key="config/stack.json", Body=json.dumps(DESCRIPTION).encode())
    found = found_by(jobfleet, "--ask")
    assert found["account"] == ("123456789012", "STS")
    assert found["bucket"] == (stack.bucket, "derived")
    assert found["deployed version"] == ("9.9", "config/stack.json")
    assert found["max_input_bytes"] == ("268435456", "config/stack.json")
    shown = jobfleet("config", "--ask").stdout
    assert "max_input_bytes   268 MB (268,435,456 B)" in " ".join(shown.split("\n"))
    assert "job_time_limit    2 min" in shown


def test_what_cannot_be_asked_is_told_after_what_is_known(jobfleet: Jobfleet, stack: Any) -> None:
    stack.front.expired_keys = {"key"}
    ran = jobfleet("config", "--ask")
    assert ran.returncode == Exit.CREDENTIALS
    assert f"stack           {stack.name}" in ran.stdout
    assert "the AWS credentials have expired" in ran.stderr


def test_what_is_missing_is_told_after_what_is_known(jobfleet: Jobfleet) -> None:
    ran = jobfleet("config", JOBFLEET_STACK="")
    assert ran.returncode == Exit.SETTINGS
    assert "\nregion          us-east-1" in ran.stdout
    assert "no stack is known: give --stack" in ran.stderr


def test_a_timeout_that_is_none_is_told_after_what_is_known(jobfleet: Jobfleet) -> None:
    ran = jobfleet("config", JOBFLEET_TIMEOUT="soon")
    assert ran.returncode == Exit.SETTINGS
    assert "region          us-east-1" in ran.stdout
    assert "JOBFLEET_TIMEOUT: 'soon' is no number of seconds" in ran.stderr


def test_a_stack_and_a_region_in_the_environment_are_enough(jobfleet: Jobfleet, stack: Any) -> None:
    stack.worker()
    assert "mean    2" in jobfleet("stats", "1", "2", "3").stdout


def test_a_copy_of_the_variables_file_anywhere_is_enough(jobfleet: Jobfleet, stack: Any) -> None:
    stack.worker()
    whole = (REPOSITORY / "inventory/group_vars/all.yml").read_text()
    (jobfleet.home / "copy.yml").write_text(
        whole.replace("stack_name: jobfleet", f"stack_name: {stack.name}")
    )
    nothing = {"JOBFLEET_STACK": "", "JOBFLEET_REGION": ""}
    for ran in (
        jobfleet("--vars", "copy.yml", "stats", "1", "2", "3", **nothing),
        jobfleet("stats", "1", "2", "3", "--vars", "copy.yml", **nothing),
        jobfleet("stats", "1", "2", "3", JOBFLEET_VARS="copy.yml", **nothing),
    ):
        assert "mean    2" in ran.stdout, ran.stderr


@pytest.mark.parametrize(
    ("arguments", "kind", "code", "words"),
    [
        (("stats", "--json", "1"), "settings", Exit.SETTINGS, "no stack is known"),
        (("--json", "stats"), "usage", Exit.USAGE, "Give numbers"),
        (("stats", "--wrong", "--json"), "usage", Exit.USAGE, "--wrong"),
    ],
)
def test_with_json_an_error_is_a_line_of_json_on_stderr(
    jobfleet: Jobfleet, arguments: tuple[str, ...], kind: str, code: Exit, words: str
) -> None:
    ran = jobfleet(*arguments, JOBFLEET_STACK="")
    told = json.loads(ran.stderr)
    assert (ran.returncode, ran.stdout) == (code, "")
    assert (told["kind"], told["exit"]) == (kind, code)
    assert words in told["error"]
