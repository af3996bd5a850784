"""The call in a request: service, operation, parameters, and the protocol of its answer."""

import io
import json
import urllib.parse
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from botocore.parsers import BaseCBORParser, ResponseParserError

from localcloud.wire import signature
from localcloud.wire.signature import MalformedAuthorization, Signed

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

# Requests other than S3's are small: the largest are a megabyte of messages.
_BODY_MAX_BYTES = 16 * 1024 * 1024
_FORM = "application/x-www-form-urlencoded"


class Family(Enum):
    """A protocol, by which the shape of an answer differs."""

    S3 = auto()
    EC2 = auto()
    QUERY = auto()
    JSON = auto()
    CBOR = auto()
    REST_JSON = auto()


@dataclass(frozen=True)
class Call:
    """One request. `service` is the name it was signed for; where it was not, mostly empty."""

    method: str
    path: str
    query: str
    service: str
    region: str
    family: Family
    operation: str
    """The API's name for it; empty for S3 and other services that have paths in its place."""
    parameters: dict[str, Any]
    """JSON as it is; of a form the first value of each name, as `Tag.1.Key`; else empty."""
    body: bytes | None
    """None where it was not read: it is S3's."""
    signed: Signed | None
    copy_source: str
    """Of S3: what an object is copied from, as bucket and key."""
    malformed: str | None
    """Why the authorization cannot be read."""

    @property
    def words(self) -> str:
        """`METHOD service operation` for the log; for S3 the path in the operation's place."""
        return f"{self.method} {self.service or '-'} {self.operation or self._place}"

    @property
    def deletes_many(self) -> bool:
        """Whether it is S3's DeleteObjects."""
        return self.family is Family.S3 and self.method == "POST" and "delete" in self.query.split("&")

    @property
    def _place(self) -> str:
        path = urllib.parse.quote(self.path.encode("latin-1", "replace"))
        # A signed link's query is long and secret; the first parameter tells the sub-resource.
        return f"{path}?{self.query.split('&')[0].split('=')[0]}" if self.query else path


def read_call(environ: "WSGIEnvironment") -> Call:
    """Return what the request asks for. Its body stays there for whoever comes next."""
    signed, malformed = None, None
    try:
        signed = signature.read_signature(environ)
    except MalformedAuthorization as error:
        malformed = str(error)
    service = signed.service if signed else _service_of_target(environ)
    family = _family(environ, service)
    body = None if family is Family.S3 and not _lists_keys(environ) else _read_body(environ)
    operation, parameters = _content(environ, family, body)
    return Call(
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO", ""),
        query=environ.get("QUERY_STRING", ""),
        service=service,
        region=signed.region if signed else "us-east-1",
        family=family,
        operation=operation,
        parameters=parameters,
        body=body,
        signed=signed,
        copy_source=environ.get("HTTP_X_AMZ_COPY_SOURCE", ""),
        malformed=malformed,
    )


def _service_of_target(environ: "WSGIEnvironment") -> str:
    """Return the service that an unsigned call names, as far as its answer depends on it."""
    return "sqs" if environ.get("HTTP_X_AMZ_TARGET", "").startswith("AmazonSQS.") else ""


def _family(environ: "WSGIEnvironment", service: str) -> Family:
    content_type = environ.get("CONTENT_TYPE", "")
    if environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        return Family.CBOR
    if environ.get("HTTP_X_AMZ_TARGET"):
        return Family.JSON
    if service == "ec2" or (not service and "Version=2016-11-15" in environ.get("QUERY_STRING", "")):
        return Family.EC2
    if service != "s3" and content_type.startswith(_FORM):
        return Family.QUERY
    return Family.S3 if service in ("s3", "") else Family.REST_JSON


def _lists_keys(environ: "WSGIEnvironment") -> bool:
    """Whether the body, a list of objects to delete, tells what the request is about."""
    return environ["REQUEST_METHOD"] == "POST" and "delete" in environ.get("QUERY_STRING", "").split("&")


def _read_body(environ: "WSGIEnvironment") -> bytes:
    if environ.get("wsgi.input_terminated") and "CONTENT_LENGTH" not in environ:
        body: bytes = environ["wsgi.input"].read(_BODY_MAX_BYTES)
        environ["CONTENT_LENGTH"] = str(len(body))
    else:
        length = environ.get("CONTENT_LENGTH") or "0"
        size = int(length) if length.isdecimal() else 0
        body = environ["wsgi.input"].read(min(size, _BODY_MAX_BYTES)) if size else b""
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _content(environ: "WSGIEnvironment", family: Family, body: bytes | None) -> tuple[str, dict[str, Any]]:
    match family:
        case Family.JSON:
            return str(environ["HTTP_X_AMZ_TARGET"]).rpartition(".")[2], _json(body)
        case Family.CBOR:
            return environ.get("PATH_INFO", "").rpartition("/")[2], _cbor(body)
        case Family.QUERY | Family.EC2:
            text = (body or b"").decode("utf-8", "replace") or environ.get("QUERY_STRING", "")
            form = {
                name: values[0]
                for name, values in urllib.parse.parse_qs(text, keep_blank_values=True).items()
            }
            return form.get("Action", "-"), form
        case Family.REST_JSON:
            return "", _json(body)
        case _:
            return "", {}


def _json(body: bytes | None) -> dict[str, Any]:
    try:
        content = json.loads(body or b"{}")
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _cbor(body: bytes | None) -> dict[str, Any]:
    if not body:
        return {}
    try:
        content = BaseCBORParser().parse_data_item(io.BufferedReader(io.BytesIO(body)))
    except (ResponseParserError, ValueError, IndexError):
        return {}
    return content if isinstance(content, dict) else {}
