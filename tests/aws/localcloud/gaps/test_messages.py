"""What the embedded AWS takes as a message, as SQS does."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

MOST = 1_048_576


def text(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}


def refusal(call: Callable[..., Any], **asked: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**asked)
    return str(refused.value.response["Error"]["Code"]).rpartition(".")[2]


def test_a_message_and_its_attributes_share_the_limit(sqs: Any, queue: str) -> None:
    body, attributes = "x" * (MOST - 20), {"cause": text("why?")}  # 5 + 6 + 4 bytes
    sqs.send_message(QueueUrl=queue, MessageBody=body, MessageAttributes=attributes)
    sqs.send_message(QueueUrl=queue, MessageBody=body + "x" * 5, MessageAttributes=attributes)
    sqs.send_message(QueueUrl=queue, MessageBody=body + "x" * 20)
    more = {"QueueUrl": queue, "MessageBody": body + "x" * 6, "MessageAttributes": attributes}
    assert refusal(sqs.send_message, **more) == "InvalidParameterValue"
    assert (
        refusal(sqs.send_message, QueueUrl=queue, MessageBody="ü" * (MOST // 2 + 1))
        == "InvalidParameterValue"
    )


def test_a_batch_shares_the_limit_with_all_its_attributes(sqs: Any, queue: str) -> None:
    half = "x" * (MOST // 2 - 15)
    entries = [{"Id": one, "MessageBody": half, "MessageAttributes": {"cause": text("why?")}} for one in "ab"]
    assert len(sqs.send_message_batch(QueueUrl=queue, Entries=entries)["Successful"]) == 2
    entries[1]["MessageBody"] = half + "x"
    assert refusal(sqs.send_message_batch, QueueUrl=queue, Entries=entries) == "BatchRequestTooLong"


@pytest.mark.parametrize("character", ["\0", "\x0b", "\x1f", "\ufffe", "\uffff"])
def test_a_character_that_is_not_allowed_is_refused(sqs: Any, queue: str, character: str) -> None:
    asked = {"QueueUrl": queue, "MessageBody": f"a{character}"}
    assert refusal(sqs.send_message, **asked) == "InvalidMessageContents"
    asked = {"QueueUrl": queue, "MessageBody": "a", "MessageAttributes": {"cause": text(character)}}
    assert refusal(sqs.send_message, **asked) == "InvalidMessageContents"
    entries = [
        {"Id": "bad", "MessageBody": character},
        {"Id": "good", "MessageBody": "\t\n\r\x7fü\U0010ffff"},
    ]
    answer = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    assert [one["Id"] for one in answer["Successful"]] == ["good"]
    (failed,) = answer["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("bad", "InvalidMessageContents", True)
