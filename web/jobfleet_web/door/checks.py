"""What of a request's head is refused, whoever sends it: a wrong host, a foreign origin, an encoded body."""

from collections.abc import Iterable

from jobfleet_jobs.credentials.redaction import shown

from jobfleet_web.door.head import SAFE_METHODS, Head
from jobfleet_web.problems import Problem, told

_ALWAYS = ("127.0.0.1", "localhost")


class HostNames:
    """The names that this host answers to.

    Any other may be that of a page of somebody else's, which has it point here to be the same origin.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {*_ALWAYS, *(name.lower().strip("[]") for name in names)}

    def check(self, head: Head) -> None:
        """Raise `Problem` for a Host that is missing, doubled, or not one of ours."""
        given = head.all("host")
        if len(given) != 1:
            raise Problem(
                400, "bad-host", f"the request has {len(given)} Host headers", mend="Send one Host header."
            )
        if _without_port(given[0]) not in self._names:
            raise Problem(
                421, "wrong-host", f"this host is not {shown(given[0])}",
                mend="Call it by an address that `jobfleet web` prints; host_names in web.toml has them all.",
                more={"value": told(given[0])},
            )  # fmt: skip


def check_origin(head: Head) -> None:
    """Raise `Problem` for a request that the page of another site has a browser send.

    Only browsers name an Origin. They say `null` for pages that have none, such as a local file: no page of
    ours is one, as all are sent with a Referrer-Policy that keeps the origin (`door.passage`).
    """
    if head.method in SAFE_METHODS:
        return
    host = _plain(head.one("host"))
    foreign = [one for one in head.all("origin") if _plain(one.partition("://")[2]) != host]
    if not foreign and head.one("sec-fetch-site") in ("cross-site", "same-site"):
        foreign = [head.one("sec-fetch-site")]
    if foreign:
        raise Problem(
            403, "foreign-origin", f"the request comes from the page of another site: {shown(foreign[0])}",
            mend="Open this host's own page, or send the request with a program that is no browser.",
            more={"value": told(foreign[0])},
        )  # fmt: skip


def check_encoding(head: Head) -> None:
    """Raise `Problem` for a body that is compressed: a small one could unpack to any size."""
    given = ", ".join(head.all("content-encoding"))
    if given.strip().lower() not in ("", "identity"):
        raise Problem(
            415, "encoded-body", f"the body is encoded: Content-Encoding is {shown(given)}",
            mend="Send it as it is, without Content-Encoding.", more={"value": told(given)},
        ).with_headers(Accept_Encoding="identity")  # fmt: skip
    # The server takes `chunked` apart and leaves the rest as it is: `gzip, chunked` would be stored packed.
    given = ", ".join(head.all("transfer-encoding"))
    if given.strip().lower() not in ("", "chunked"):
        raise Problem(
            415, "encoded-body", f"the body is encoded: Transfer-Encoding is {shown(given)}",
            mend="Send it as it is, with Content-Length or as chunked alone.", more={"value": told(given)},
        )  # fmt: skip


def _without_port(host: str) -> str:
    name = host.lower().strip()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0] if name.count(":") == 1 else name


def _plain(host: str) -> str:
    """Return a host with its port, without the one that goes without saying."""
    return host.lower().strip().removesuffix(":80").removesuffix(":443")
