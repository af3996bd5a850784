"""Text as SQS takes it: which characters, and how much of it beside a message's body."""

import re
from collections.abc import Mapping

from jobfleet_jobs.protocol.aws_facts import SQS_MESSAGE_MAX_BYTES

# Whatever else a message or an attribute holds is InvalidMessageContents:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_NOT_TAKEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# An attribute counts with its name, its type and its value.
_TYPE = "String"


def escaped(json_text: str) -> str:
    """Return JSON that means the same and that SQS takes: characters it refuses can only stand in strings."""
    return _NOT_TAKEN.sub(lambda found: f"\\u{ord(found[0]):04x}", json_text)


def attributes_beside(body: str, texts: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return as much of `texts`, by name, as SQS takes beside `body`; what comes first is kept longest.

    Body and attributes share one limit. A text is shortened; one of which nothing is left is left out.
    """
    room = SQS_MESSAGE_MAX_BYTES - len(body.encode(errors="surrogatepass"))
    attributes = {}
    for name, text in texts.items():
        room -= len(name) + len(_TYPE)
        value = _NOT_TAKEN.sub("\ufffd", text).encode()[: max(0, room)].decode(errors="ignore")
        if value:
            attributes[name] = {"DataType": _TYPE, "StringValue": value}
            room -= len(value.encode())
        else:
            room += len(name) + len(_TYPE)
    return attributes
