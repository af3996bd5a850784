"""Stats jobs in dramatiq with dramatiq_sqs; each task stores its result by boto3, then is acknowledged."""

import json

import dramatiq
from dramatiq.middleware import AgeLimit, CurrentMessage, Retries
from dramatiq_sqs import SQSBroker

from benchmarks.peers.task import BUCKET, ENDPOINT, QUEUE, REGION, client, describe, result_key
from benchmarks.peers.texts import texts

# What it needs to do the job and no more: no time limits, no callbacks, no pipelines.
broker = SQSBroker(
    middleware=[AgeLimit(), Retries(max_retries=3), CurrentMessage()],
    visibility_timeout=60,
    endpoint_url=ENDPOINT,
    region_name=REGION,
)
dramatiq.set_broker(broker)
s3 = client("s3")


@dramatiq.actor(queue_name=QUEUE)
def stats_job(text: str) -> None:
    """Do one job."""
    message = CurrentMessage.get_current_message()
    if message is None:
        raise RuntimeError("dramatiq gave no message")
    body = json.dumps({"id": message.message_id, "result": describe(text)})
    s3.put_object(Bucket=BUCKET, Key=result_key(message.message_id), Body=body)


def produce(count: int) -> None:
    """Send `count` jobs by the library's own client."""
    for text in texts(count):
        stats_job.send(text)


if __name__ == "__main__":
    import sys

    produce(int(sys.argv[1]))
