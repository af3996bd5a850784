"""Standard and FIFO queues side by side: `python -m benchmarks.queues`; docs/queues.md explains.

It makes queues in the account that the environment names and deletes them: of the embedded AWS
(`python -m localcloud up`), or of AWS, where it makes about 500 calls.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import boto3

from benchmarks.queues import measures
from benchmarks.queues.kinds import FIFO, STANDARD
from benchmarks.telling.page import table, write_page

# Dollars for a million requests in us-east-1, after the first million of a month:
# https://aws.amazon.com/sqs/pricing/
PRICES = {STANDARD: 0.40, FIFO: 0.50}

# As jobfleet's own queue has it (`queues_max_receives`).
MAX_RECEIVES = 5

FIGURES = "queues figures"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, return the exit code."""
    options = _parser().parse_args(arguments)
    sqs = boto3.client("sqs")
    try:
        columns = {kind: _column(sqs, kind, options.jobs) for kind in (STANDARD, FIFO)}
    finally:
        sqs.close()
    rows = [[what, *(columns[kind][what] for kind in columns)] for what in columns[STANDARD]]
    markdown = table(["what", *columns], rows)
    if options.page:
        write_page(options.page, FIGURES, markdown)
    sys.stdout.write(markdown + "\n")
    return 0


def _column(sqs: object, kind: str, jobs: int) -> dict[str, str]:
    calls = measures.calls_a_job(sqs, kind, jobs)
    return {
        f"given out, of {jobs} jobs that were each sent twice": f"{measures.given_out(sqs, kind, jobs)}",
        f"at work at a time, of {jobs} jobs of one sender": f"{measures.at_work(sqs, kind, jobs)}",
        f"done of {jobs - 1} while an earlier one waits for its second attempt": (
            f"{measures.overtaking(sqs, kind, jobs)}"
        ),
        f"done of {jobs - 1} before one that always fails is a dead letter": (
            f"{measures.done_beside_poison(sqs, kind, jobs, MAX_RECEIVES)}"
        ),
        "calls a job: sent, received, deleted": f"{calls:.2f}",
        "$ for these calls of a million jobs": f"{calls * PRICES[kind]:.2f}",
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.queues", description=__doc__)
    parser.add_argument("--jobs", type=int, default=100, help="jobs of each measurement (default: 100)")
    parser.add_argument("--page", type=Path, help="page whose figures are written anew")
    return parser


if __name__ == "__main__":
    sys.exit(main())
