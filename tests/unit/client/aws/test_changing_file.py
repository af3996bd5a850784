"""A client that lives longer than its credentials: it signs with what the shared file says at that moment."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from jobfleet.aws.account import Account
from jobfleet.settings.settings import Settings

FIRST, SECOND = "ASIAFIRSTFIRSTFIRST1", "ASIASECONDSECONDSEC2"


def block(key: str, *, profile: str = "default") -> str:
    return f"[{profile}]\naws_access_key_id = {key}\naws_secret_access_key = s\naws_session_token = t\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    return path


@pytest.fixture
def account(file: Path) -> Iterator[Account]:
    """An account whose file is there later."""
    made = Account(Settings("mine", "us-east-1", "bucket"))
    yield made
    made.close()


def replace(file: Path, text: str) -> None:
    """Replace it in one step, as the playbooks do."""
    beside = file.with_suffix(".new")
    beside.write_text(text)
    beside.replace(file)


def signed_with(account: Account) -> str:
    """Return whose signature a request of the account would have."""
    address = account.s3.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "key"})
    return next(key for key in (FIRST, SECOND) if key in address)


def test_new_credentials_sign_the_next_request_of_the_same_client(file: Path, account: Account) -> None:
    replace(file, block(FIRST))
    client = account.s3
    assert signed_with(account) == FIRST

    replace(file, block(SECOND))

    assert signed_with(account) == SECOND
    assert account.s3 is client


@pytest.mark.parametrize(
    "harmed", [None, "", "no section", "[default]\n", block(SECOND)[:45], block("ASIA with a blank 22")]
)
def test_the_last_ones_stay_while_the_file_is_harmed(
    file: Path, account: Account, harmed: str | None
) -> None:
    replace(file, block(FIRST))
    assert signed_with(account) == FIRST

    file.unlink() if harmed is None else replace(file, harmed)
    assert signed_with(account) == FIRST

    replace(file, block(SECOND))
    assert signed_with(account) == SECOND


def test_a_profile_of_its_own_is_followed_and_the_environment_still_wins(
    file: Path, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "lab")
    replace(file, block("ASIANOTTHISONENOTTHI") + block(FIRST, profile="lab"))
    assert signed_with(account) == FIRST
    replace(file, block("ASIANOTTHISONENOTTHI") + block(SECOND, profile="lab"))
    assert signed_with(account) == SECOND

    monkeypatch.delenv("AWS_PROFILE")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", FIRST)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    other = Account(account.settings)
    assert signed_with(other) == FIRST
    other.close()


def test_credentials_that_come_later_are_found_without_a_restart(file: Path, account: Account) -> None:
    assert account.session.get_credentials() is None
    assert account.s3

    replace(file, block(FIRST))

    assert signed_with(account) == FIRST


def test_a_file_that_stays_is_not_read_again(file: Path, account: Account) -> None:
    replace(file, block(FIRST))
    assert signed_with(account) == FIRST
    stat = file.stat()
    # Another text of the same time, size and inode could be told by reading alone.
    file.write_text(block(SECOND))
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    assert signed_with(account) == FIRST


@pytest.mark.parametrize("name", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_a_profile_s_name_that_is_set_to_nothing_counts_as_unset(
    file: Path, account: Account, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "")
    replace(file, block(FIRST))

    assert signed_with(account) == FIRST


@pytest.mark.parametrize(
    ("empty", "real"), [("AWS_PROFILE", "AWS_DEFAULT_PROFILE"), ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")]
)
def test_a_variable_that_is_set_to_nothing_hides_no_profile_of_the_other(
    file: Path, account: Account, monkeypatch: pytest.MonkeyPatch, empty: str, real: str
) -> None:
    monkeypatch.setenv(empty, "")
    monkeypatch.setenv(real, "lab")
    replace(file, block(SECOND) + block(FIRST, profile="lab"))

    assert signed_with(account) == FIRST

    # Keys in the environment win over a variable's profile, as ever.
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", SECOND)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    other = Account(account.settings)
    assert signed_with(other) == SECOND
    other.close()
