"""Whom a worker trusts: TLS with authorities of one's own."""

import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
from botocore.exceptions import SSLError
from jobfleet_worker.aws.clients import ATTEMPTS
from jobfleet_worker.settings import BadSettings

from tests.bare_server import direct, sqs_of

URL = "https://sqs.example/1/q"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def context(authority: trustme.CA, name: str) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(made)
    return made


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_an_authority_that_was_named_is_trusted(
    servers: Any, clients: Any, authority: trustme.CA, variable: str,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    server = servers(context(authority, "127.0.0.1"))
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv(variable, str(tmp_path / "ca.pem"))
    assert sqs_of(clients, server).receive_message(QueueUrl=URL) == {}
    assert direct(server) == len(server.asked) == 1


def test_authorities_that_cannot_be_read_are_named_at_once(
    servers: Any, clients: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "none.pem"))
    server = servers()
    with pytest.raises(BadSettings, match=r"none\.pem cannot be read: No such file .* AWS_CA_BUNDLE"):
        clients(server.url)


@pytest.mark.parametrize("known", [False, True])
def test_nothing_is_sent_to_who_is_not_trusted(
    servers: Any, clients: Any, authority: trustme.CA, known: bool,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    """Either nobody trusts the authority, or its certificate is for another name."""
    server = servers(context(authority, "another.example" if known else "127.0.0.1"))
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    if known:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    sqs = clients(server.url).sqs
    # boto3's alone, and a direct one before it.
    for _ in range(2):
        with pytest.raises(SSLError):
            sqs.receive_message(QueueUrl=URL)
    assert server.asked == []
    assert server.connections == ATTEMPTS + (1 + ATTEMPTS)
