"""`jobfleet jobs`: the jobs that were sent last, and their states."""

import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from jobfleet.cli.invocation import Invocation, examples, with_shared_options
from jobfleet.cli.option_values import as_time

if TYPE_CHECKING:
    from jobfleet.stack.recent_jobs import Recent, Status

LIMIT = 20
LIMIT_MAX = 1_000
STATUSES = ("succeeded", "failed", "failing", "unanswered")

_HEADERS = ("id", "operation", "status", "sent", "took", "worker", "output or cause")
_NUMBERS = frozenset({"took"})
_WORDS_MAX = 80


@click.command(epilog=examples("jobfleet jobs", "jobfleet jobs --status failed --since 2h --json"))
@click.option(
    "--limit", "-n", type=click.IntRange(1, LIMIT_MAX), default=LIMIT, show_default=True, metavar="N",
    help="At most N jobs.",
)  # fmt: skip
@click.option(
    "--status", "-s", "statuses", multiple=True, type=click.Choice(STATUSES),
    help="Only jobs of this status. Can be given several times.",
)  # fmt: skip
@click.option(
    "--since", callback=as_time, metavar="TIME",
    help="Only jobs sent since: 30s, 10min, 2h, 1d ago, or a time such as 2026-01-31T12:00.",
)  # fmt: skip
@with_shared_options()
def jobs(invocation: Invocation, limit: int, statuses: "tuple[Status, ...]", since: datetime | None) -> None:
    """Show the newest jobs, whoever sent them, newest first.

    \b
    succeeded   the job is done
    failed      the job can never be done as it was sent
    failing     attempts broke: it is tried again, or is a dead letter (jobfleet dead list)
    unanswered  sent from this machine, and nothing is stored: the request waits, or was cleared

    Jobs that others sent appear once something is stored. 'took' is the time a worker spent on the job.
    """  # noqa: D301 - \b is click's
    from jobfleet.stack import recent_jobs

    found = recent_jobs.find_jobs(invocation.account(), limit, statuses, since)
    if invocation.as_json:
        for job in found.jobs:
            sys.stdout.write(json.dumps(_for_machines(job)) + "\n")
    elif found.jobs:
        from jobfleet.cli.terminal.tables import show_table

        show_table(_HEADERS, [_row(job) for job in found.jobs], _NUMBERS)
    sys.stdout.flush()
    if not found.jobs:
        invocation.output.say("no such jobs")
    if not found.whole:
        invocation.output.say(
            "note: there are too many results to look at them all; what was found is the newest. "
            "Narrow it with --since"
        )


def _row(job: "Recent") -> tuple[str, ...]:
    from jobfleet_jobs.durations import duration

    from jobfleet.human_text import ago, plain

    result = job.result
    took = duration(_seconds(job)) if result and result.timings else "-"
    worker = plain(result.worker, 40) if result else "-"
    words = plain(_words(job), _WORDS_MAX)
    return job.id, plain(job.operation, 40), job.status, ago(job.sent), took, worker, words


def _words(job: "Recent") -> str:
    result = job.result
    if result is None:
        return ""
    last = result.last_attempt
    if result.status == "failing" and last:
        return f"attempt {last.attempt}: {last.cause}"
    if result.error:
        return result.error.message
    if result.output:
        return result.output.key
    return json.dumps(result.result) if result.result else ""


def _seconds(job: "Recent") -> float:
    timings = job.result.timings if job.result else {}
    return sum(value for value in timings.values() if isinstance(value, int | float))


def _for_machines(job: "Recent") -> dict[str, Any]:
    stored = json.loads(job.result.to_json()) if job.result else {}
    return {
        **stored,
        "id": job.id, "operation": job.operation, "status": job.status,
        "sent_at": job.sent.isoformat(timespec="milliseconds"),
        "seconds": round(_seconds(job), 6) if job.result else None,
    }  # fmt: skip
