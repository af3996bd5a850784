"""Requests over HTTP, sent by aiohttp.

Why aiohttp (https://docs.aiohttp.org): it parses in C, keeps and counts connections, knows TLS and names with
several addresses, and takes about a third of a millisecond of CPU a request. wrk2, vegeta, k6 and locust are
programs of their own: they know no scenario of ours, sum up where we want every sample, and cannot be
installed by pip or weigh tens of packages. httpx takes three times the CPU.
"""

import asyncio
import errno
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import aiohttp
from jobfleet_jobs.version import __version__
from yarl import URL

from jobfleet.bench.engine.loops import Send
from jobfleet.bench.engine.samples import OK, Reply
from jobfleet.human_text import plain

# An answer above this counts as failed: it is no page of ours, and would fill the memory.
ANSWER_MAX_BYTES = 8 * 1024 * 1024
# Who answered is told in a few words; larger bodies are not looked into.
_TELLING_MAX_BYTES = 4_096
_PLACE_MAX = 60


@dataclass(frozen=True)
class HttpRequest:
    """What is asked for, the same each time. `share_by` is the JSON field or header that tells who answers.

    Secrets in `headers`, in `body` and before the host of `url` are in no report.
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    timeout: float = 10.0
    share_by: str = "instance"
    new_connections: bool = False
    certificates: str | None = None


class HttpTarget:
    """Sends one request again and again; redirects are not followed, so no other host is ever asked."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        # Read once, not for each request.
        self._url = URL(request.url)
        parts = urlsplit(request.url)
        self.name = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Send]:
        """Give what sends a request, on connections that end with the context. It raises nothing."""
        request = self._request
        tls = ssl.create_default_context(cafile=request.certificates)
        connector = aiohttp.TCPConnector(limit=0, force_close=request.new_connections, ssl=tls)
        async with aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=request.timeout),
            headers={"User-Agent": f"jobfleet-bench/{__version__}", **request.headers},
        ) as session:  # fmt: skip
            # One request is one request: aiohttp would send some again when a kept connection was closed.
            session._retry_connection = False
            yield lambda: self._send(session)

    async def _send(self, session: aiohttp.ClientSession) -> Reply:
        request, clock = self._request, asyncio.get_running_loop().time
        try:
            async with session.request(
                request.method, self._url, data=request.body, allow_redirects=False
            ) as answer:
                body, done = await _read(answer), clock()
                if body is None:
                    return Reply("answer too large", ANSWER_MAX_BYTES, "", done)
                kind = OK if 200 <= answer.status < 300 else f"status {answer.status}"
                return Reply(kind, len(body), place_of(body, answer.headers, request.share_by), done)
        except (aiohttp.ClientError, OSError, TimeoutError, asyncio.IncompleteReadError) as problem:
            return Reply(kind_of(problem))


async def _read(answer: aiohttp.ClientResponse) -> bytes | None:
    """Return the body of an answer, None for one that is too large."""
    if answer.content_length is not None:
        return await answer.read() if answer.content_length <= ANSWER_MAX_BYTES else None
    parts, size = [], 0
    async for part in answer.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > ANSWER_MAX_BYTES:
            return None
    return b"".join(parts)


def place_of(body: bytes, headers: Mapping[str, str], share_by: str) -> str:
    """Return who answered: a field of the JSON object in the body, or a header; an empty text if neither."""
    if body.startswith(b"{") and len(body) <= _TELLING_MAX_BYTES:
        try:
            told = json.loads(body).get(share_by)
        except (ValueError, RecursionError):
            told = None
        if isinstance(told, str | int) and told != "":
            return plain(told, _PLACE_MAX)
    return plain(headers.get(share_by, ""), _PLACE_MAX)


def kind_of(problem: BaseException) -> str:
    """Return how a request failed, in a few words."""
    for kind, words in _KINDS:
        if isinstance(problem, kind):
            return words
    cause = getattr(problem, "os_error", None)
    if isinstance(cause, ConnectionRefusedError):
        return "connection refused"
    # aiohttp's own errors of the system carry its number, and are of no class of Python's for it.
    if getattr(problem, "errno", None) in (errno.ECONNRESET, errno.EPIPE):
        return "connection reset"
    return "cannot connect" if isinstance(problem, aiohttp.ClientConnectorError) else "bad answer"


# The first that fits counts.
_KINDS: tuple[tuple[type[BaseException], str], ...] = (
    (aiohttp.ConnectionTimeoutError, "timed out while connecting"),
    (TimeoutError, "timed out"),
    (aiohttp.ClientConnectorDNSError, "no such host"),
    (aiohttp.ClientConnectorCertificateError, "certificate not trusted"),
    (aiohttp.ClientSSLError, "TLS failed"),
    (aiohttp.ServerDisconnectedError, "connection closed without an answer"),
    (aiohttp.ClientPayloadError, "answer cut short"),
)
