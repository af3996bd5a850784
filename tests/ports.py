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
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")

_claims: list[socket.socket] = []


@contextmanager
def refusing_port() -> Iterator[int]:
    """Return a port that refuses connections while the context lasts: it is bound, and nobody listens."""
    with socket.socket() as bound:
        bound.bind((ADDRESS, 0))
        yield int(bound.getsockname()[1])


def claimed_port() -> int:
    """Return a port that a program can listen on, for as long as this process lives.

    The kernel gives it to nobody who asks for any port, and no other process of the tests gets it from here.
    """
    first_ephemeral = int(_EPHEMERAL.read_text().split()[0])
    return _claim(range(_LOWEST, first_ephemeral))


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
