"""The errors of the web tier, each one an answer for people and programs (RFC 9457, problem details)."""

from collections.abc import Mapping
from typing import Any

from jobfleet_jobs.credentials.redaction import redact

from jobfleet_web.links import with_links

MEDIA_TYPE = "application/problem+json"

# What the field `type` begins with. It names the kind of problem, and is no address to be fetched.
TYPE_PREFIX = "urn:jobfleet:problem:"


def told(value: object) -> str:
    """Return a value that was sent as the member `value` of a problem shows it."""
    return redact(str(value))[:80]


class Problem(Exception):
    """A request that got no answer, and why: `code` names the kind, `detail` the value, `mend` the way out.

    `headers` go out with the answer, `more` are further members of its JSON. Nothing in it shows a secret.
    """

    def __init__(
        self, status: int, code: str, detail: str, *, mend: str = "", more: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.code = status, code
        self.detail, self._mend = redact(detail), redact(mend)
        self.more: dict[str, Any] = dict(more or {})
        self.headers: dict[str, str] = {}

    @property
    def mend(self) -> str:
        """The way out, with links for the sender of the request in hand; empty where there is none."""
        return with_links(self._mend)

    def with_headers(self, **headers: str) -> "Problem":
        """Send these headers, too: `Retry_After="3"` is `Retry-After: 3`."""
        self.headers |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self

    def to_json(self) -> dict[str, Any]:
        """Return the answer's body."""
        body: dict[str, Any] = {
            "type": TYPE_PREFIX + self.code,
            "title": self.code.replace("-", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
        }
        if self.mend:
            body["mend"] = self.mend
        return {**body, **self.more}
