"""`jobfleet clear`: empty the stack's queues."""

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from jobfleet.cli.invocation import Invocation, examples, with_shared_options
from jobfleet.cli.terminal.confirm import agreed
from jobfleet.human_text import many

if TYPE_CHECKING:
    from jobfleet.queues.purge import Plan
    from jobfleet.queues.queue_counts import Kind, Queue


@click.command(epilog=examples("jobfleet clear", "jobfleet clear --requests --yes"))
@click.option("--requests", is_flag=True, help="Requests that no worker has taken yet.")
@click.option("--responses", is_flag=True, help="Answers that nobody has a reply queue for.")
@click.option("--dead", is_flag=True, help="Dead letters; look at them first with `jobfleet dead list`.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option(
    "--no-wait",
    is_flag=True,
    help="Fail instead of waiting where AWS was asked to empty a queue less than a minute ago.",
)
@with_shared_options()
def clear(
    invocation: Invocation, requests: bool, responses: bool, dead: bool, yes: bool, no_wait: bool
) -> None:  # fmt: skip
    """Empty the stack's queues: those of requests and responses, or those named.

    Says what would go and asks first; without a terminal to ask on, --yes is needed. Jobs that a
    worker has in hand are not cleared: they are finished and their results stored, but not tried
    again should their worker die. Results in the bucket stay, and so do the reply queues of other
    clients.

    AWS takes up to a minute to empty a queue, and what is sent to it in that minute may go too. It
    does so once a minute: with a clearing under way, this one waits for its turn.
    """
    kinds = _kinds(requests, responses, dead)
    clear_queues(invocation, kinds, yes=yes, wait=not no_wait)


def clear_queues(
    invocation: Invocation, kinds: "Sequence[Kind]" = (), *, yes: bool = False, wait: bool = True
) -> None:
    """Tell what would go, ask, and clear: the queues of these kinds, or the usual ones."""
    from jobfleet.queues import purge

    account = invocation.account()
    planned = purge.plan(account, kinds or _kinds(False, False, False))
    if not planned.messages:
        _show(invocation, [], None)
        invocation.output.say(
            f"nothing to clear: AWS counts no messages in {_names(planned.queues)} "
            "(it may take a minute to count new ones)"
        )
        return
    agreed(
        _would_go(planned),
        f"Clear {many(planned.messages, 'message')}?",
        yes=yes,
        else_="nothing was cleared",
    )
    patience = purge.PATIENCE_SECONDS if wait else 0.0
    cleared = purge.clear(account, planned, patience, invocation.output.say)
    _show(invocation, cleared.queues, cleared.settled.isoformat(timespec="seconds"))
    invocation.output.say(
        f"cleared {_names(cleared.queues)}; AWS takes up to {purge.PURGE_SECONDS} s to do it, and what "
        "is sent there meanwhile may be lost too"
    )


def _kinds(requests: bool, responses: bool, dead: bool) -> "list[Kind]":
    from jobfleet.queues.queue_counts import DEAD_LETTERS, REQUESTS, RESPONSES

    chosen = ((REQUESTS, requests), (RESPONSES, responses), (DEAD_LETTERS, dead))
    return [kind for kind, wanted in chosen if wanted] or [REQUESTS, RESPONSES]


def _would_go(planned: "Plan") -> list[str]:
    lines = []
    for queue in planned.full:
        line = f"{queue.name}: {many(queue.untaken, 'message')} would go"
        if queue.in_flight and queue.kind == "requests":
            line += f"; {many(queue.in_flight, 'job')} in hand will be finished all the same"
        lines.append(line)
    return lines


def _names(queues: "Sequence[Queue]") -> str:
    return " and ".join(queue.name for queue in queues)


def _show(invocation: Invocation, queues: "Sequence[Queue]", settled: str | None) -> None:
    if not invocation.as_json:
        return
    cleared = [
        {
            "queue": queue.name,
            "waiting": queue.waiting,
            "in_flight": queue.in_flight,
            "delayed": queue.delayed,
        }
        for queue in queues
    ]
    sys.stdout.write(json.dumps({"cleared": cleared, "settled": settled}) + "\n")
