"""Servers and clients that end with their test."""

import ssl
from collections.abc import Callable, Iterator

import pytest
from jobfleet_worker.aws.clients import Clients, make_clients

from tests.bare_server import Server


@pytest.fixture
def servers() -> Iterator[Callable[..., Server]]:
    made: list[Server] = []

    def make(context: ssl.SSLContext | None = None) -> Server:
        made.append(Server(context))
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Clients]]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    for name in ("AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    made: list[Clients] = []

    def make(url: str) -> Clients:
        made.append(make_clients("us-east-1", url))
        return made[-1]

    yield make
    for some in made:
        for client in some:
            client.close()
