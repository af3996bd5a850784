"""`jobfleet bench`, with what can be measured below it."""

import click

from jobfleet.cli.commands.bench.http_load import http
from jobfleet.cli.commands.bench.job_load import jobs
from jobfleet.cli.invocation import examples


@click.group(
    epilog=examples(
        "jobfleet bench http http://203.0.113.7/cluster1",
        "jobfleet bench jobs --operation greyscale --concurrency 1 10 50 100",
    )
)
def bench() -> None:
    """Send load to web addresses or to the queue, and report how it was answered.

    Measure what is yours alone. Each run says how it sent, how many requests failed and why, and how busy
    the load generator itself was.
    """


bench.add_command(http)
bench.add_command(jobs)
