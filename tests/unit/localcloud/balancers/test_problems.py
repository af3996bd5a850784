"""What keeps load balancers from being made, and what is said of it."""

import shutil

import pytest

from localcloud.balancers.addresses import BalancerAddresses
from localcloud.balancers.haproxy import proxy
from localcloud.errors import BalancersUnavailableError, HostsUnavailableError


def test_without_haproxy_the_way_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)

    words = "load balancers cannot be made without haproxy: run `apt-get install haproxy`"
    assert proxy.find_problem() == words


@pytest.mark.parametrize(
    ("error", "words"), [(PermissionError("no"), "without root"), (OSError("taken"), "port 80 is taken")]
)
def test_a_port_that_cannot_be_opened_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, error: OSError, words: str
) -> None:
    def refuse(address: str, port: int) -> None:
        raise error

    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/sbin/{name}")
    monkeypatch.setattr(proxy, "_try_to_listen", refuse)

    assert words in (proxy.find_problem() or "")


class Range:
    """Two addresses."""

    def __init__(self) -> None:
        self.free = ["127.77.0.10", "127.77.0.11"]

    def take(self) -> str:
        if not self.free:
            raise HostsUnavailableError("all addresses are taken")
        return self.free.pop(0)

    def give_back(self, address: str) -> None:
        self.free.append(address)


def test_a_balancer_without_an_address_is_refused_with_the_reason() -> None:
    addresses = BalancerAddresses()
    addresses.refuse("there is no haproxy")
    with pytest.raises(BalancersUnavailableError, match="there is no haproxy"):
        addresses.take()


def test_addresses_are_of_one_range_and_come_back() -> None:
    addresses, ranges = BalancerAddresses(), []

    def claim() -> Range:
        ranges.append(Range())
        return ranges[-1]

    addresses.use(claim)
    assert ranges == []
    first, _ = addresses.take(), addresses.take()
    with pytest.raises(BalancersUnavailableError, match="all addresses are taken"):
        addresses.take()
    addresses.give_back(first)
    assert addresses.take() == first
    assert len(ranges) == 1
