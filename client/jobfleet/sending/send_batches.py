"""Requests on their way to the request queue, ten a call."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from jobfleet_jobs.protocol.batches import batches_by_size

from jobfleet.sending.sender_group import sender_group

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

# An entry of a batch that SQS did not take, for a reason of its own, is tried again after these pauses.
PAUSES_SECONDS = (0.2, 0.5, 1.0)


def send(
    sqs: "SQSClient", queue: str, bodies: Mapping[str, str], sleep: Callable[[float], None] = time.sleep
) -> dict[str, str]:
    """Send requests, by job id; return those that SQS refused, by job id, with its reason."""
    if len(bodies) == 1:
        (body,) = bodies.values()
        sqs.send_message(QueueUrl=queue, MessageBody=body, MessageGroupId=sender_group())
        return {}
    refused: dict[str, str] = {}
    for batch in batches_by_size(list(bodies.items())):
        refused.update(_send_batch(sqs, queue, dict(batch), sleep))
    return refused


def _send_batch(
    sqs: "SQSClient", queue: str, bodies: dict[str, str], sleep: Callable[[float], None]
) -> dict[str, str]:
    refused: dict[str, str] = {}
    for pause in (*PAUSES_SECONDS, None):
        ids = list(bodies)
        entries: list[SendMessageBatchRequestEntryTypeDef] = [
            {"Id": str(n), "MessageBody": bodies[job_id], "MessageGroupId": sender_group()}
            for n, job_id in enumerate(ids)
        ]
        answer = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
        again = {}
        for failure in answer.get("Failed", []):
            job_id = ids[int(failure["Id"])]
            if failure["SenderFault"] or pause is None:
                refused[job_id] = failure.get("Message") or failure["Code"]
            else:
                again[job_id] = bodies[job_id]
        if not again:
            break
        bodies = again
        sleep(pause or 0)
    return refused
