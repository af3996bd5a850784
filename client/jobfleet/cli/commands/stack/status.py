"""`jobfleet status`: the stack at a glance."""

import functools
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

from jobfleet.cli.invocation import Invocation, examples, with_shared_options

if TYPE_CHECKING:
    from jobfleet.aws.account import Account
    from jobfleet.stack.page.balancer import BalancerView
    from jobfleet.stack.status import StackStatus

INTERVAL_SECONDS = 5.0

_QUEUE_HEADERS = ("queue", "waiting", "in flight", "delayed", "oldest")
_WORKER_HEADERS = (
    "worker",
    "state",
    "last heartbeat",
    "up for",
    "version",
    "in flight",
    "done",
    "failed",
    "broken",
)
_BALANCED_HEADERS = ("group", "host", "health")
_NUMBERS = frozenset({"waiting", "in flight", "delayed", "done", "failed", "broken"})


@click.command(epilog=examples("jobfleet status", "jobfleet status --watch"))
@click.option("--watch", "-w", is_flag=True, help="Repeat until Ctrl-C.")
@click.option(
    "--interval", type=click.FloatRange(min=1), default=INTERVAL_SECONDS, show_default=True,
    metavar="SECONDS", help="Time between two looks with --watch.",
)  # fmt: skip
@with_shared_options()
def status(invocation: Invocation, watch: bool, interval: float) -> None:
    """Show the stack: account, credentials, page, queues, workers, and what is wrong.

    Queues: how many messages wait, are in flight (received, and not yet deleted) or are delayed. SQS
    counts them, up to a minute late. The age of the oldest message comes from CloudWatch, some minutes
    late, so the time of the measurement is shown. If CloudWatch has no value, the age is unknown.
    It is asked once a minute at most, as each question costs money.

    Workers: alive, paused (with the reason), late (no heartbeat for two and a half minutes; one is due
    every minute) or stopped. Jobs done, failed (bad jobs) and broken attempts are counted since the
    worker's start. All workers are counted, and at most a hundred are shown: first those that are
    paused or late.

    Balancer: its address, and how AWS finds each host behind it, if web hosts are behind one.

    Problems go to stderr, each with its fix. With --watch, a terminal shows a live view. Other outputs
    get one report after the other.
    """
    account = invocation.account()
    if not watch:
        _show(invocation, account, _look(account)())
        return
    try:
        if sys.stdout.isatty() and not invocation.as_json:
            _live(invocation, account, interval)
        else:
            _one_after_the_other(invocation, account, interval)
    except KeyboardInterrupt:
        return


def _one_after_the_other(invocation: Invocation, account: "Account", interval: float) -> None:
    for number, seen in enumerate(_looks(account, interval)):
        if isinstance(seen, str):
            sys.stderr.write(f"jobfleet: {seen}\n")
            continue
        if number and not invocation.as_json:
            sys.stdout.write("\n")
        _show(invocation, account, seen)
        sys.stdout.flush()


def _live(invocation: Invocation, account: "Account", interval: float) -> None:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    from jobfleet.cli.terminal.tables import fact_lines, rich_table

    parts: list[Any] = []
    with Live(console=Console(), auto_refresh=False) as live:
        for seen in _looks(account, interval):
            if isinstance(seen, str):
                live.update(Group(*parts, Text(seen, "red")), refresh=True)
                continue
            parts = [Text("\n".join(fact_lines(_facts(account, seen)))), Text("")]
            parts += [rich_table(_QUEUE_HEADERS, _queue_rows(seen), _NUMBERS), Text("")]
            if seen.workers:
                parts.append(rich_table(_WORKER_HEADERS, _worker_rows(seen), _NUMBERS))
            if seen.balancer and seen.balancer.hosts:
                rows = _balanced_rows(seen.balancer)
                parts += [Text(""), rich_table(_BALANCED_HEADERS, rows, _NUMBERS)]
            parts += [Text(f"warning: {words}", "yellow") for words in seen.warnings if not invocation.quiet]
            parts.append(Text(f"every {interval:g} s; Ctrl-C ends it", "dim"))
            live.update(Group(*parts), refresh=True)


def _look(account: "Account") -> "Callable[[], StackStatus]":
    """Return what looks at the stack, as often as it is called."""
    from jobfleet.stack.queue_ages import QueueAges
    from jobfleet.stack.status import read_status

    return functools.partial(read_status, account, QueueAges(account))


def _looks(account: "Account", interval: float) -> "Iterator[StackStatus | str]":
    """Look again and again. Once it went well, what goes wrong is told in a sentence, and tried again."""
    from jobfleet.errors import FleetError

    look = _look(account)
    yield look()
    while True:
        time.sleep(interval)
        try:
            with account.in_words():
                seen = look()
        except FleetError as problem:
            yield str(problem)
        else:
            yield seen


def _show(invocation: Invocation, account: "Account", seen: "StackStatus") -> None:
    from jobfleet.cli.terminal.tables import show_facts, show_table

    if invocation.as_json:
        sys.stdout.write(json.dumps(_for_machines(account, seen)) + "\n")
        return
    show_facts(_facts(account, seen))
    sys.stdout.write("\n")
    show_table(_QUEUE_HEADERS, _queue_rows(seen), _NUMBERS)
    if seen.workers:
        sys.stdout.write("\n")
        show_table(_WORKER_HEADERS, _worker_rows(seen), _NUMBERS)
    if seen.balancer and seen.balancer.hosts:
        sys.stdout.write("\n")
        show_table(_BALANCED_HEADERS, _balanced_rows(seen.balancer), _NUMBERS)
    sys.stdout.flush()
    for words in seen.warnings:
        invocation.output.say(f"warning: {words}")


def _facts(account: "Account", seen: "StackStatus") -> dict[str, str]:
    from jobfleet.human_text import clock, many
    from jobfleet.stack.workers import STATES

    settings = account.settings
    more = {}
    if seen.web:
        more["page"] = ", ".join(one.url for one in seen.web)
    if seen.balancer:
        more["balancer"] = seen.balancer.words
    if seen.scaling and (found := seen.scaling.configuration):
        more["scaling"] = f"{seen.scaling.words} (min {found.minimum}, max {found.maximum})"
    shown = sum(worker.read for worker in seen.workers)
    if shown < len(seen.workers):
        counts = ", ".join(f"{seen.workforce.count(state):,} {state}" for state in STATES)
        more["workers"] = f"{counts}; {shown:,} of {len(seen.workers):,} are shown"
    if seen.workforce.older:
        more["more"] = f"{many(seen.workforce.older, 'worker')} not heard of for a day"
    return {
        "stack": f"{settings.stack} in account {seen.identity.account}, region {settings.region}",
        "bucket": seen.bucket,
        "credentials": seen.identity.words,
        "seen at": clock(seen.at),
        **more,
    }


def _queue_rows(seen: "StackStatus") -> list[tuple[str, ...]]:
    from jobfleet_jobs.durations import duration

    from jobfleet.human_text import ago

    rows = []
    for queue in seen.queues:
        age = seen.ages.get(queue.kind)
        if not queue.untaken + queue.in_flight:
            oldest = "-"
        elif age is None:
            oldest = "unknown"
        else:
            oldest = f"{duration(round(age.oldest.total_seconds()))}, {ago(age.at, seen.at)}"
        counts = (f"{count:,}" for count in (queue.waiting, queue.in_flight, queue.delayed))
        rows.append((queue.kind, *counts, oldest))
    return rows


def _worker_rows(seen: "StackStatus") -> list[tuple[str, ...]]:
    from jobfleet_jobs.durations import duration

    from jobfleet.human_text import ago, plain

    rows = []
    for worker in seen.workers:
        if not worker.read:
            continue
        living = worker.state in ("alive", "paused") and worker.started
        up = duration(round((seen.at - worker.started).total_seconds())) if living and worker.started else "-"
        state = f"paused: {plain(worker.paused, 60)}" if worker.state == "paused" else worker.state
        counts = worker.counts
        done = counts.get("succeeded", 0) + counts.get("answered-again", 0)
        failed = counts.get("failed", 0) + counts.get("unreadable", 0)
        numbers = (worker.in_flight, done, failed, counts.get("broken", 0))
        rows.append(
            (
                plain(worker.id), state, ago(worker.at, seen.at), up, plain(worker.version, 40),
                *(f"{number:,}" for number in numbers),
            )
        )  # fmt: skip
    return rows


def _balanced_rows(balancer: "BalancerView") -> list[tuple[str, ...]]:
    return [(one.group, one.host, one.health) for one in balancer.hosts]


def _for_machines(account: "Account", seen: "StackStatus") -> dict[str, Any]:
    from jobfleet.stack.workers import STATES

    ages = {kind: (age.oldest.total_seconds(), age.at.isoformat()) for kind, age in seen.ages.items()}
    whose = seen.identity
    return {
        "at": seen.at.isoformat(timespec="milliseconds"), "stack": account.settings.stack,
        "account": whose.account, "region": account.settings.region, "bucket": seen.bucket,
        "credentials": {
            "accepted": True, "arn": whose.arn, "source": whose.source, "temporary": whose.temporary,
            "written": whose.written and whose.written.isoformat(timespec="seconds"), "ends": whose.ends,
        },
        "queues": [
            {
                "kind": queue.kind, "name": queue.name, "waiting": queue.waiting,
                "in_flight": queue.in_flight, "delayed": queue.delayed,
                "oldest_seconds": ages.get(queue.kind, (None, None))[0],
                "oldest_at": ages.get(queue.kind, (None, None))[1],
            }
            for queue in seen.queues
        ],
        "workers": [
            {
                "id": worker.id, "state": worker.state, "at": worker.at.isoformat(),
                "started": worker.started and worker.started.isoformat(), "version": worker.version,
                "python": worker.python, "in_flight": worker.in_flight, "paused": worker.paused,
                "credentials_age_seconds": worker.credentials_age and worker.credentials_age.total_seconds(),
                "counts": dict(worker.counts),
            }
            for worker in seen.workers if worker.read
        ],
        "workers_by_state": {state: seen.workforce.count(state) for state in STATES},
        "older_workers": seen.workforce.older,
        "web": [{"url": one.url, "host": one.host} for one in seen.web],
        "balancer": seen.balancer and seen.balancer.to_json(),
        "scaling": seen.scaling and seen.scaling.to_json(),
        "warnings": seen.warnings,
    }  # fmt: skip
