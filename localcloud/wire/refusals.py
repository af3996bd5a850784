"""The errors with which each kind of service refuses a request: status, code, and the shape around them.

AWS has no single form. The codes follow what the SDKs tell apart and the services' references list:
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html
"""

import json
import uuid
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import lru_cache
from xml.sax.saxutils import escape

from localcloud.wire.call import Call, Family


class RefusalReason(Enum):
    """Why a request is refused."""

    UNKNOWN_KEY = auto()
    WRONG_TOKEN = auto()
    EXPIRED = auto()
    WRONG_SIGNATURE = auto()
    CLOCK_SKEW = auto()
    MALFORMED = auto()
    UNSIGNED = auto()
    LINK_OVER = auto()
    NO_SUCH_REGION = auto()
    DENIED = auto()


@dataclass(frozen=True)
class Refusal:
    """An answer: HTTP status, headers and body."""

    status: int
    code: str
    body: bytes
    headers: list[tuple[str, str]] = field(default_factory=list)


_INVALID_TOKEN = "The security token included in the request is invalid."  # noqa: S105  words for people
_EXPIRED = "The security token included in the request is expired"
_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)
_S3_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your key and signing method."
)
_NOT_VALIDATED = "AWS was not able to validate the provided access credentials"

_Entry = tuple[int, str, str]
# What each kind of service says: status, code, message. An empty message is the caller's to give.
_S3: dict[RefusalReason, _Entry] = {
    RefusalReason.UNKNOWN_KEY: (
        403,
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    RefusalReason.WRONG_TOKEN: (400, "InvalidToken", "The provided token is malformed or otherwise invalid."),
    RefusalReason.EXPIRED: (400, "ExpiredToken", "The provided token has expired."),
    RefusalReason.WRONG_SIGNATURE: (
        403,
        "SignatureDoesNotMatch",
        _S3_SIGNATURE,
    ),
    RefusalReason.CLOCK_SKEW: (
        403,
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
    ),
    RefusalReason.MALFORMED: (400, "AuthorizationHeaderMalformed", ""),
    RefusalReason.UNSIGNED: (403, "AccessDenied", "Access Denied"),
    RefusalReason.LINK_OVER: (403, "AccessDenied", "Request has expired"),
    RefusalReason.NO_SUCH_REGION: (400, "AuthorizationHeaderMalformed", ""),
    RefusalReason.DENIED: (403, "AccessDenied", ""),
}
_EC2: dict[RefusalReason, _Entry] = {
    RefusalReason.UNKNOWN_KEY: (401, "AuthFailure", _NOT_VALIDATED),
    RefusalReason.WRONG_TOKEN: (401, "AuthFailure", _NOT_VALIDATED),
    RefusalReason.EXPIRED: (400, "RequestExpired", "Request has expired."),
    RefusalReason.WRONG_SIGNATURE: (401, "AuthFailure", _NOT_VALIDATED),
    RefusalReason.CLOCK_SKEW: (400, "RequestExpired", "Request has expired."),
    RefusalReason.MALFORMED: (400, "IncompleteSignature", ""),
    RefusalReason.UNSIGNED: (
        400,
        "MissingParameter",
        "The request must contain the parameter AWSAccessKeyId",
    ),
    RefusalReason.LINK_OVER: (400, "RequestExpired", "Request has expired."),
    RefusalReason.NO_SUCH_REGION: (401, "AuthFailure", ""),
    RefusalReason.DENIED: (
        403,
        "UnauthorizedOperation",
        "You are not authorized to perform this operation. {}",
    ),
}
_QUERY: dict[RefusalReason, _Entry] = {
    RefusalReason.UNKNOWN_KEY: (403, "InvalidClientTokenId", _INVALID_TOKEN),
    RefusalReason.WRONG_TOKEN: (403, "InvalidClientTokenId", _INVALID_TOKEN),
    RefusalReason.EXPIRED: (403, "ExpiredToken", _EXPIRED),
    RefusalReason.WRONG_SIGNATURE: (403, "SignatureDoesNotMatch", _SIGNATURE),
    RefusalReason.CLOCK_SKEW: (403, "SignatureDoesNotMatch", ""),
    RefusalReason.MALFORMED: (400, "IncompleteSignature", ""),
    RefusalReason.UNSIGNED: (403, "MissingAuthenticationToken", "Request is missing Authentication Token"),
    RefusalReason.LINK_OVER: (403, "SignatureDoesNotMatch", "Signature expired: the link's time is up"),
    RefusalReason.NO_SUCH_REGION: (403, "SignatureDoesNotMatch", ""),
    RefusalReason.DENIED: (403, "AccessDenied", ""),
}
# The names that the newer protocols have for what the query protocol says.
_EXCEPTIONS = {
    "InvalidClientTokenId": "UnrecognizedClientException",
    "ExpiredToken": "ExpiredTokenException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "IncompleteSignature": "IncompleteSignatureException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "AccessDenied": "AccessDeniedException",
}
# Services that spoke the query protocol once and still say its codes in a header.
_QUERY_COMPATIBLE = {"sqs", "monitoring"}


def refuse(call: Call, trouble: RefusalReason, message: str = "") -> Refusal:
    """Return the answer; `message` is for the troubles whose words depend on the request."""
    table = {Family.S3: _S3, Family.EC2: _EC2}.get(call.family, _QUERY)
    status, code, words = table[trouble]
    said = words.format(message) if message and "{}" in words else words or message
    return refuse_with(call, status, code, said)


def refuse_with(call: Call, status: int, code: str, said: str) -> Refusal:
    """Return an answer with a service's own status, code and message, in the shape that the call wants."""
    match call.family:
        case Family.S3:
            return _s3(call, status, code, said)
        case Family.EC2:
            return _ec2(status, code, said)
        case Family.QUERY:
            return _query(call, status, code, said)
        case _:
            return _exception(call, status, code, said)


def _s3(call: Call, status: int, code: str, message: str) -> Refusal:
    if call.method == "HEAD":
        # The answer to a HEAD has no body, so a caller sees the bare status.
        return Refusal(status, code, b"", [("Content-Type", "application/xml")])
    key = call.signed.key_id if call.signed else ""
    more = f"<AWSAccessKeyId>{escape(key)}</AWSAccessKeyId>" if code == "InvalidAccessKeyId" else ""
    return _xml(
        status,
        code,
        f"<Error><Code>{code}</Code><Message>{escape(message)}</Message>{more}"
        f"<RequestId>{_request_id()}</RequestId><HostId>localcloud</HostId></Error>",
    )


def _ec2(status: int, code: str, message: str) -> Refusal:
    return _xml(
        status,
        code,
        f"<Response><Errors><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error></Errors>"
        f"<RequestID>{_request_id()}</RequestID></Response>",
    )


def _query(call: Call, status: int, code: str, message: str) -> Refusal:
    namespace = f"https://{call.service or 'sts'}.amazonaws.com/doc/{call.parameters.get('Version', '')}/"
    return _xml(
        status,
        code,
        f'<ErrorResponse xmlns="{escape(namespace)}"><Error><Type>Sender</Type><Code>{code}</Code>'
        f"<Message>{escape(message)}</Message></Error><RequestId>{_request_id()}</RequestId></ErrorResponse>",
    )


def _xml(status: int, code: str, text: str) -> Refusal:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()
    return Refusal(status, code, body, [("Content-Type", "text/xml;charset=UTF-8")])


def _exception(call: Call, status: int, code: str, message: str) -> Refusal:
    name = _EXCEPTIONS.get(code, code)
    headers = [("x-amzn-RequestId", _request_id())]
    if call.service in _QUERY_COMPATIBLE:
        headers.append(("x-amzn-query-error", f"{code};Sender"))
        shape = f"com.amazon.coral.service#{name}"
    else:
        shape, code = name, name
        status = status if call.family is Family.REST_JSON else 400
    match call.family:
        case Family.CBOR:
            headers += [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")]
            return Refusal(status, code, _cbor_map({"__type": shape, "message": message}), headers)
        case Family.REST_JSON:
            headers += [("Content-Type", "application/json"), ("x-amzn-ErrorType", name)]
            return Refusal(status, code, json.dumps({"message": message}).encode(), headers)
        case _:
            version = "1.0" if call.service == "sqs" else "1.1"
            headers.append(("Content-Type", f"application/x-amz-json-{version}"))
            # IAM's own refusals write it with a capital, those of the keys do not; SDKs take either.
            return Refusal(status, code, json.dumps({"__type": shape, "message": message}).encode(), headers)


@lru_cache(maxsize=64)
def _cbor_text(text: str) -> bytes:
    data = text.encode()
    # RFC 8949, section 3.1: major type 3, with the length in two bytes.
    return b"\x79" + len(data).to_bytes(2, "big") + data


def _cbor_map(content: dict[str, str]) -> bytes:
    items = b"".join(_cbor_text(name) + _cbor_text(value) for name, value in content.items())
    return bytes([0xA0 + len(content)]) + items


def _request_id() -> str:
    return str(uuid.uuid4())
