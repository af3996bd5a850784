"""The way of a request to its service in the embedded AWS."""

from collections.abc import Iterator

import pytest
from moto import backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from localcloud.gaps import dispatch


@pytest.fixture
def mended() -> Iterator[DomainDispatcherApplication]:
    """moto's application with this gap mended, and only here."""
    before = DomainDispatcherApplication.get_backend_for_host
    dispatch.mend()
    yield DomainDispatcherApplication(create_backend_app)
    DomainDispatcherApplication.get_backend_for_host = before  # type: ignore[method-assign]


def test_whose_a_host_is_is_found_out_once(
    mended: DomainDispatcherApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    monkeypatch.setattr(backends, "list_of_moto_modules", lambda: looked.append("") or ["sqs", "s3"])
    hosts = [f"{service}.us-east-1.amazonaws.com" for service in ("sqs", "s3")]

    found = [mended.get_backend_for_host(host) for host in [*hosts, *hosts, *hosts]]

    assert found == ["sqs", "s3"] * 3
    assert len(looked) == 2
