"""Copies of credentials that end soon are refused, outside a lab; no AWS."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible.module_utils.account.short_lived import life_of_copy
from botocore.session import Session


@pytest.fixture
def now() -> datetime:
    """The time now: botocore asks the clock itself whether credentials are over."""
    return datetime.now(UTC)


def given_for(folder: Path, monkeypatch: pytest.MonkeyPatch, ends: datetime) -> Session:
    """Return a session whose credentials come from a program, and end then."""
    given = {
        "Version": 1, "AccessKeyId": "ASIAEXAMPLE123456789", "SecretAccessKey": "s", "SessionToken": "t",
        "Expiration": ends.isoformat(),
    }  # fmt: skip
    (folder / "giver.py").write_text(f"print({json.dumps(given)!r})\n")
    (folder / "config").write_text(
        f"[default]\ncredential_process = {sys.executable} {folder / 'giver.py'}\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
    return Session()


@pytest.mark.parametrize("minutes", [20, 60, 119])
def test_one_that_ends_soon_is_refused_with_both_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: datetime, minutes: int
) -> None:
    session = given_for(tmp_path, monkeypatch, now + timedelta(minutes=minutes, seconds=30))

    said, too_short = life_of_copy(session, now, lab=False)

    assert too_short
    assert f"in {minutes // 60} h {minutes % 60:02d} min: nothing renews a copy" in said
    assert "worker_credentials: instance_profile" in said
    assert "worker_credentials_file" in said


def test_one_that_lasts_a_while_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    session = given_for(tmp_path, monkeypatch, now + timedelta(hours=9, seconds=30))

    said, too_short = life_of_copy(session, now, lab=False)

    assert not too_short
    assert "The workers' copy of these credentials ends at " in said
    assert "in 9 h 00 min" in said


def test_an_end_that_an_older_session_left_beside_the_keys_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    file = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    keys = "[default]\naws_access_key_id = a\naws_secret_access_key = b\naws_session_token = c\n"
    file.write_text(f"{keys}aws_expiration = {now - timedelta(hours=34):%Y-%m-%dT%H:%M:%SZ}\n")

    assert life_of_copy(Session(), now, lab=False) == ("", False)

    file.write_text(f"{keys}aws_expiration = {now + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}\n")
    assert life_of_copy(Session(), now, lab=False)[1]


def test_nothing_is_said_in_a_lab_of_lasting_keys_and_of_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    assert life_of_copy(given_for(tmp_path, monkeypatch, now + timedelta(minutes=20)), now, lab=True) == (
        "",
        False,
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    assert life_of_copy(Session(), now, lab=False) == ("", False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE123456789")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    assert life_of_copy(Session(), now, lab=False) == ("", False)
