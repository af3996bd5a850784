"""Profiles in AWS's files that cannot work: each is told with the way out, and nothing is sent."""

import json
from collections.abc import Callable

import pytest
from jobfleet.errors import Exit

from tests.echoing_aws import BLOCK, KEY_ID, LINES, SECRET
from tests.unit.client.cli.test_canaries import GIVEN, Person, aws, in_config, in_file, of_program, person

__all__ = ["aws", "person"]  # fixtures

ARN = "arn:aws:iam::1:role/xxxxxxxxxx"
ROLE = f"[default]\nregion = us-east-1\nrole_arn = {ARN}\n"
ROLE_OF_B = f"{ROLE}source_profile = b\n"
KEYS_OF_B = f"[b]\n{LINES}"


def printing(**changes: object) -> Callable[[Person], None]:
    """Return what has a program print credentials with some other parts."""
    return of_program(f"print(json.dumps({json.loads(json.dumps(GIVEN | changes))!r}))")


REFUSED: dict[str, tuple[Callable[[Person], None], str]] = {
    "program that prints a number for a token": (printing(SessionToken=5), "a SessionToken that is no text"),
    "program that prints a week for a date": (printing(Expiration="2099-W01-1T00:00:00Z"), "with its zone"),
    "program with a quote too few": (
        in_config('[default]\ncredential_process = "x\n'), "look into ~/.aws/config and the variables",
    ),
    "secret for the key's id": (
        in_file(BLOCK.replace(KEY_ID, SECRET)), "aws_access_key_id is no id of a key, but may be the secret",
    ),
    "settings indented that are none": (
        in_config("[default]\ns3 =\n  x\n"), "what is indented below s3 of [default] is not NAME = VALUE",
    ),
    "role without a source": (in_config(ROLE), "add source_profile to it in ~/.aws/config"),
    "role whose name is none": (
        in_config(ROLE_OF_B.replace(ARN, "x"), credentials=KEYS_OF_B),
        "(Parameter validation failed: Invalid length for parameter RoleArn, value: 1, valid min length: 20)",
    ),
    "role for too short a time": (
        in_config(f"{ROLE_OF_B}duration_seconds = 5\n", credentials=KEYS_OF_B),
        "correct the profile in ~/.aws/config",
    ),
    "role that asks for a code where nobody types": (
        in_config(f"{ROLE_OF_B}mfa_serial = arn:aws:iam::1:mfa/x\n", credentials=KEYS_OF_B),
        "no terminal is here to type it in",
    ),
    "role by a token that is not there": (
        in_config(f"{ROLE}web_identity_token_file = /none\n"), "/none, named for credentials, cannot be read",
    ),
    "role by a token that is empty": (
        in_config(f"{ROLE}web_identity_token_file = /dev/null\n"), "for parameter WebIdentityToken",
    ),
    "folder for a file": (
        lambda one: (one.home / ".aws/credentials").mkdir(parents=True), "is no regular file, and AWS's",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_work_is_told_on_one_line(
    person: Person, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, words = REFUSED[kind]
    prepare(person)
    # No terminal, whoever runs this.
    monkeypatch.setattr("getpass.os.open", lambda *_: (_ for _ in ()).throw(OSError("no /dev/tty")))

    assert person.run("stats", "1", "2", "3") == Exit.CREDENTIALS, person.said
    assert words in person.said
    assert len(person.said.splitlines()) == 1
    assert not [path for path in person.aws.asked if path != "/"]
    for command in (["status"], ["doctor"], ["config"]):
        person.run(*command)
        assert "unforeseen" not in person.said
    person.shows_nothing()


@pytest.mark.parametrize(
    "line",
    [
        "s3 = x", "api_versions = x", "api_versions =\n  sqs = 1999-01-01", "defaults_mode = x",
        "sts_regional_endpoints = x", "request_checksum_calculation = x", "response_checksum_validation = x",
    ],
)  # fmt: skip
def test_settings_that_no_client_can_be_made_by_are_told_before_anything_is_sent(
    person: Person, line: str
) -> None:
    in_config(f"[default]\n{line}\n", credentials=BLOCK)(person)

    for command in (["stats", "1"], ["greyscale", "photo.png"]):
        assert person.run(*command) == Exit.SETTINGS, person.said
        assert "~/.aws/config" in person.said
    assert not [path for path in person.aws.asked if path != "/"]
    person.shows_nothing()
