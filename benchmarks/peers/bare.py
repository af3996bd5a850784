"""Stats jobs in a bare boto3 loop: `one` message at a time, or a `batch` of ten.

Both do what jobfleet promises and nothing else: the result stored, the answer sent, then the
request deleted. The batch loop stores the results of its ten jobs in one object.
"""

import json
import sys
from typing import Any

from benchmarks.peers.task import BUCKET, QUEUE_URL, RESPONSES_URL, client, describe, result_key


def one(sqs: Any, s3: Any) -> None:
    """Do at most one job."""
    for message in _receive(sqs, 1):
        job_id, result = _done(message)
        s3.put_object(Bucket=BUCKET, Key=result_key(job_id), Body=result)
        sqs.send_message(QueueUrl=RESPONSES_URL, MessageBody=result)
        sqs.delete_message(QueueUrl=QUEUE_URL, ReceiptHandle=message["ReceiptHandle"])


def batch(sqs: Any, s3: Any) -> None:
    """Do at most ten jobs."""
    messages = _receive(sqs, 10)
    if not messages:
        return
    done = [_done(message) for message in messages]
    lines = "".join(result + "\n" for _, result in done)
    s3.put_object(Bucket=BUCKET, Key=f"results/batches/{done[-1][0]}.jsonl", Body=lines)
    answers = [{"Id": str(n), "MessageBody": result} for n, (_, result) in enumerate(done)]
    sqs.send_message_batch(QueueUrl=RESPONSES_URL, Entries=answers)
    receipts = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
    sqs.delete_message_batch(QueueUrl=QUEUE_URL, Entries=receipts)


def _receive(sqs: Any, most: int) -> list[Any]:
    answer = sqs.receive_message(
        QueueUrl=QUEUE_URL,
        MaxNumberOfMessages=most,
        WaitTimeSeconds=20,
        VisibilityTimeout=60,
        MessageSystemAttributeNames=["ApproximateReceiveCount"],
    )
    messages: list[Any] = answer.get("Messages", [])
    return messages


def _done(message: Any) -> tuple[str, str]:
    request = json.loads(message["Body"])
    result = describe(request["input"]["inline"])
    return request["id"], json.dumps({"id": request["id"], "status": "succeeded", "result": result})


def main() -> None:
    """Go on until killed."""
    turn = {"one": one, "batch": batch}[sys.argv[1]]
    sqs, s3 = client("sqs"), client("s3")
    while True:
        turn(sqs, s3)


if __name__ == "__main__":
    main()
