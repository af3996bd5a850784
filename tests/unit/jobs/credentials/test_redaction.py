"""Secrets are in no text that was redacted, and everything else still is."""

import json
from urllib.parse import quote

import pytest
from jobfleet_jobs.credentials import redaction
from jobfleet_jobs.credentials.redaction import HIDDEN, redact, redact_all, remember, shown
from jobfleet_jobs.protocol.heartbeat import Heartbeat
from jobfleet_jobs.protocol.message import JobError

KEY_ID, SECRET = "ASIACANARYCANARY4321", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYCANARY0987"
DIGEST = "0a" * 32
TOKEN = "IQoJb3JpZ2luX2VjCANARY" + "aB3/+" * 40 + "=="


@pytest.fixture(autouse=True)
def nothing_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shapes have to do, unless a test remembers a value."""
    monkeypatch.setattr(redaction, "_seen", set())


SAID = [
    f"Invalid header value b'{TOKEN}\\r'",
    f'Invalid header value b"{TOKEN} it\'s\\n"',
    f"Invalid header value b'AWS4-HMAC-SHA256 Credential={KEY_ID}/20260101, Signature={'0a' * 32}\\n'",
    f"line: 'aws_secret_access_key = {SECRET}\\n'",
    f"aws_session_token={TOKEN}",
    f'export AWS_SECRET_ACCESS_KEY="{SECRET}"',
    f"$env:AWS_SESSION_TOKEN='{TOKEN}'",
    json.dumps({"SecretAccessKey": SECRET, "SessionToken": TOKEN, "AccessKeyId": KEY_ID}),
    json.dumps(json.dumps({"SecretAccessKey": SECRET, "SessionToken": TOKEN})),
    str({"secretAccessKey": SECRET, "refreshToken": TOKEN}),
    f"The Canonical String should have been\n'POST\n/\nx-amz-security-token:{TOKEN}\n\nhost'",
    f"https://b/?X-Amz-Credential={KEY_ID}%2F26&X-Amz-Security-Token={quote(TOKEN)}&X-Amz-Signature={DIGEST}",
    f"the key {SECRET} is unknown",
    f"({TOKEN})",
    f"could not parse {TOKEN[60:]}",
    f"usage: giver --secret-access-key={SECRET}",
    f"--secret={SECRET}",
    f"AWS_SECRET={SECRET}",
    f"key={SECRET}",
    f"secret-key={SECRET}",
    f"{SECRET}=",
    f"the key is {SECRET}.",
    f"--old-value={TOKEN[60:]}",
]


@pytest.mark.parametrize("said", SAID)
def test_a_secret_is_known_by_its_shape_and_its_neighbours(said: str) -> None:
    shown = redact(said)

    assert HIDDEN in shown
    for secret in (SECRET, TOKEN, quote(TOKEN), TOKEN[60:100], KEY_ID, "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"):
        assert secret not in shown


PLAIN = [
    "no aws_session_token: copy the whole block, from [default] on",
    "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN to them in this shell",
    "job 0192f0c1-2345-7abc-8def-0123456789ab sent",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "/home/Anna/Photos/2024/Summer/Day2/x/IMG001 cannot be read",
    "s3://jobfleet-123456789012-us-east-1/outputs/0192f0c1-2345-7abc-8def-0123456789ab/photo.png",
    "arn:aws:sts::123456789012:assumed-role/voclabs/user1234567=Anna_Example",
    "commit=da39a3ee5e6b4b0d3255bfef95601890afd80709.",
    "out=/home/Anna/Photos/2024/Summer/Day2/x/IMG001.png",
]


@pytest.mark.parametrize(
    "said",
    [
        "aws_secret_access_key = correct-horse-battery",
        "export AWS_SESSION_TOKEN=correct-horse-battery",
        '{"SecretAccessKey": "correct-horse-battery"}',
        "?X-Amz-Security-Token=correct-horse-battery&x=1",
        "refreshToken: 'correct-horse-battery'",
        "--session-token=correct-horse-battery",
        "--secret-access-key=correct-horse-battery",
        "--client-secret=correct-horse-battery",
        "secret: correct-horse-battery",
        "http://me:correct-horse-battery@127.0.0.1:9/x",
    ],
)
def test_what_has_no_shape_of_its_own_is_known_by_the_name_before_it(said: str) -> None:
    shown = redact(said)

    assert "correct" not in shown
    assert shown == said.replace("correct-horse-battery", HIDDEN)


@pytest.mark.parametrize("text", PLAIN)
def test_all_else_stays(text: str) -> None:
    assert redact(text) == text


def test_a_value_that_was_seen_is_hidden_wherever_it_turns_up(monkeypatch: pytest.MonkeyPatch) -> None:
    remember("odd-secret-of-a-store", "two lines\nsecond-line-of-it", "short")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token-of-this-shell\r")

    assert redact("odd-secret-of-a-store!") == f"{HIDDEN}!"
    assert redact("xsecond-line-of-it") == f"x{HIDDEN}"
    assert redact("b'token-of-this-shell\\r'") == f"b'{HIDDEN}\\r'"
    assert redact("short") == "short"


def test_a_secret_that_is_cut_off_in_a_sentence_is_hidden_before() -> None:
    assert shown({"a": "x" * 60 + f" {SECRET}"}) == "{'a': '" + "x" * 60 + f" {HIDDEN}'}}"
    assert shown("é" * 100) == "'" + "é" * 79


def test_the_id_of_a_key_is_shown_by_its_ends() -> None:
    assert redact(f"key {KEY_ID} is unknown") == "key ASIA…4321 is unknown"


def test_each_text_of_a_value_of_json_is_redacted() -> None:
    found = redact_all({"a": [f"x {TOKEN}", 1], "b": {"c": None}, TOKEN[:20]: True})

    assert found == {"a": [f"x {HIDDEN}", 1], "b": {"c": None}, TOKEN[:20]: True}


def test_results_and_heartbeats_hold_no_secret() -> None:
    assert JobError("broken", f"cannot: aws_session_token={TOKEN}").message == (
        f"cannot: aws_session_token={HIDDEN}"
    )
    told = Heartbeat("w1", offer={"broken": [{"why": f"ValueError: {TOKEN}"}]}).to_json()
    assert TOKEN not in told
    assert HIDDEN in told


def test_a_value_without_an_end_is_hidden_to_the_end_and_looked_through_once() -> None:
    # Looked for from each word anew, its end would take minutes of a message of 1 MiB.
    said = "Invalid header value \\'" * 20_000

    assert redact(f"{said}{TOKEN[:30]}") == f"Invalid header value {HIDDEN}"
