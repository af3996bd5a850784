"""Stats jobs in taskiq with taskiq-aio-sqs; results by its own S3 backend, acknowledged when saved."""

import asyncio
from typing import Any

from taskiq_aio_sqs import S3Backend, SQSBroker

from benchmarks.peers.task import BUCKET, ENDPOINT, QUEUE, REGION, describe
from benchmarks.peers.texts import texts

broker = SQSBroker(
    QUEUE, endpoint_url=ENDPOINT, region_name=REGION, wait_time_seconds=20, max_number_of_messages=10,
    visibility_timeout=60,
).with_result_backend(
    S3Backend(BUCKET, base_path="results", endpoint_url=ENDPOINT, region_name=REGION)
)  # fmt: skip


# An `async def` runs in the loop itself; a plain one would pay for a thread on top.
@broker.task(task_name="stats")
async def stats_job(text: str) -> dict[str, Any]:
    """Do one job."""
    return describe(text)


async def produce(count: int) -> None:
    """Send `count` jobs by the library's own client."""
    await broker.startup()
    for text in texts(count):
        await stats_job.kiq(text)
    await broker.shutdown()


if __name__ == "__main__":
    import sys

    asyncio.run(produce(int(sys.argv[1])))
