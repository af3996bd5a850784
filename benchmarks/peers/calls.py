"""Make the worker's own calls in one thread, directly and by boto3 in turns; print a table of their CPU."""

import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from jobfleet_worker.aws.clients import make_clients

from benchmarks.peers.task import BUCKET, ENDPOINT, QUEUE_URL, REGION

KEY = "outputs/calls.jpg"
CALLS, ROUNDS = 200, 7


def ways(s3: Any, sqs: Any) -> dict[str, Callable[[], object]]:
    """Return what is measured, by name."""

    def objects(size: int) -> Callable[[], object]:
        data = bytes(size)

        def pair() -> object:
            s3.put_object(Bucket=BUCKET, Key=KEY, Body=data, ContentType="image/jpeg")
            return s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read()

        return pair

    entries = [{"Id": str(n), "ReceiptHandle": "r" * 100, "VisibilityTimeout": 60} for n in range(10)]
    hold = {"QueueUrl": QUEUE_URL, "Entries": entries}
    return {
        "a put and a get of 30 KB": objects(30_000),
        "a put and a get of 300 KB": objects(300_000),
        "extending ten leases": lambda: sqs.change_message_visibility_batch(**hold),
    }


def cpu_ms(call: Callable[[], object]) -> float:
    """Return the milliseconds of CPU of this process that one call takes."""
    start = time.process_time()
    for _ in range(CALLS):
        call()
    return (time.process_time() - start) * 1000 / CALLS


def main() -> None:
    """Warm up, measure in turns, print the medians."""
    clients = make_clients(REGION, ENDPOINT)
    # boto3's own clients, as the worker has configured them, are inside.
    by_boto3: Any = (clients.s3._client, clients.sqs._client)
    direct, plain = ways(clients.s3, clients.sqs), ways(*by_boto3)
    sys.stdout.write("| what | direct, CPU ms | boto3, CPU ms | ratio |\n| --- | ---: | ---: | ---: |\n")
    for name, call in direct.items():
        figures: list[tuple[float, float]] = []
        for _ in range(ROUNDS + 1):
            figures.append((cpu_ms(call), cpu_ms(plain[name])))
        ours, theirs = (median(column) for column in zip(*figures[1:], strict=True))
        sys.stdout.write(f"| {name} | {ours:.2f} | {theirs:.2f} | {theirs / ours:.1f} |\n")


if __name__ == "__main__":
    main()
