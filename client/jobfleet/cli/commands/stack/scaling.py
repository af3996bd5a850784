"""`jobfleet scaling`: how the fleet grows and shrinks, and why."""

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import click

from jobfleet.cli.invocation import Invocation, examples, with_shared_options

if TYPE_CHECKING:
    from jobfleet_scaling.documents.scaling_line import ScalingLine

    from jobfleet.aws.account import Account
    from jobfleet.stack.scaling.view import ScalingView

HOURS, INTERVAL_SECONDS = 3.0, 5.0
DECISIONS = 10
# https://aws.amazon.com/ec2/pricing/on-demand/
PRICE = 0.0416

# How long AWS may be out of reach before --follow ends. A network that comes and goes takes less.
TROUBLE_SECONDS = 600.0

T = TypeVar("T")

# A week, as the log is kept for no less.
_HOURS_MAX = 168.0
_HEADERS = ("time", "visible", "in flight", "need", "wanted", "running", "booting", "leaving", "most", "why")
_NUMBERS = frozenset(_HEADERS) - {"time", "why"}
_WHY_MAX = 80


@click.command(
    epilog=examples(
        "jobfleet scaling",
        "jobfleet scaling --follow",
        "jobfleet scaling --log --hours 24",
        "jobfleet scaling --advise",
    )
)
@click.option("--follow", "-f", is_flag=True, help="Go on with what is new, until Ctrl-C.")
@click.option(
    "--hours", type=click.FloatRange(min=0, max=_HOURS_MAX, min_open=True), default=HOURS, show_default=True,
    metavar="N", help="How many hours back to look, at most a week.",
)  # fmt: skip
@click.option("--log", is_flag=True, help="Print the log line by line: decisions, starts, ends, refusals.")
@click.option(
    "--advise", is_flag=True,
    help="Simulate the stack's own last week, and propose settings with their cost and wait.",
)  # fmt: skip
@click.option(
    "--price", type=click.FloatRange(min=0), default=PRICE, show_default=True, metavar="USD",
    help="What a host costs an hour, for --advise; the default is a t3.medium's in us-east-1.",
)  # fmt: skip
@click.option(
    "--interval", type=click.FloatRange(min=1), default=INTERVAL_SECONDS, show_default=True,
    metavar="SECONDS", help="Time between two looks with --follow.",
)  # fmt: skip
@with_shared_options()
def scaling(
    invocation: Invocation, follow: bool, hours: float, log: bool, advise: bool, price: float, interval: float
) -> None:
    """Show how the fleet scales: how many hosts are wanted, run, start and leave, and why.

    The scaler decides every ten seconds, and each decision is a line with its numbers: jobs in the queue
    (visible, in flight), hosts that this needs, wanted, running, booting and leaving, and the most there may
    be at the moment. They are in the log up to a minute later. A plot shows jobs and hosts over the last
    hours; a gap means that nobody decided, because the fleet was asleep.

    --follow goes on for ten minutes while AWS cannot be reached, and says so.

    --json prints one object; with --log or --follow, one JSON object a line.
    """
    if advise and (follow or log):
        raise click.UsageError("--advise goes without --follow and --log.")
    account = invocation.account()
    if advise:
        from jobfleet.cli.scaling_advice import show_advice

        show_advice(invocation, account, price)
        return
    try:
        if follow and not log and not invocation.as_json and sys.stdout.isatty():
            _live(invocation, account, hours, interval)
        elif follow or log:
            _lines(invocation, account, hours, interval, follow=follow)
        else:
            _show(invocation, _look(account, hours), hours)
    except KeyboardInterrupt:
        if not follow:
            raise


def _look(account: "Account", hours: float) -> "ScalingView":
    from jobfleet.aws.bucket import Bucket
    from jobfleet.stack.scaling.view import read_scaling

    return read_scaling(Bucket(account), timedelta(hours=hours))


def _lines(
    invocation: Invocation, account: "Account", hours: float, interval: float, *, follow: bool
) -> None:
    """Print the lines of the log, and go on with new ones."""
    from datetime import UTC

    from jobfleet.aws.bucket import Bucket
    from jobfleet.stack.scaling.log import ScalingLines

    source = ScalingLines(Bucket(account))
    part = source.since(datetime.now(UTC) - timedelta(hours=hours))
    _print_lines(invocation, part.lines)
    if not part.whole:
        invocation.output.say("note: there is more than is read at once; look less far back with --hours")
    if not part.lines and not follow:
        invocation.output.say("no such lines; look further back with --hours")
    for lines in _looks(account, interval, source.new) if follow else ():
        if isinstance(lines, str):
            sys.stderr.write(f"jobfleet: {lines}\n")
        else:
            _print_lines(invocation, lines)


def _looks(account: "Account", interval: float, look: "Callable[[], T]") -> "Iterator[T | str]":
    """Look again and again, after a pause each time.

    If AWS cannot be reached, or fails by itself, that is told in a sentence, once, and tried again for
    `TROUBLE_SECONDS`. Raises the client's other errors.
    """
    from jobfleet.errors import Unreachable

    since: float | None = None
    while True:
        time.sleep(interval)
        try:
            with account.in_words():
                seen = look()
        except Unreachable as problem:
            is_new, since = since is None, since or time.monotonic()
            if time.monotonic() - since >= TROUBLE_SECONDS:
                raise
            if is_new:
                yield f"{problem}; trying again for {TROUBLE_SECONDS / 60:.0f} min"
        else:
            since = None
            yield seen


def _print_lines(invocation: Invocation, lines: "Sequence[ScalingLine]") -> None:
    from jobfleet.human_text import clock, plain

    for line in lines:
        if invocation.as_json:
            sys.stdout.write(line.to_json() + "\n")
            continue
        told = {name: value for name, value in vars(line).items() if value not in (None, "")}
        words = [clock(line.at), line.who, line.event, *([line.host] if line.host else [])]
        words += [f"{name}={_short(value)}" for name, value in told.items() if name not in _SAID]
        sys.stdout.write(plain("  ".join([*words, line.why]).rstrip()) + "\n")
    sys.stdout.flush()


_SAID = frozenset({"at", "who", "event", "host", "why"})


def _short(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _show(invocation: Invocation, view: "ScalingView", hours: float) -> None:
    from jobfleet.cli.terminal.tables import show_facts, show_table

    if invocation.as_json:
        decisions = [json.loads(line.to_json()) for line in view.lines]
        sys.stdout.write(json.dumps({**view.to_json(), "lines": decisions}) + "\n")
        return
    show_facts(_facts(view))
    if view.configuration:
        sys.stdout.write("\n".join(["", *_picture(view, hours, sys.stdout.encoding), "", ""]))
        if rows := _rows(view):
            show_table(_HEADERS, rows, _NUMBERS)
    sys.stdout.flush()
    for words in view.warnings:
        invocation.output.say(f"warning: {words}")
    if not view.whole:
        invocation.output.say("note: there is more than is read at once; look less far back with --hours")


def _live(invocation: Invocation, account: "Account", hours: float, interval: float) -> None:
    from itertools import chain

    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    from jobfleet.aws.bucket import Bucket
    from jobfleet.cli.terminal.tables import fact_lines, rich_table
    from jobfleet.stack.scaling.watch import ScalingWatch

    watch = ScalingWatch(Bucket(account), timedelta(hours=hours))
    parts: list[Any] = []
    with Live(console=Console(), auto_refresh=False) as live:
        for view in chain([watch.look()], _looks(account, interval, watch.look)):
            if isinstance(view, str):
                live.update(Group(*parts, Text(view, "red")), refresh=True)
                continue
            parts = [Text("\n".join(fact_lines(_facts(view)))), Text("")]
            if view.configuration:
                parts += [Text("\n".join(_picture(view, hours, sys.stdout.encoding))), Text("")]
                parts.append(rich_table(_HEADERS, _rows(view), _NUMBERS))
            parts += [Text(f"warning: {words}", "yellow") for words in view.warnings if not invocation.quiet]
            parts.append(Text(f"every {interval:g} s; Ctrl-C ends it", "dim"))
            live.update(Group(*parts), refresh=True)


def _facts(view: "ScalingView") -> dict[str, str]:
    found = view.configuration
    if found is None:
        return {"scaling": "off: set `scaling: {min: 0, max: 6}` in the inventory and run `ansible-playbook "
                "site.yml`"}  # fmt: skip
    most, why = view.cap
    how = "in Auto Scaling groups" if found.mode == "groups" else "one by one, as groups are refused"
    return {
        "scaling": f"on, between {found.minimum} and {found.maximum} hosts, launched {how}",
        "now": view.words,
        "decides": view.leader or "nobody at the moment",
        "at most": f"{most} ({why})",
        "tuning": f"a backlog is cleared in {found.tuning.clear:g} s; arriving work is averaged over "
        f"{found.tuning.window:g} s; a host boots in {found.tuning.boot:g} s",
    }  # fmt: skip


def _picture(view: "ScalingView", hours: float, encoding: str | None) -> list[str]:
    from jobfleet.cli.terminal import scaling_plot
    from jobfleet.stack.scaling.history import history

    count = scaling_plot.columns(shutil.get_terminal_size().columns)
    parts = history(view.lines, view.at - timedelta(hours=hours), view.at, count)
    return scaling_plot.plot(
        parts, blocks=scaling_plot.can_draw(encoding), time=lambda at: f"{at.astimezone():%H:%M}"
    )


def _rows(view: "ScalingView") -> list[tuple[str, ...]]:
    from jobfleet.human_text import clock, plain

    rows = []
    for line in view.decisions[-DECISIONS:]:
        numbers = (
            line.visible, line.in_flight, line.need, line.wanted, line.running, line.booting, line.leaving,
            line.most,
        )  # fmt: skip
        told = ("-" if number is None else _short(number) for number in numbers)
        rows.append((clock(line.at), *told, plain(line.why, _WHY_MAX)))
    return rows
