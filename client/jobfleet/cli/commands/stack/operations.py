"""`jobfleet operations`: the operations that live workers offer."""

import json
import sys
from typing import TYPE_CHECKING

import click

from jobfleet.cli.invocation import Invocation, examples, with_shared_options

if TYPE_CHECKING:
    from jobfleet_jobs.operations.operation import Operation

    from jobfleet.stack.offered_operations import Offers


@click.command(epilog=examples("jobfleet operations", "jobfleet operations --json"))
@with_shared_options()
def operations(invocation: Invocation) -> None:
    """List the operations of the live workers, and what is broken.

    This is read from the workers' heartbeats, not from this machine. So an operation of a package
    appears as soon as a worker has it. `jobfleet run NAME --help` shows how to use it. While a fleet
    that scales has no worker, this lists what its next hosts will offer.
    """
    from jobfleet.aws.bucket import Bucket
    from jobfleet.stack import offered_operations

    account = invocation.account()
    found = offered_operations.read_offers(Bucket(account))
    if invocation.as_json:
        sys.stdout.write(json.dumps(_for_machines(found)) + "\n")
        return
    _show(found)
    for words in _warnings(found):
        invocation.output.say(f"warning: {words}")
    for words in _notes(found):
        invocation.output.say(f"note: {words}")


def _show(found: "Offers") -> None:
    from jobfleet.cli.terminal.tables import show_table

    rows = [
        (
            name, offered.operation.takes, offered.operation.gives, _who(found, offered.workers),
            offered.package or "built in", offered.operation.summary,
        )
        for name, offered in found.offered.items()
    ]  # fmt: skip
    show_table(("operation", "takes", "gives", "workers", "from", "what it is"), rows)
    if found.broken:
        sys.stdout.write("\n")
        by_cause: dict[tuple[str, str], list[str]] = {}
        for each in found.broken:
            by_cause.setdefault((each.package, each.why), []).append(each.worker)
        show_table(
            ("broken", "worker", "why"),
            [(package, _who(found, some), why) for (package, why), some in by_cause.items()],
        )
    sys.stdout.flush()


def _who(found: "Offers", workers: object) -> str:
    names = list(workers) if isinstance(workers, list) else []
    if found.image:
        return "the next hosts"
    if len(names) == len(found.workers):
        return "all" if len(names) > 1 else names[0]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _warnings(found: "Offers") -> list[str]:
    if found.image:
        return []  # that the fleet sleeps is nothing to warn of
    said = []
    if not found.workers:
        said.append("no worker has sent a heartbeat: see `jobfleet status`")
    elif not found.whole:
        said.append(f"there are more workers than the {len(found.workers):,} that were looked at")
    elif not found.live:
        said.append("no worker is alive; this is what those that were last heard of did")
    if found.silent:
        said.append(f"{_who(found, found.silent)}: an older version, which does not say what it does")
    return said


def _notes(found: "Offers") -> list[str]:
    """Say what workers have no part for, once for each reason: mostly it is merely switched off."""
    if found.image:
        from jobfleet.stack.offered_operations import ASLEEP, NEXT_HOSTS

        lacks = ((name, words) for name, why in found.lacking.items() for words in why.values())
        return [ASLEEP, *(f"{name} is not done by {NEXT_HOSTS}: {words}" for name, words in lacks)]
    by_reason: dict[tuple[str, str], list[str]] = {}
    for name, why in found.lacking.items():
        for worker, words in why.items():
            by_reason.setdefault((name, words), []).append(worker)
    everyone = len(found.workers)
    return [
        f"{name} is not done by {_who(found, some) if len(some) < everyone else 'any worker'}: {words}"
        for (name, words), some in by_reason.items()
    ]


def _for_machines(found: "Offers") -> dict[str, object]:
    return {
        "workers": list(found.workers), "live": found.live, "silent": list(found.silent),
        "image": found.image or None,
        "operations": [
            {**_declared(each.operation), "package": each.package or None, "workers": list(each.workers)}
            for each in found.offered.values()
        ],
        "lacking": found.lacking,
        "broken": [{"worker": b.worker, "package": b.package, "why": b.why} for b in found.broken],
    }  # fmt: skip


def _declared(operation: "Operation") -> dict[str, object]:
    return {
        "name": operation.name, "takes": operation.takes, "gives": operation.gives,
        "summary": operation.summary, "endings": list(operation.endings),
        "parameters": [
            {
                "name": each.name, "kind": each.kind, "takes": each.bounds, "default": each.default,
                "required": each.required, "help": each.help,
            }
            for each in operation.parameters
        ],
    }  # fmt: skip
