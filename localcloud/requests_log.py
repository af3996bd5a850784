"""One line in a file for each AWS request, for people who look for what a playbook did."""

import io
import re
import time
import urllib.parse
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_SCOPE = re.compile(r"Credential=[^/]*/\d+/(?P<region>[^/]*)/(?P<service>[^/]*)/aws4_request")

# A form of the query protocol is small: user data, its largest part, is 16 KB at most.
_FORM_MAX_BYTES = 1024 * 1024


class RequestsLog:
    """Writes `time METHOD service action status milliseconds`; several threads may use it."""

    def __init__(self, path: Path) -> None:
        """Append to `path` while the context is open."""
        self._path = path
        self._file: IO[str]

    def __enter__(self) -> Self:
        """Open the file."""
        self._file = self._path.open("a", buffering=1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._file.close()

    def record(
        self, application: "WSGIApplication", environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Let `application` answer, then write the line."""
        request = describe(environ)
        started = time.perf_counter()

        def start_and_write(status: str, *args: Any, **kwargs: Any) -> Any:
            milliseconds = (time.perf_counter() - started) * 1000
            now = datetime.now(UTC).strftime("%H:%M:%S.%f")[:-3]
            self._file.write(f"{now} {request} {status.split(' ')[0]} {milliseconds:.0f}ms\n")
            return start_response(status, *args, **kwargs)

        return application(environ, start_and_write)


def describe(environ: "WSGIEnvironment") -> str:
    """Return `METHOD service action` of a request; for S3, which has no actions in it, the path."""
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    service = scope["service"] if scope else "-"
    return f"{environ['REQUEST_METHOD']} {service} {_action(environ)}"


def _action(environ: "WSGIEnvironment") -> str:
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return urllib.parse.parse_qs(_form(environ)).get("Action", ["-"])[0]
    query = environ.get("QUERY_STRING", "")
    path = urllib.parse.quote(environ.get("PATH_INFO", "").encode("latin-1"))
    # A signed link's query is long and secret; the first parameter tells the sub-resource.
    return f"{path}?{query.split('&')[0].split('=')[0]}" if query else path


def _form(environ: "WSGIEnvironment") -> str:
    """Read the form and put it back for moto."""
    size = int(environ.get("CONTENT_LENGTH") or 0)
    if size > _FORM_MAX_BYTES:
        return ""
    body = environ["wsgi.input"].read(size)
    environ["wsgi.input"] = io.BytesIO(body)
    return str(body, "latin-1")
