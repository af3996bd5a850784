"""What all actions share that work in Ansible's own process: arguments, environment, secrets, sessions."""

import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible.module_utils.process.options import documented_options
from botocore.exceptions import ClientError
from jobfleet_jobs.credentials.redaction import HIDDEN

from tests.unit.plugins.actions import REPOSITORY, action, run

PLUGINS = REPOSITORY / "plugins"
BASES = {"in_process", "in_process_aws", "on_host"}
ACTIONS = sorted({path.stem for path in (PLUGINS / "action").glob("*.py")} - BASES)
CANARY = "canary-of-a-secret"
OPTIONS = {
    "count": {"type": "int", "default": 1},
    "loud": {"type": "bool", "default": False},
    "secret": {"type": "str"},
    "code": {"type": "str"},
}
KEY_FILE = "[{}]\naws_access_key_id = {}\naws_secret_access_key = s\naws_session_token = t\n"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without credentials; where its credentials file would be is returned."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    return tmp_path / "credentials"


@pytest.fixture(autouse=True)
def options(monkeypatch: pytest.MonkeyPatch) -> None:
    """The options of the actions that are tried here, as if a module documented them."""
    action("in_process")
    module = sys.modules["ansible.plugins.action.in_process"]
    told = module.documented_options
    monkeypatch.setattr(
        module, "documented_options", lambda path: OPTIONS if path.endswith("/tried.py") else told(path)
    )


@pytest.mark.parametrize("line", ["defaults_mode = x", "api_versions =\n  sqs = 1999-01-01"])
def test_settings_that_no_client_can_be_made_by_end_preflight_before_anything_is_made(
    credentials: Path, line: str
) -> None:
    credentials.write_text(KEY_FILE.format("default", "k"))
    credentials.with_name("config").write_text(f"[default]\n{line}\n")

    given = {
        "region": "us-east-1",
        "stack": "x",
        "folder": str(credentials.parent),
        "groups": [],
        "keypair": "x",
    }
    told = run(action("preflight"), given, name="preflight")

    assert told["failed"]
    assert "look into ~/.aws/config and the variables whose names begin with AWS_" in told["msg"]


def local() -> Any:
    """Return an action that answers with what it got."""

    class Tried(action("in_process")):  # type: ignore[misc]
        SECRETS = frozenset({"secret"})

        def work(self) -> dict[str, Any]:
            if self.params["count"] < 0:
                self.fail_json(f"less than none, with {self.params['secret']}", also=self.params["secret"])
            return {"params": {**self.params}, "seen": os.environ.get("TRIED"), "dry": self.check_mode}

    return Tried


def aws() -> Any:
    """Return an action that answers where it would ask, and with whose key."""

    class Tried(action("in_process_aws")):  # type: ignore[misc]
        TROUBLE = "Could not try"

        def ask(self) -> dict[str, Any]:
            if code := self.params["code"]:
                raise ClientError({"Error": {"Code": code, "Message": CANARY}}, "GetCallerIdentity")
            return {"asked": self.client("sts").generate_presigned_url("get_caller_identity")}

    return Tried


def test_arguments_are_coerced_and_have_their_defaults() -> None:
    answer = run(local(), {"count": "3", "loud": "yes"})

    assert answer["params"] == {"count": 3, "loud": True, "secret": None, "code": None}
    assert answer["changed"] is False


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"colour": "red"}, r"Unsupported parameters for \(tried\) module: colour"),
        ({"count": "many"}, "count"),
    ],
)
def test_wrong_arguments_end_the_task_in_words(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(AnsibleActionFail, match=words):
        run(local(), arguments)


def test_check_mode_is_known() -> None:
    assert [run(local(), {}, check_mode=dry)["dry"] for dry in (False, True)] == [False, True]


def test_the_task_s_environment_counts_and_is_gone_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIED", "before")
    before = dict(os.environ)

    answer = run(local(), {}, environment={"TRIED": "within", "NUMBER": 1})

    assert answer["seen"] == "within"
    assert dict(os.environ) == before


def test_a_failure_gives_the_environment_back_too() -> None:
    before = dict(os.environ)

    answer = run(local(), {"count": -1}, environment={"TRIED": "within"})

    assert (answer["failed"], answer["msg"]) == (True, "less than none, with None")
    assert dict(os.environ) == before


@pytest.mark.parametrize("count", [1, -1])
def test_a_secret_never_comes_back(count: int) -> None:
    answer = run(local(), {"count": count, "secret": CANARY})

    assert CANARY not in str(answer)
    assert "invocation" not in answer


def test_credentials_never_come_back_even_if_aws_says_them() -> None:
    answer = run(aws(), {"code": "Refused"}, environment={"AWS_SESSION_TOKEN": CANARY})

    assert CANARY not in str(answer)
    assert answer["failed"] is True


def test_an_error_of_aws_s_ends_the_task_in_its_words() -> None:
    answer = run(aws(), {"code": "AccessDenied"}, environment={"AWS_SESSION_TOKEN": CANARY})

    assert answer["msg"] == (
        "Could not try: An error occurred (AccessDenied) when calling the GetCallerIdentity operation: "
        + HIDDEN
    )
    assert answer["error"]["code"] == "AccessDenied"


def test_each_task_has_the_credentials_of_its_moment(credentials: Path) -> None:
    credentials.write_text(KEY_FILE.format("default", "AKIAOFTHEFIRSTTASK00"))
    first = run(aws(), {})
    credentials.write_text(KEY_FILE.format("default", "AKIAOFTHESECONDTASK0"))
    second = run(aws(), {})

    assert "AKIAOFTHEFIRSTTASK00" in first["asked"]
    assert "AKIAOFTHESECONDTASK0" in second["asked"]


def test_a_profile_and_a_credential_process_count_as_for_every_aws_tool(
    credentials: Path, tmp_path: Path
) -> None:
    credentials.write_text(KEY_FILE.format("lab", "AKIAOFTHEPROFILE0000"))
    program = tmp_path / "program"
    program.write_text(
        '#!/bin/sh\necho \'{"Version": 1, "AccessKeyId": "AKIAOFTHEPROCESS0000", "SecretAccessKey": "s"}\'\n'
    )
    program.chmod(stat.S_IRWXU)
    (tmp_path / "config").write_text(f"[profile made]\ncredential_process = {program}\n")

    for profile, key in (("lab", "AKIAOFTHEPROFILE0000"), ("made", "AKIAOFTHEPROCESS0000")):
        assert key in run(aws(), {}, environment={"AWS_PROFILE": profile})["asked"]
        assert key in run(aws(), {"profile": profile})["asked"]


def test_a_profile_that_is_not_there_is_said(credentials: Path) -> None:
    answer = run(aws(), {}, environment={"AWS_PROFILE": "gone"})

    assert answer["msg"] == (
        "There is no AWS profile 'gone' in ~/.aws/config or ~/.aws/credentials: there are none."
    )


def test_region_and_endpoint_of_the_environment_and_of_the_task_count() -> None:
    key = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": CANARY}
    endpoint = {**key, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}

    assert run(aws(), {}, environment=key)["asked"].startswith("https://sts.us-west-2.amazonaws.com/")
    assert "us-east-1" in run(aws(), {"region": "us-east-1"}, environment=key)["asked"]
    assert run(aws(), {}, environment=endpoint)["asked"].startswith("http://127.0.0.1:9/")


@pytest.mark.parametrize("service", ["ec2", "sqs", "s3", "sts", "iam"])
def test_a_client_of_what_was_preloaded_reads_no_file(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible.module_utils.account import aws_session

    aws_session.preload(service)
    monkeypatch.setattr(aws_session.LOADER.file_loader, "load_file", lambda path: pytest.fail(path))
    session = aws_session.new_session()
    session.set_credentials("key", "secret")

    client = session.create_client(service, region_name="us-east-1")

    assert isinstance(client.waiter_names, list)
    client.close()


def test_every_module_is_documented_beside_its_action() -> None:
    assert sorted(path.stem for path in (PLUGINS / "modules").glob("*.py")) == ACTIONS


@pytest.mark.parametrize("name", ACTIONS)
def test_the_options_that_are_checked_are_the_documented_ones(name: str) -> None:
    options = documented_options(str(PLUGINS / "modules" / f"{name}.py"))
    required = sorted(option for option, told in options.items() if told.get("required"))
    words = f"missing required arguments: {', '.join(required)}" if required else "module: no_such_option"

    with pytest.raises(AnsibleActionFail, match=words):
        run(action(name), {"no_such_option": 1}, name=name)
