"""The loopback addresses of one cloud's hosts: 127.77.X.10 to 127.77.X.254.

All of 127/8 reaches the machine itself, so nothing has to be routed and nothing leaves it.
"""

import socket
import threading
from dataclasses import dataclass, field

from localcloud.errors import HostsUnavailableError

_FIRST, _LAST = 10, 254
_CLAIM_PORT = 1


@dataclass
class AddressRange:
    """A range that only this process hands addresses out of. Safe for several threads."""

    number: int
    _claim: socket.socket
    _last: int = _LAST
    _taken: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def network(self) -> str:
        """The range in CIDR notation."""
        return f"127.77.{self.number}.0/24"

    @classmethod
    def claim(cls) -> "AddressRange":
        """Take the first range no other cloud has; the process's end gives it back, whatever ends it.

        Raises `HostsUnavailableError`.
        """
        for number in range(256):
            claim = socket.socket()
            try:
                claim.bind((f"127.77.{number}.1", _CLAIM_PORT))
            except OSError:
                claim.close()
                continue
            return cls(number, claim)
        raise HostsUnavailableError("all address ranges 127.77.X.0/24 are taken: stop other clouds")

    def take(self) -> str:
        """Return a free address. The next one is taken each time, so an old one is not soon met again.

        Raises `HostsUnavailableError` if all are taken.
        """
        with self._lock:
            for _ in range(_FIRST, _LAST + 1):
                self._last = _FIRST if self._last == _LAST else self._last + 1
                address = f"127.77.{self.number}.{self._last}"
                if address not in self._taken:
                    self._taken.add(address)
                    return address
        raise HostsUnavailableError(f"all {_LAST - _FIRST + 1} addresses are taken: terminate instances")

    def give_back(self, address: str) -> None:
        """Let `address` be handed out again."""
        with self._lock:
            self._taken.discard(address)
