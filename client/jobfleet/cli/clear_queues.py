"""The emptying of queues by a person: what would go is shown first, then confirmed."""

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from jobfleet.cli.invocation import Invocation
from jobfleet.cli.terminal.confirm import agreed
from jobfleet.human_text import many

if TYPE_CHECKING:
    from jobfleet.queues.purge import PurgePlan
    from jobfleet.queues.queue_counts import Kind, Queue


def clear_queues(
    invocation: Invocation, kinds: "Sequence[Kind]" = (), *, yes: bool = False, wait: bool = True
) -> None:
    """Tell what would go, ask, and clear: the queues of these kinds, or the usual ones."""
    from jobfleet.queues import purge

    account = invocation.account()
    planned = purge.plan(account, kinds or kinds_of(False, False, False))
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
        f"cleared {_names(cleared.queues)}; AWS needs up to {purge.PURGE_SECONDS} s for it; messages "
        "that are sent there meanwhile may be lost too"
    )


def kinds_of(requests: bool, responses: bool, dead: bool) -> "list[Kind]":
    """Return the kinds of queues that were named, or the usual ones."""
    from jobfleet.queues.queue_counts import DEAD_LETTERS, REQUESTS, RESPONSES

    chosen = ((REQUESTS, requests), (RESPONSES, responses), (DEAD_LETTERS, dead))
    return [kind for kind, wanted in chosen if wanted] or [REQUESTS, RESPONSES]


def _would_go(planned: "PurgePlan") -> list[str]:
    lines = []
    for queue in planned.full:
        line = f"{queue.name}: {many(queue.untaken, 'message')} would be deleted"
        if queue.in_flight and queue.kind == "requests":
            line += f"; {many(queue.in_flight, 'job')} in hand will be finished"
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
