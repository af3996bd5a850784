"""Text that SQS takes, whatever it was made of."""

import json
import re

import pytest
from jobfleet_jobs.protocol.aws_facts import SQS_MESSAGE_MAX_BYTES
from jobfleet_jobs.protocol.message import Inline, Request
from jobfleet_jobs.protocol.sqs_text import attributes_beside, escaped

# As AWS's reference of SendMessage has it.
TAKEN = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")

EVERY_KIND = "a\0\x0b\x7f\x85 \ud7ff\udfff \ud800 \ue000\ufffd\ufffe\uffff\U00010000\U0001fffe\U0010ffff"


def test_a_request_holds_only_what_sqs_takes_and_means_the_same() -> None:
    request = Request(
        "0190b3a0-5d3c-7000-8000-000000000000", "stats", Inline(EVERY_KIND), "2026-01-02T03:04:05Z"
    )
    body = request.to_json()
    assert TAKEN.fullmatch(body)
    assert Request.from_json(body).input == request.input


def test_what_sqs_takes_is_left_as_it_is() -> None:
    text = json.dumps("ü\U0001f600\ufffd", ensure_ascii=False)
    assert escaped(text) == text


@pytest.mark.parametrize("free", [0, 10, 11, 12, 13, 14, 27, 28, 40, 600])
def test_attributes_and_body_share_a_message(free: int) -> None:
    body = "x" * (SQS_MESSAGE_MAX_BYTES - free)
    found = attributes_beside(body, {"cause": "ü" * 250, "worker": "w1"})
    held = sum(
        len((name + value["DataType"] + value["StringValue"]).encode()) for name, value in found.items()
    )
    assert held <= free
    assert all(value["StringValue"] for value in found.values())
    # Another letter of two bytes would not have fitted.
    assert held > free - 14 or len(found["cause"]["StringValue"]) == 250


def test_an_attribute_holds_only_what_sqs_takes() -> None:
    assert TAKEN.fullmatch(attributes_beside("", {"cause": EVERY_KIND})["cause"]["StringValue"])
