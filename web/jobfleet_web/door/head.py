"""The head of a request, as the checks at the door read it."""

from collections.abc import MutableMapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Head:
    """Method, path and headers. `peer` is the address at the other end; None for a Unix socket.

    `path` has no `prefix`: that is the way by which the request came (`door.prefixes`).
    """

    method: str
    path: str
    headers: dict[str, list[str]]
    peer: str | None
    prefix: str = ""

    @classmethod
    def of(cls, scope: MutableMapping[str, Any]) -> "Head":
        """Read the head of a request that an ASGI server hands over."""
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
        client = scope.get("client")
        prefix: str = scope.get("root_path", "")
        path: str = scope["path"].removeprefix(prefix)
        return cls(scope["method"], path, headers, client[0] if client and client[0] else None, prefix)

    def all(self, name: str) -> list[str]:
        """Return each value of a header, whose name is in small letters."""
        return self.headers.get(name, [])

    def one(self, name: str) -> str:
        """Return the first value of a header; an empty text if there is none."""
        return self.headers.get(name, [""])[0]

    @property
    def sender(self) -> str:
        """Who sent it: over the Unix socket, where only nginx is, what that says in X-Real-IP."""
        if self.peer is not None:
            return self.peer
        try:
            return str(ip_address(self.one("x-real-ip")))
        except ValueError:
            return "unknown"

    @property
    def wants_html(self) -> bool:
        """Whether a person's browser reads the answer, and no program: it asks for HTML, and not for JSON."""
        accepted = ",".join(self.all("accept")).lower()
        return "text/html" in accepted and "json" not in accepted
