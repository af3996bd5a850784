"""SQS: what a message may consist of, and how large it may be."""

import base64
import re
from collections.abc import Mapping
from typing import Any

from moto.sqs.constants import MAXIMUM_MESSAGE_LENGTH
from moto.sqs.exceptions import BatchRequestTooLong, InvalidParameterValue, SQSException
from moto.sqs.models import Message, SQSBackend

from localcloud.gaps.patching import put_over

_ALLOWED = "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
_NOT_ALLOWED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class InvalidMessageContents(SQSException):
    """A character that no message may hold."""

    def __init__(self, character: str, where: str) -> None:
        super().__init__(
            "InvalidMessageContents",
            f"Invalid binary character '#x{ord(character):X}' was found in the {where}, the set of allowed "
            f"characters is {_ALLOWED}",
        )


def mend() -> None:
    """Mend all gaps of messages."""
    _attributes_count_and_some_characters_are_refused()


def _attributes_count_and_some_characters_are_refused() -> None:
    """SQS counts the bytes of the body with each attribute's name, type and value; a batch shares the limit.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
    A body or an attribute of text with a character that is not allowed is InvalidMessageContents; in a batch
    that is the entry's fault alone:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    moto counts the body's characters, without attributes, and takes any.
    """
    send_one, send_batch = SQSBackend.send_message, SQSBackend.send_message_batch

    def send_message(
        backend: SQSBackend,
        queue_name: str,
        message_body: str,
        message_attributes: dict[str, Any] | None = None,
        *others: Any,
        **more: Any,
    ) -> Message:
        _check_characters(message_body, message_attributes or {})
        most = int(backend.get_queue(queue_name).maximum_message_size)  # type: ignore[attr-defined]
        if _size(message_body, message_attributes or {}) > most:
            raise InvalidParameterValue(
                f"One or more parameters are invalid. Reason: Message must be shorter than {most} bytes."
            )
        return send_one(backend, queue_name, message_body, message_attributes, *others, **more)

    def send_message_batch(
        backend: SQSBackend, queue_name: str, entries: dict[str, dict[str, Any]]
    ) -> tuple[list[Message], list[dict[str, Any]]]:
        size = sum(_size(entry["MessageBody"], _attributes(entry)) for entry in entries.values())
        if size > MAXIMUM_MESSAGE_LENGTH:
            raise BatchRequestTooLong(size)
        good, failed = {}, []
        for key, entry in entries.items():
            try:
                _check_characters(entry["MessageBody"], _attributes(entry))
            except InvalidMessageContents as problem:
                failed.append({
                    "Id": entry["Id"], "SenderFault": True, "Code": problem.code, "Message": problem.message,
                })  # fmt: skip
            else:
                good[key] = entry
        sent, refused = send_batch(backend, queue_name, good)
        return sent, [*refused, *failed]

    put_over(SQSBackend, "send_message", send_message)
    put_over(SQSBackend, "send_message_batch", send_message_batch)


def _attributes(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    return entry.get("MessageAttributes") or {}


def _check_characters(body: str, attributes: Mapping[str, Any]) -> None:
    """Raise `InvalidMessageContents` for the first character that is not allowed."""
    texts = {"message body": body}
    for name, value in attributes.items():
        texts[f"message attribute '{name}'"] = value.get("StringValue") or ""
    for where, text in texts.items():
        if found := _NOT_ALLOWED.search(text):
            raise InvalidMessageContents(found[0], where)


def _size(body: str, attributes: Mapping[str, Any]) -> int:
    """Return the bytes that count; half a surrogate pair, refused elsewhere, counts as what it would take."""
    size = len(body.encode(errors="surrogatepass"))
    for name, value in attributes.items():
        text, data = value.get("StringValue") or "", value.get("BinaryValue") or b""
        words = (name, value.get("DataType", ""), text)
        size += sum(len(word.encode(errors="surrogatepass")) for word in words)
        size += len(base64.b64decode(data))
    return size
