"""The job that every contestant does, and what they all have to know to do it."""

import os
from typing import Any

import boto3
from botocore.config import Config
from jobfleet_jobs.numbers.text_reader import parse_numbers
from jobfleet_worker.operations.numbers.stats import stats

ENDPOINT = os.environ.get("BENCH_ENDPOINT", "http://127.0.0.1:5150")
REGION = "us-east-1"
QUEUE = "bench-requests"
RESPONSES = "bench-responses"
BUCKET = "bench-000000000000-us-east-1"
QUEUE_URL = f"{ENDPOINT}/000000000000/{QUEUE}"
RESPONSES_URL = f"{ENDPOINT}/000000000000/{RESPONSES}"

# As many as ten threads in each process ever need.
POOL_CONNECTIONS = 16


def describe(text: str) -> dict[str, Any]:
    """Return the statistics of the numbers in `text`, by jobfleet's own functions."""
    return dict(stats(parse_numbers(text)))


def result_key(job_id: str) -> str:
    """Where a contestant that has no place of its own for results puts one."""
    return f"results/{job_id}.json"


def client(service: Any) -> Any:
    """Return a boto3 client of the double."""
    config = Config(s3={"addressing_style": "path"}, max_pool_connections=POOL_CONNECTIONS)
    return boto3.client(service, region_name=REGION, endpoint_url=ENDPOINT, config=config)
