"""The calls that every job makes, signed by botocore and sent without the rest of boto3.

A call through boto3 takes 1 to 2 ms of CPU, twice what is needed (`benchmarks.single.calls`): the rest goes
into endpoint rules, serializers, events and parsers that come to the same each time. Beside a job with a few
numbers that was the larger part. Here are only plain calls and plain answers. Everything else, be it a
parameter that is not known here, no answer or a refusal, is asked of boto3 (again), whose retries and
errors are those that the rest of the program knows. For that, all of these calls may be made twice.
"""

import base64
import json
import zlib
from collections.abc import Callable, Mapping
from typing import IO, TYPE_CHECKING, Any, cast
from urllib.parse import quote

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.httpchecksum import (
    BaseChecksum,
    Crc32Checksum,
    Sha1Checksum,
    Sha256Checksum,
    StreamingChecksumBody,
)
from botocore.parsers import create_parser
from botocore.response import StreamingBody
from urllib3 import BaseHTTPResponse

from jobfleet_jobs.direct_calls.signed_http import Connection, ConnectionPool, succeeded

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

# The parameters that are known here besides the key, and the headers that they become.
_GET_HEADERS = {"IfMatch": "If-Match"}
_PUT_HEADERS = {"ContentType": "Content-Type"}
_METADATA = "x-amz-meta-"

_CRC32 = "x-amz-checksum-crc32"
# Those that Python knows; the others boto3 does not check either without a library for them.
_CHECKSUMS: Mapping[str, type[BaseChecksum]] = {
    _CRC32: Crc32Checksum,
    "x-amz-checksum-sha256": Sha256Checksum,
    "x-amz-checksum-sha1": Sha1Checksum,
}

# What is no surprise, and would only be heard twice.
_EXPECTED = frozenset({"NoSuchKey", "PreconditionFailed"})


class DirectSqs:
    """An SQS client whose calls for several messages are direct, once boto3 has shown where SQS is."""

    def __init__(self, client: "SQSClient", lines: ConnectionPool) -> None:
        self._client, self._lines = client, lines
        self._line: Connection | None = None
        client.meta.events.register("before-call.sqs", self._learn)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def receive_message(self, **parameters: Any) -> Any:
        """Do as boto3's does."""
        return self._call("ReceiveMessage", parameters, self._client.receive_message)

    def send_message_batch(self, **parameters: Any) -> Any:
        """Do as boto3's does."""
        return self._call("SendMessageBatch", parameters, self._client.send_message_batch)

    def delete_message_batch(self, **parameters: Any) -> Any:
        """Do as boto3's does."""
        return self._call("DeleteMessageBatch", parameters, self._client.delete_message_batch)

    def change_message_visibility_batch(self, **parameters: Any) -> Any:
        """Do as boto3's does."""
        boto3s = self._client.change_message_visibility_batch
        return self._call("ChangeMessageVisibilityBatch", parameters, boto3s)

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._lines.close()
        self._client.close()

    def _call(self, action: str, parameters: Mapping[str, Any], boto3s: Callable[..., Any]) -> Any:
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"AmazonSQS.{action}",
            # Or the codes of refused entries are not those that boto3 gives.
            "x-amzn-query-mode": "true",
        }
        body = json.dumps(parameters).encode()
        answer = self._line.send("POST", "", headers, body) if self._line else None
        content = _json(answer) if answer and succeeded(answer) else None
        return boto3s(**parameters) if content is None else content

    def _learn(self, params: Mapping[str, Any], context: Mapping[str, Any], **_: Any) -> None:
        if self._line is None and (region := _region(context, "sqs")):
            self._line = self._lines.to(params["url"], SigV4Auth, "sqs", region)


class DirectS3:
    """An S3 client that gets and puts whole objects directly, once boto3 has shown where a bucket is."""

    def __init__(self, client: "S3Client", lines: ConnectionPool) -> None:
        self._client, self._lines = client, lines
        self._buckets: dict[str, Connection | None] = {}
        config = client.meta.config
        self._context = {"client_config": config}
        # Some S3s than Amazon's know no checksums, and their users say so.
        self._sends_checksums = config.request_checksum_calculation == "when_supported"  # type: ignore[attr-defined]
        self._asks_for_checksums = config.response_checksum_validation == "when_supported"  # type: ignore[attr-defined]
        self._parser = create_parser(client.meta.service_model.protocol)
        for operation in ("GetObject", "PutObject"):
            client.meta.events.register(f"before-call.s3.{operation}", self._learn)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_object(self, **parameters: Any) -> Any:
        """Do as boto3's does; what it returns has `Body`, `ContentLength` and `ETag`."""
        plain = self._plain(parameters, _GET_HEADERS)
        if plain:
            line, path, headers = plain
            if self._asks_for_checksums:
                headers["x-amz-checksum-mode"] = "ENABLED"
            answer = line.send("GET", path, headers, context=self._context, whole=False)
            found = _object(answer) if answer and succeeded(answer) else None
            if found:
                return found
            if answer:
                self._raise_expected("GetObject", answer)
        return self._client.get_object(**parameters)

    def put_object(self, **parameters: Any) -> Any:
        """Do as boto3's does; what it returns has `ETag`."""
        others = dict(parameters)
        body = others.pop("Body", None)
        metadata = others.pop("Metadata", {})
        known = _PUT_HEADERS | {name: _METADATA + name for name in metadata}
        plain = self._plain(others | metadata, known) if isinstance(body, bytes) else None
        if plain and isinstance(body, bytes):
            line, path, headers = plain
            if self._sends_checksums:
                headers["x-amz-sdk-checksum-algorithm"] = "CRC32"
                headers[_CRC32] = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
            answer = line.send("PUT", path, headers, body, context=self._context)
            if answer and succeeded(answer) and "ETag" in answer.headers:
                return {"ETag": answer.headers["ETag"]}
        return self._client.put_object(**parameters)

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._lines.close()
        self._client.close()

    def _plain(
        self, parameters: Mapping[str, Any], known: Mapping[str, str]
    ) -> tuple[Connection, str, dict[str, str]] | None:
        """Return the line, path and headers of a call that nothing is special about, or None."""
        line = self._buckets.get(parameters["Bucket"])
        given = {name: value for name, value in parameters.items() if name not in ("Bucket", "Key")}
        if line is None or not given.keys() <= known.keys():
            return None
        # No header holds anything else.
        if not all(value.isascii() and value.isprintable() for value in given.values()):
            return None
        return line, _path(parameters["Key"]), {known[name]: value for name, value in given.items()}

    def _learn(self, params: Mapping[str, Any], context: Mapping[str, Any], **_: Any) -> None:
        """See where boto3 sends a call, by rules that depend on region, name and configuration."""
        bucket, key = (context["input_params"][name] for name in ("Bucket", "Key"))
        address = params["url"].removesuffix(_path(key))
        if address != params["url"] and (region := _region(context, "s3")):
            # Each time anew: boto3 may have been sent on to another region.
            self._buckets[bucket] = self._lines.to(address, S3SigV4Auth, "s3", region)

    def _raise_expected(self, operation: str, answer: BaseHTTPResponse) -> None:
        if answer.status not in (404, 412):
            return
        # Types that the stubs of botocore do not have.
        model: Any = self._client.meta.service_model.operation_model(operation)
        exceptions: Any = self._client.exceptions
        content = {"status_code": answer.status, "headers": answer.headers, "body": answer.data}
        parsed = self._parser.parse(content, model.output_shape)
        code = parsed["Error"]["Code"]
        if code in _EXPECTED:
            raise exceptions.from_code(code)(parsed, operation)


def _region(context: Mapping[str, Any], service: str) -> str | None:
    """Return for which region boto3 signs a call, or None if it signs otherwise than is done here."""
    # Where the endpoint asks for nothing special, botocore takes the client's own.
    signing = context.get("signing", {})
    usual = context.get("auth_type") in (None, "v4") and signing.get("signing_name", service) == service
    return signing.get("region", context["client_region"]) if usual else None


def _path(key: str) -> str:
    """Return what follows a bucket's address, quoted as botocore does; nothing in it is resolved."""
    return "/" + quote(key, safe="/~")


def _object(answer: BaseHTTPResponse) -> dict[str, Any] | None:
    """Return what a GET found, its body yet to be read; None if that is not said as S3 says it."""
    headers, stream = answer.headers, cast("IO[bytes]", answer)
    if "Content-Length" not in headers or "ETag" not in headers:
        answer.close()
        return None
    length = int(headers["Content-Length"])
    # Checksums with a dash are made of those of an object's parts.
    whole = (name for name in _CHECKSUMS if name in headers and "-" not in headers[name])
    name = next(whole, None)
    body = (
        StreamingChecksumBody(stream, length, _CHECKSUMS[name](), headers[name])
        if name
        else StreamingBody(stream, length)
    )
    return {"Body": body, "ContentLength": length, "ETag": headers["ETag"]}


def _json(answer: BaseHTTPResponse) -> dict[str, Any] | None:
    """Return what SQS says, without what it says nothing of; None if that is not SQS."""
    if answer.headers.get("Content-Length") == "0":
        return {}
    try:
        content = json.loads(answer.data, object_hook=_without_nulls)
    except ValueError:
        # Something between here and SQS has answered.
        return None
    return content if isinstance(content, dict) else None


def _without_nulls(found: dict[str, Any]) -> dict[str, Any]:
    # As botocore reads them, and who asks for a list is not given None.
    return {name: value for name, value in found.items() if value is not None}
