"""Puts that go without the rest of boto3, for who makes thousands of them."""

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError
from jobfleet.aws.account import Account
from jobfleet.settings.settings import Settings
from jobfleet_jobs.protocol.aws_facts import error_code

METADATA = {"name": "photo%20one.jpg", "operation": "greyscale"}


@pytest.fixture
def account(stack: Any, monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "first")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    return Account(settings_of(stack))


def settings_of(stack: Any) -> Settings:
    return Settings(stack.name, "us-east-1", stack.bucket, endpoint_url=stack.front.url)


def put(account: Account, key: str, data: bytes = b"data") -> None:
    account.direct_s3.put_object(Bucket=account.bucket, Key=key, Body=data, Metadata=METADATA)


@pytest.mark.parametrize("data", [b"data", b""])
def test_once_boto3_has_shown_where_the_bucket_is_it_is_not_asked_again(
    account: Account, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    put(account, "uploads/first")
    monkeypatch.setattr(account.s3, "put_object", lambda **_: pytest.fail("boto3 was asked"))
    put(account, "uploads/second one/\u00e4", data)

    found = account.s3.get_object(Bucket=account.bucket, Key="uploads/second one/\u00e4")
    assert (found["Body"].read(), found["Metadata"]) == (data, METADATA)


def test_credentials_that_replace_others_in_their_file_sign_these_puts_too(
    stack: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "credentials"
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))

    def write(key: str) -> None:
        new = tmp_path / "new"
        new.write_text(f"[default]\naws_access_key_id={key}\naws_secret_access_key=secret\n")
        new.rename(file)

    write("first")
    account = Account(settings_of(stack))
    put(account, "uploads/before")
    stack.front.expired_keys.add("first")
    with pytest.raises(account.s3.exceptions.ClientError) as caught:
        put(account, "uploads/refused")
    assert error_code(caught.value) == "ExpiredToken"

    write("second")
    put(account, "uploads/after")
    assert stack.object("uploads/after") == b"data"
    account.close()


def test_credentials_that_come_later_sign_these_puts_too(
    stack: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "credentials"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    account = Account(settings_of(stack))
    with pytest.raises(NoCredentialsError):
        put(account, "uploads/too-early")
    file.write_text("[default]\naws_access_key_id=key\naws_secret_access_key=secret\n")
    put(account, "uploads/now")
    assert stack.object("uploads/now") == b"data"
    account.close()


def test_a_closed_account_may_be_used_again(stack: Any, account: Account) -> None:
    put(account, "uploads/before")
    closed = account.direct_s3
    account.close()
    put(account, "uploads/after")
    assert stack.object("uploads/after") == b"data"
    assert account.direct_s3 is not closed
