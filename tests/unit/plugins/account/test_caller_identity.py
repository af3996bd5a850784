"""What can be known of credentials, and what is said of those that AWS does not take; no AWS."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from ansible.module_utils.account.caller_identity import life_of, trouble_of, who
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from botocore.session import Session
from jobfleet_jobs.credentials.end_notes import END_NOTES
from jobfleet_jobs.protocol.aws_facts import LAB_CANCEL_POLICY

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
BLOCK = "[default]\naws_access_key_id = a\naws_secret_access_key = b\n"


def test_a_lab_s_block_does_not_tell_when_it_ends(credentials: Path) -> None:
    credentials.write_text(f"{BLOCK}aws_session_token = c\n")

    assert "the lab's timer shows it" in life_of(Session(), NOW)


def test_keys_without_a_token_do_not_expire(credentials: Path) -> None:
    credentials.write_text(BLOCK)

    assert life_of(Session(), NOW) == "they do not expire"


@pytest.mark.parametrize("key", END_NOTES)
def test_an_end_that_stands_in_the_file_is_told(credentials: Path, key: str) -> None:
    credentials.write_text(f"{BLOCK}aws_session_token = c\n{key} = 2026-01-01T15:12:00Z\n")

    assert life_of(Session(), NOW) == "they end at 2026-01-01 15:12 UTC, in 3 h 12 min"


@pytest.mark.parametrize("token", ["aws_session_token = c\n", ""])
def test_an_end_that_an_older_session_left_in_the_file_is_named_and_not_believed(
    credentials: Path, token: str
) -> None:
    stale = "x_security_token_expires = 2025-12-31T01:35:00Z\n"
    credentials.write_text(f"{BLOCK}{token}{stale}")

    said = life_of(Session(), NOW)

    assert ("the lab's timer shows it" in said, "they do not expire" in said) == (bool(token), not token)
    assert "take out of ~/.aws/credentials what an older session left there" in said
    assert said.endswith("by which they would be over: x_security_token_expires")
    credentials.write_text(f"{BLOCK}{token}{stale}aws_expiration = 2026-01-01T15:12:00Z\n")
    assert life_of(Session(), NOW) == "they end at 2026-01-01 15:12 UTC, in 3 h 12 min"


def test_an_end_in_the_environment_is_told(credentials: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2126-01-01T12:00:00Z")

    assert "2126-01-01 12:00 UTC" in life_of(Session(), NOW)


def test_an_end_in_the_environment_that_is_over_is_said_as_such(
    credentials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T12:00:00Z")

    with pytest.raises(RuntimeError) as caught:
        Session().get_credentials().get_frozen_credentials()
    assert "have expired" in trouble_of(caught.value)


def test_no_credentials_at_all(credentials: Path) -> None:
    assert life_of(Session(), NOW) == "there are none"


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (ClientError({"Error": {"Code": "ExpiredToken", "Message": ""}}, "x"), "have expired (ExpiredToken)"),
        (ClientError({"Error": {"Code": "InvalidClientTokenId"}}, "x"), "does not take the credentials"),
        (NoCredentialsError(), "There are no AWS credentials"),
        (EndpointConnectionError(endpoint_url="x"), "AWS does not answer"),
    ],
)
def test_each_trouble_has_its_sentence(problem: Exception, said: str) -> None:
    assert said in trouble_of(problem)


@pytest.mark.parametrize(
    "problem",
    [FileNotFoundError(2, "No such file or directory", "/none"), ValueError("No closing quotation")],
)
def test_what_python_says_of_files_and_variables_is_told_with_where_to_look(problem: Exception) -> None:
    def client(service: str) -> None:
        raise problem

    caller, said = who(client)

    assert caller is None
    assert said == (
        f"The AWS credentials of this machine cannot be used ({problem}): look into ~/.aws/config and the "
        "variables whose names begin with AWS_."
    )


def test_the_end_of_a_lab_s_session_is_said_with_the_three_steps_that_mend_it() -> None:
    refused = {"Code": "UnauthorizedOperation", "Message": f"denied by {LAB_CANCEL_POLICY}"}

    said = trouble_of(ClientError({"Error": refused}, "DescribeAvailabilityZones"))

    assert said == (
        "The lab's session has ended or its budget is spent, and AWS refuses these credentials everything "
        "since: press Start Lab, then AWS Details and Show beside AWS CLI, and paste that block into "
        "~/.aws/credentials."
    )


@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "RequestTimeTooSkewed", "RequestExpired"])
def test_a_wrong_clock_is_said_and_new_credentials_are_not_asked_for(code: str) -> None:
    dated = format_datetime(datetime.now(UTC) - timedelta(minutes=20), usegmt=True)
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPHeaders": {"date": dated}}}

    said = trouble_of(ClientError(answer, "GetCallerIdentity"))

    assert "this machine's clock is 20 min" in said
    assert "fast: set it, for instance with `timedatectl set-ntp true`." in said
    assert "AWS Details" not in said
