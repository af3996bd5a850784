"""The signature of a request, and its check.

The form is AWS's own: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import posixpath
import re
import time
from calendar import timegm
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, unquote_plus

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

_ALGORITHM = "AWS4-HMAC-SHA256"
_FIELD = re.compile(r"(Credential|SignedHeaders|Signature)=([^,\s]*)")

# A request may be this many seconds old, or ahead. 5 minutes is what AWS tells of its services in general:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
MAX_SKEW_SECONDS = 5 * 60
# These take longer. S3 and EC2 tell it themselves, the answers of STS and SQS name their limit:
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (RequestTimeTooSkewed)
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (RequestExpired)
# https://github.com/aws/aws-cli/issues/6676 (STS), https://github.com/celery/celery/issues/8015 (SQS)
LONG_SKEW_SECONDS = 15 * 60
_LONG_SKEW_SERVICES = frozenset({"s3", "ec2", "sts", "sqs"})


class MalformedAuthorization(Exception):
    """The message says what the authorization lacks."""


@dataclass(frozen=True)
class Signed:
    """What a request says about its signature, in its headers or, for a link, in its query."""

    key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    moment: str
    """When it was signed, as `20260131T235959Z`."""
    token: str | None
    is_link: bool
    seconds: int | None
    """How long a link is good for."""

    @property
    def time(self) -> float:
        """The moment as Unix time; 0 if it is no moment."""
        try:
            return timegm(time.strptime(self.moment, "%Y%m%dT%H%M%SZ"))
        except ValueError:
            return 0

    @property
    def is_version_2(self) -> bool:
        """Whether it is one of the short links that S3 still takes."""
        return self.is_link and not self.signed_headers


def read_signature(environ: "WSGIEnvironment") -> Signed | None:
    """Return how the request is signed, None if it is not. Raises `MalformedAuthorization`."""
    header = environ.get("HTTP_AUTHORIZATION")
    if header:
        return _of_header(header, environ)
    query = environ.get("QUERY_STRING", "")
    if "X-Amz-Credential=" in query:
        return _of_link(dict(parse_qsl(query, keep_blank_values=True)))
    if "AWSAccessKeyId=" in query:
        return _of_short_link(dict(parse_qsl(query, keep_blank_values=True)))
    return None


def _of_header(header: str, environ: "WSGIEnvironment") -> Signed:
    algorithm, _, rest = header.partition(" ")
    fields = dict(_FIELD.findall(rest))
    missing = [name for name in ("Credential", "SignedHeaders", "Signature") if not fields.get(name)]
    if algorithm != _ALGORITHM:
        raise MalformedAuthorization(f"the Authorization header begins with {algorithm!r}, not {_ALGORITHM}")
    if missing:
        raise MalformedAuthorization(f"Authorization header requires '{missing[0]}' parameter.")
    key_id, date, region, service = _scope(fields["Credential"])
    return Signed(
        key_id,
        date,
        region,
        service,
        signed_headers=tuple(fields["SignedHeaders"].split(";")),
        signature=fields["Signature"],
        moment=environ.get("HTTP_X_AMZ_DATE", ""),
        token=environ.get("HTTP_X_AMZ_SECURITY_TOKEN"),
        is_link=False,
        seconds=None,
    )


def _of_link(query: dict[str, str]) -> Signed:
    key_id, date, region, service = _scope(query["X-Amz-Credential"])
    seconds = query.get("X-Amz-Expires", "")
    if not seconds.isdecimal() or not query.get("X-Amz-Signature") or not query.get("X-Amz-SignedHeaders"):
        raise MalformedAuthorization("a link needs X-Amz-Expires, X-Amz-SignedHeaders and X-Amz-Signature")
    return Signed(
        key_id,
        date,
        region,
        service,
        signed_headers=tuple(query["X-Amz-SignedHeaders"].split(";")),
        signature=query["X-Amz-Signature"],
        moment=query.get("X-Amz-Date", ""),
        token=query.get("X-Amz-Security-Token"),
        is_link=True,
        seconds=int(seconds),
    )


def _of_short_link(query: dict[str, str]) -> Signed:
    expires = query.get("Expires", "")
    if not expires.isdecimal() or not query.get("Signature"):
        raise MalformedAuthorization("a link needs Expires and Signature")
    return Signed(
        query["AWSAccessKeyId"],
        date="",
        region="us-east-1",  # this version names none
        service="s3",
        signed_headers=(),
        signature=query["Signature"],
        moment=time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(0)),
        token=query.get("x-amz-security-token"),
        is_link=True,
        seconds=int(expires),
    )


def _scope(credential: str) -> tuple[str, str, str, str]:
    key_id, *scope = credential.split("/")
    if len(scope) != 4 or scope[3] != "aws4_request" or not key_id:
        raise MalformedAuthorization(
            "Credential must have exactly 5 slash-delimited elements: key/date/region/service/aws4_request"
        )
    return key_id, scope[0], scope[1], scope[2]


def link_is_over(signed: Signed, now: float) -> bool:
    """Tell whether a link's time is up."""
    return signed.is_link and now > signed.time + (signed.seconds or 0)


def why_skewed(signed: Signed, now: float) -> str | None:
    """Return AWS's words for a request signed by a clock that is too far from `now`, else None."""
    if signed.is_link:
        return None
    most = LONG_SKEW_SECONDS if signed.service in _LONG_SKEW_SERVICES else MAX_SKEW_SECONDS
    if signed.time < now - most:
        return (
            f"Signature expired: {signed.moment} is now earlier than {_moment(now - most)} "
            f"({_moment(now)} - {most // 60} min.)"
        )
    if signed.time > now + most:
        return (
            f"Signature not yet current: {signed.moment} is still later than {_moment(now + most)} "
            f"({_moment(now)} + {most // 60} min.)"
        )
    return None


def _moment(seconds: float) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))


def is_right(signed: Signed, environ: "WSGIEnvironment", body: bytes | None, secret: str) -> bool:
    """Tell whether `secret` makes the same signature; S3's old short links are not looked into.

    `body` is None where the request says its digest itself, as S3's do: then that is taken.
    """
    if signed.is_version_2:
        return True
    text = "\n".join(
        (
            _ALGORITHM,
            signed.moment,
            f"{signed.date}/{signed.region}/{signed.service}/aws4_request",
            hashlib.sha256(_canonical_request(signed, environ, body)).hexdigest(),
        )
    )
    key = _signing_key(secret, signed.date, signed.region, signed.service)
    return hmac.compare_digest(_hmac(key, text).hex(), signed.signature)


def _canonical_request(signed: Signed, environ: "WSGIEnvironment", body: bytes | None) -> bytes:
    path, _, query = str(environ.get("RAW_URI", environ.get("PATH_INFO", "/"))).partition("?")
    lines = [f"{name}:{_header(environ, name)}" for name in signed.signed_headers]
    canonical = (
        environ["REQUEST_METHOD"],
        _canonical_path(path, signed.service),
        _canonical_query(query),
        *lines,
        "",
        ";".join(signed.signed_headers),
        _digest(signed, environ, body),
    )
    # Headers came over the wire as bytes, and WSGI holds each byte as one character.
    return "\n".join(canonical).encode("latin-1", "replace")


def _canonical_path(path: str, service: str) -> str:
    if service == "s3":
        return quote(unquote(path), safe="/~")
    if path in ("", "/"):
        return "/"
    # All services but S3 take the path as encoded once already, and encode it again.
    normal = posixpath.normpath(path).replace("//", "/")
    return quote(normal + ("/" if path.endswith("/") and normal != "/" else ""), safe="/~")


def _canonical_query(query: str) -> str:
    if not query:
        return ""
    pairs = (part.partition("=") for part in query.split("&") if part)
    encoded = sorted((_encode(name), _encode(value)) for name, _, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded if name != "X-Amz-Signature")


def _encode(text: str) -> str:
    return quote(unquote_plus(text), safe="-_.~")


def _header(environ: "WSGIEnvironment", name: str) -> str:
    key = name.upper().replace("-", "_")
    value = environ.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}", "")
    return " ".join(value.split())


def _digest(signed: Signed, environ: "WSGIEnvironment", body: bytes | None) -> str:
    said: str | None = environ.get("HTTP_X_AMZ_CONTENT_SHA256")
    if signed.is_link and signed.service == "s3":
        return said or "UNSIGNED-PAYLOAD"
    if said and signed.service == "s3":
        return said
    return hashlib.sha256(body or b"").hexdigest()


@lru_cache(maxsize=256)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = _hmac(f"AWS4{secret}".encode(), date)
    for word in (region, service, "aws4_request"):
        key = _hmac(key, word)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
