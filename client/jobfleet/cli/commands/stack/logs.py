"""`jobfleet logs`: the workers' log lines."""

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from jobfleet.cli.invocation import Invocation, examples, with_shared_options
from jobfleet.cli.option_values import as_time

if TYPE_CHECKING:
    from jobfleet.stack.log_lines import LogLine

SINCE = "1h"
LINES = 100
INTERVAL_SECONDS = 2.0

# What the fixed part of a line for people already says.
_SAID = frozenset({"time", "worker", "event", "job", "operation", "outcome", "timings"})


@click.command(
    epilog=examples("jobfleet logs --follow", "jobfleet logs --job 0190b3a0-5d3c-7000-8000-000000000000")
)
@click.option("--follow", "-f", is_flag=True, help="Continue with new lines, until Ctrl-C.")
@click.option("--job", metavar="ID", help="Only lines about this job. Without --since: since it was sent.")
@click.option("--worker", metavar="ID", help="Only lines of this worker.")
@click.option(
    "--since", callback=as_time, metavar="TIME",
    help=f"How far back: 30s, 10min, 2h, 1d, or a time such as 2026-01-31T12:00 [default: {SINCE}].",
)  # fmt: skip
@click.option(
    "--lines", "-n", type=click.IntRange(min=1), default=LINES, show_default=True, metavar="N",
    help="At most the last N lines.",
)  # fmt: skip
@click.option(
    "--interval", type=click.FloatRange(min=1), default=INTERVAL_SECONDS, show_default=True,
    metavar="SECONDS", help="Time between two looks with --follow.",
)  # fmt: skip
@with_shared_options()
def logs(
    invocation: Invocation,
    follow: bool,
    job: str | None,
    worker: str | None,
    since: datetime | None,
    lines: int,
    interval: float,
) -> None:
    """Show the log lines of all workers, sorted by time.

    Times are in this machine's time zone. --json prints the lines as the workers wrote them
    (docs/worker.md explains them). A job's line is in the bucket before its answer is sent. A line
    about the worker itself may take half a minute.
    """
    from jobfleet.stack.log_lines import LogLines, LogQuery

    source = LogLines(invocation.account())
    wanted = LogQuery(since or _start(job), job, worker)
    try:
        found = source.find(wanted)
        _show(invocation, found.lines[-lines:])
        if not found.whole:
            invocation.output.say(f"note: {_what_is_missing(job)}")
        elif not found.lines and not follow:
            invocation.output.say("no such lines; look further back with --since")
        if len(found.lines) > lines:
            invocation.output.say(f"note: the last {lines} of {len(found.lines):,} lines; more with --lines")
        if follow:
            for more in source.follow(wanted, interval):
                _show(invocation, more)
    except KeyboardInterrupt:
        if not follow:
            raise


def _what_is_missing(job: str | None) -> str:
    if job:
        return "not all logs since the job was sent were read; look later with --since"
    return "there is more than is read at once; narrow it with --since, --worker or --job"


def _start(job: str | None) -> datetime:
    """Return from when on to look, where nobody said."""
    from jobfleet_jobs.protocol.ids import sent_at

    from jobfleet.human_text import since
    from jobfleet.sending.prepare import checked_id

    return since(SINCE) if job is None else sent_at(checked_id(job)) or since(SINCE)


def _show(invocation: Invocation, lines: "Sequence[LogLine]") -> None:
    for line in lines:
        sys.stdout.write((line.text if invocation.as_json else _for_people(line)) + "\n")
    sys.stdout.flush()


def _for_people(line: "LogLine") -> str:
    from jobfleet_jobs.durations import duration

    from jobfleet.human_text import clock, plain

    fields = line.fields
    event = str(fields.get("event", ""))
    words = [clock(line.at), str(fields.get("worker", "")), event]
    words += [str(fields[name]) for name in ("job", "operation", "outcome") if fields.get(name)]
    timings = fields.get("timings")
    if isinstance(timings, dict) and timings:
        words.append(duration(sum(value for value in timings.values() if isinstance(value, int | float))))
    words += [f"{name}={value}" for name, value in fields.items() if name not in _SAID]
    return plain("  ".join(words))
