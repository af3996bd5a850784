"""Ports of tests: one where nobody listens, and ones that a program can listen on later.

A port that was bound once and given back is anybody's: another process may have it a moment later.
"""

import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ADDRESS = "127.0.0.1"
# A claim lies beside the port, so that the port itself stays free for the program that it is for.
_CLAIM_ADDRESS = "127.0.0.2"
_LOWEST = 20000
_UNPRIVILEGED = 1024
_END = 65536
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")

_claims: list[socket.socket] = []


@contextmanager
def refusing_port() -> Iterator[int]:
    """Return a port that refuses connections while the context lasts: it is bound, and nobody listens."""
    with socket.socket() as bound:
        bound.bind((ADDRESS, 0))
        yield int(bound.getsockname()[1])


def claimed_port() -> int:
    """Return a port that a program can listen on, for as long as this process lives. Raises `RuntimeError`.

    The kernel gives it to nobody who asks for any port, and no other process of the tests gets it from here.
    """
    first, last = map(int, _EPHEMERAL.read_text().split())
    return _claim(ports_beside(first, last))


def ports_beside(first: int, last: int) -> list[int]:
    """Return the ports that the kernel gives to nobody, who gives those from `first` to `last`.

    Raises `RuntimeError` if there are none.
    """
    # Below the usual ones, services may come up that nobody thought of.
    found = [*range(_LOWEST, min(first, _END)), *range(max(last + 1, _LOWEST), _END)]
    if not found:
        found = list(range(_UNPRIVILEGED, min(first, _LOWEST)))
    if not found:
        raise RuntimeError(
            f"the kernel gives any program all ports from {first} to {last}, which leaves none to tests: "
            "sysctl -w net.ipv4.ip_local_port_range='32768 60999'"
        )
    return found


def _claim(ports: Iterable[int]) -> int:
    for port in ports:
        claim = socket.socket()
        try:
            claim.bind((_CLAIM_ADDRESS, port))
            with socket.socket() as trial:
                trial.bind((ADDRESS, port))
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        return port
    raise RuntimeError("all ports for programs of the tests are taken")
