"""Answers each request in a bare boto3 loop, with no result stored: the other end of two bare hops."""

import json
from typing import Any

from benchmarks.peers.task import ENDPOINT, QUEUE_URL, client


def turn(sqs: Any) -> None:
    """Answer at most one request."""
    answer = sqs.receive_message(QueueUrl=QUEUE_URL, MaxNumberOfMessages=1, WaitTimeSeconds=20)
    for message in answer.get("Messages", []):
        request = json.loads(message["Body"])
        result = {
            "version": 1, "id": request["id"], "operation": "stats", "status": "succeeded", "worker": "echo",
            "attempt": 1, "result": {"mean": 2}, "output": None, "error": None, "timings": {},
        }  # fmt: skip
        queue = f"{ENDPOINT}/000000000000/{request['reply_to']}"
        sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(result))
        sqs.delete_message(QueueUrl=QUEUE_URL, ReceiptHandle=message["ReceiptHandle"])


def main() -> None:
    """Go on until killed."""
    sqs = client("sqs")
    while True:
        turn(sqs)


if __name__ == "__main__":
    main()
