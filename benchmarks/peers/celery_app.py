"""Stats jobs in Celery over SQS; each task stores its result by boto3 and is acknowledged late."""

import json
from typing import Any
from urllib.parse import urlsplit

from celery import Celery, Task

from benchmarks.peers.task import BUCKET, ENDPOINT, QUEUE, QUEUE_URL, REGION, client, describe, result_key
from benchmarks.peers.texts import texts

app = Celery("bench", broker=f"sqs://bench:bench@{urlsplit(ENDPOINT).netloc}//")
app.conf.update(
    task_default_queue=QUEUE,
    task_acks_late=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=10,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    broker_transport_options={
        "region": REGION,
        "is_secure": False,
        "wait_time_seconds": 20,
        "polling_interval": 0,
        "visibility_timeout": 60,
        "predefined_queues": {QUEUE: {"url": QUEUE_URL}},
    },
)
_clients: dict[str, Any] = {}


@app.task(bind=True, name="stats")
def stats_job(self: Task, text: str) -> None:
    """Do one job."""
    # Made in the process that uses it: Celery forks.
    s3 = _clients.get("s3") or _clients.setdefault("s3", client("s3"))
    body = json.dumps({"id": self.request.id, "result": describe(text)})
    s3.put_object(Bucket=BUCKET, Key=result_key(self.request.id), Body=body)


def produce(count: int) -> None:
    """Send `count` jobs by the library's own client."""
    for text in texts(count):
        stats_job.delay(text)


if __name__ == "__main__":
    import sys

    produce(int(sys.argv[1]))
