"""Signed HTTP to AWS over kept connections: one try, and whatever was answered."""

import random
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError

if TYPE_CHECKING:
    from botocore.credentials import Credentials

CONNECT_TIMEOUT_SECONDS = 5
# Above the longest long poll, so that only a dead endpoint runs into it.
READ_TIMEOUT_SECONDS = 30

# The most threads of `service.engine`: 64 that work, 8 that commit, 16 that help those, 8 that extend
# leases, 4 that receive, and a few more.
CONNECTIONS = 104

# A send may take as long as a connect, and a body that is one would have to be through in that time.
BLOCK_BYTES = 128 * 1024

# Said with a 4xx, and not for good: fewer calls are asked for, of the key service too where a queue or bucket
# is encrypted with a key of its own, or a body came too slowly.
BUSY = frozenset({
    "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled",
    "RequestThrottledException", "RequestLimitExceeded", "TooManyRequestsException", "SlowDown",
    "KmsThrottled", "KMS.ThrottlingException", "RequestTimeout",
})  # fmt: skip
# Wherever a refusal says so; it only decides whether to wait.
_SAYS_BUSY = re.compile("|".join(map(re.escape, sorted(BUSY))).encode())

# urllib3 is to try once, and to raise what came of it.
_ONCE = urllib3.Retry(total=False, redirect=False)


class Connection:
    """Sends requests to one address, that of a service or of a bucket."""

    def __init__(
        self, pool: urllib3.HTTPConnectionPool, address: str, sign: Callable[[AWSRequest], None]
    ) -> None:
        self._pool, self._address, self._sign = pool, address, sign
        self._prefix = urllib3.util.parse_url(address).path or ""

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        context: Mapping[str, Any] | None = None,
        whole: bool = True,
    ) -> urllib3.BaseHTTPResponse | None:
        """Return an answer, or None where another try may help, for which it is time then.

        `context` is what botocore's signer goes by. Not `whole`, the body of an answer with success is
        still to be read. Raises `NoCredentialsError`.
        """
        request = AWSRequest(method, self._address + path, headers, body)
        request.context.update(context or {})
        self._sign(request)
        signed = dict(request.headers.items()) | ({"Content-Length": str(len(body))} if body else {})
        try:
            answer = self._pool.urlopen(
                method, self._prefix + path, body=_blocks(body), headers=signed, retries=_ONCE,
                redirect=False, preload_content=whole,
                # An object is the bytes that were put, whatever its Content-Encoding says.
                decode_content=False,
            )  # fmt: skip
            if not (whole or succeeded(answer)):
                # Or the connection is lost.
                _ = answer.data
        except (HTTPError, ValueError):
            # The latter where no header can hold what stands in the credentials.
            pass
        else:
            if not _is_busy(answer):
                return answer
        # As long as boto3 would wait before its second try.
        time.sleep(random.random())  # noqa: S311 - jitter
        return None


class ConnectionPool:
    """Kept connections, which the lines share."""

    def __init__(self, credentials: "Credentials", user_agent: str, certificates: str | None) -> None:
        """`certificates` is the file of the authorities to trust, None for botocore's own.

        Raises `OSError` for one that cannot be read.
        """
        # As botocore's; Python's own default is stricter from 3.13 on with authorities of one's own.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(certificates or get_cert_path(verify=True))
        self._credentials, self._user_agent = credentials, user_agent
        self._pools = urllib3.PoolManager(
            maxsize=CONNECTIONS,
            timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_SECONDS, read=READ_TIMEOUT_SECONDS),
            ssl_context=context,
            socket_options=[
                *HTTPConnection.default_socket_options,
                (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
            ],
        )

    def to(self, address: str, signer: type[SigV4Auth], service: str, region: str) -> Connection | None:
        """Return a line to an address, or None if a proxy is in the way, which boto3 knows how to take."""
        if get_environ_proxies(address).get(urllib3.util.parse_url(address).scheme or ""):
            return None

        def sign(request: AWSRequest) -> None:
            request.headers["User-Agent"] = self._user_agent
            signer(self._credentials.get_frozen_credentials(), service, region).add_auth(request)

        return Connection(self._pools.connection_from_url(address), address, sign)

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._pools.clear()


def succeeded(answer: urllib3.BaseHTTPResponse) -> bool:
    """Tell whether it says that what was asked for is done."""
    return 200 <= answer.status < 300


def _is_busy(answer: urllib3.BaseHTTPResponse) -> bool:
    """Tell whether it says that another try may help, but not at once."""
    if answer.status < 400:
        return False
    return answer.status >= 500 or answer.status == 429 or _SAYS_BUSY.search(answer.data) is not None


def _blocks(body: bytes) -> bytes | Iterable[bytes] | None:
    """Return a body as it is sent: a large one in parts, each with a time limit of its own."""
    if len(body) <= BLOCK_BYTES:
        return body or None
    return (body[start : start + BLOCK_BYTES] for start in range(0, len(body), BLOCK_BYTES))
