"""What is signed by a guarded session of botocore, and what its programs may do; nothing goes out."""

import json
import sys
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest
from botocore.credentials import ReadOnlyCredentials, SSOProvider
from botocore.exceptions import EndpointConnectionError
from botocore.session import Session
from botocore.tokens import SSOTokenProvider
from jobfleet_jobs.credentials import program
from jobfleet_jobs.credentials.fitness import UnusableCredentials, require_fit
from jobfleet_jobs.credentials.sentences import origin_of, why_unusable
from jobfleet_jobs.credentials.session_guard import guard

KEY_ID, SECRET = "ASIACANARYCANARY4321", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYCANARY0987"
TOKEN = "IQoJb3JpZ2luX2VjCANARY" + "aB3/+" * 40 + "=="
GOOD = {"Version": 1, "AccessKeyId": KEY_ID, "SecretAccessKey": SECRET, "SessionToken": TOKEN}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """AWS's configuration; there is no other source."""
    path = tmp_path / "config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return path


def call(profile: str | None = None) -> Any:
    """Ask nobody whose the credentials are."""
    session = guard(Session(profile=profile))
    session.create_client(
        "sts", region_name="us-east-1", endpoint_url="http://127.0.0.1:9"
    ).get_caller_identity()


def in_the_environment(monkeypatch: pytest.MonkeyPatch, **changes: str) -> None:
    values = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": TOKEN}
    for name, value in (values | changes).items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
@pytest.mark.parametrize("behind", ["\r", "\n", "\r\n", " ", "\t"])
def test_white_space_behind_a_variable_is_passed_over(
    config: Path, monkeypatch: pytest.MonkeyPatch, name: str, behind: str
) -> None:
    in_the_environment(monkeypatch)
    value = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": TOKEN}[name]
    monkeypatch.setenv(name, value + behind)

    frozen = guard(Session()).get_credentials().get_frozen_credentials()

    assert (frozen.access_key, frozen.secret_key, frozen.token) == (KEY_ID, SECRET, TOKEN)
    with pytest.raises(EndpointConnectionError):
        call()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (f"{TOKEN[:50]}\n{TOKEN[50:]}", "has a line break in it (character 51 of"),
        (f"{TOKEN[:50]} {TOKEN[50:]}", "has a blank in it"),
        (f'"{TOKEN}"', "stands in quotes"),
        (f"{TOKEN}é", "has the character U+00E9 in it"),
    ],
)
def test_what_no_header_can_hold_is_refused_by_the_name_of_its_variable(
    config: Path, monkeypatch: pytest.MonkeyPatch, value: str, said: str
) -> None:
    in_the_environment(monkeypatch, AWS_SESSION_TOKEN=value)

    with pytest.raises(UnusableCredentials, match=r"^AWS_SESSION_TOKEN in the environment ") as raised:
        call()

    assert said in str(raised.value)
    assert "CANARY" not in str(raised.value)


def test_so_is_a_value_in_a_file_also_where_a_role_is_taken_with_it(config: Path, tmp_path: Path) -> None:
    keys = f"aws_access_key_id = {KEY_ID}\n  x\naws_secret_access_key={SECRET}\naws_session_token={TOKEN}\n"
    (tmp_path / "credentials").write_text(f"[lab]\n{keys}")
    config.write_text("[profile role]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = lab\n")

    for profile in ("lab", "role"):
        with pytest.raises(UnusableCredentials, match=r"aws_access_key_id .*line break") as raised:
            call(profile)
        assert "CANARY" not in str(raised.value)


def by_program(config: Path, tmp_path: Path, code: str) -> Path:
    """Have credentials come from a program with a secret among its arguments."""
    script = tmp_path / "giver.py"
    script.write_text(f"import os, sys, time, json\n{code}\n")
    config.write_text(f"[default]\ncredential_process = {sys.executable} {script} --password {SECRET}\n")
    return script


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"Expiration": None},
        {"Expiration": "2099-01-02T03:04:05Z"},
        {"Expiration": "2099-01-02T03:04:05.678901234+01:00"},
    ],
)
def test_a_program_s_credentials_are_used(config: Path, tmp_path: Path, more: dict[str, Any]) -> None:
    by_program(config, tmp_path, f"print(json.dumps({GOOD | more!r}))")

    with pytest.raises(EndpointConnectionError):
        call()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (f"sys.exit('no: {SECRET}')", "failed with exit code 1, and says: no: <hidden>"),
        (f"print('{SECRET}')", "printed no JSON"),
        (f"print(json.dumps(['{SECRET}']))", "printed JSON that is no object"),
        (f"print(json.dumps({ {**GOOD, 'SecretAccessKey': None}!r}))", "printed no SecretAccessKey"),
        (f"print(json.dumps({ {**GOOD, 'Version': 2}!r}))", 'printed no "Version": 1'),
        ("os.write(1, bytes([255, 254, 0]))", "printed no JSON"),
        (f"print(json.dumps({ {**GOOD, 'Expiration': '2099-01-02T03:04:05'}!r}))", "time with its zone"),
        (f"print(json.dumps({ {**GOOD, 'Expiration': 5}!r}))", "no time with its zone"),
        (f"print(json.dumps({ {**GOOD, 'Expiration': 'tomorrow'}!r}))", "no time with its zone"),
        (f"print(json.dumps({ {**GOOD, 'Expiration': ''}!r}))", "no time with its zone"),
    ],
)
def test_a_program_that_gives_none_is_named_and_nothing_of_what_it_knows_is(
    config: Path, tmp_path: Path, code: str, said: str
) -> None:
    by_program(config, tmp_path, code)

    with pytest.raises(UnusableCredentials, match=f"the program '{Path(sys.executable).name}'") as raised:
        call()

    assert said in str(raised.value)
    assert "CANARY" not in str(raised.value)
    assert "--password" not in str(raised.value)


def test_a_program_that_hangs_is_stopped(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "LIMIT_SECONDS", 0.01)
    by_program(config, tmp_path, "os.execvp('sleep', ['sleep', 'infinity'])")

    with pytest.raises(UnusableCredentials, match="has not answered for 0 s and was stopped"):
        call()


def test_a_program_that_is_not_there_is_said_also_where_a_role_is_taken_with_it(config: Path) -> None:
    config.write_text(
        "[profile x]\ncredential_process = /none/giver --password p\n"
        "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = x\n"
    )

    for profile in ("x", "role"):
        with pytest.raises(UnusableCredentials, match=r"'giver', .*cannot be started: No such file"):
            call(profile)


@pytest.mark.parametrize("nothing", ["", "  "])
def test_a_line_that_names_no_program_is_said(config: Path, nothing: str) -> None:
    config.write_text(f"[default]\ncredential_process ={nothing}\n")

    with pytest.raises(UnusableCredentials, match=r"credential_process in ~/.aws/config names no program"):
        call()


SIGN_ON = {"accessToken": "x", "expiresAt": "2099-01-02T03:04:05Z"}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(SIGN_ON)[:20],
        "",
        "5",
        json.dumps(SIGN_ON | {"expiresAt": "soon"}),
        json.dumps(SIGN_ON | {"expiresAt": "2099-01-02T03:04:05"}),
        json.dumps(SIGN_ON | {"expiresAt": "9" * 30}),
    ],
)
@pytest.mark.parametrize("session", ["", "sso_session = corp\n"])
def test_a_file_of_a_sign_on_that_cannot_be_read_is_said(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, session: str
) -> None:
    url = "https://corp.awsapps.com/start"
    start = f"sso_start_url = {url}\nsso_region = us-east-1\n"
    config.write_text(
        f"[profile lab]\n{session or start}sso_account_id = 123456789012\nsso_role_name = x\n"
        f"[sso-session corp]\n{start}"
    )
    for provider in (SSOProvider, SSOTokenProvider):
        monkeypatch.setattr(provider, "_SSO_TOKEN_CACHE_DIR", str(tmp_path))
    name = sha1(b"corp" if session else url.encode(), usedforsecurity=False).hexdigest()
    (tmp_path / f"{name}.json").write_text(text)

    with pytest.raises(UnusableCredentials) as raised:
        call("lab")

    words = why_unusable(raised.value, origin_of(Session(profile="lab"), "lab", were_found=False))
    assert "of a session cannot be read (" in str(words)
    assert "`aws sso login --profile lab`" in str(words)


def test_what_a_program_gives_can_be_json_and_no_credentials(config: Path, tmp_path: Path) -> None:
    by_program(config, tmp_path, f"print(json.dumps({ {**GOOD, 'SessionToken': TOKEN + chr(10)}!r}))")

    with pytest.raises(UnusableCredentials, match="aws_session_token has a line break"):
        call()


def test_fit_credentials_of_other_stores_than_aws_pass() -> None:
    require_fit(ReadOnlyCredentials("minio-user", "p@$$w0rd!{}", None, None))
