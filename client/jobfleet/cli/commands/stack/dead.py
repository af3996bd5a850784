"""`jobfleet dead`: the dead letters, why they are there, and their way back or out."""

import json
import sys
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import click

from jobfleet.cli.invocation import Invocation, examples, with_shared_options
from jobfleet.cli.terminal.confirm import agreed
from jobfleet.errors import BadInput, FleetError
from jobfleet.human_text import many

if TYPE_CHECKING:
    from jobfleet.queues.dead_letters import DeadLetters, Letter

_HEADERS = ("id", "operation", "sent", "cause")
_CAUSE_MAX = 120
# As much of a message as a person is shown of one that is no request, and of any in `show`.
_HEAD_MAX, _BODY_MAX = 60, 2_000
_TOLD_MAX = 10


@click.group(epilog=examples("jobfleet dead list", "jobfleet dead redrive --all"))
def dead() -> None:
    """Show, resend or delete dead letters: requests that failed too often, and messages that are no requests.

    SQS shows a message only to someone who receives it. These commands receive the messages and hand
    them back at once. If a command is killed, its messages come back within two minutes. If two people
    look at the same time, each may see only a part. A command looks at 1,000 messages at most. You are
    told how many were not seen.
    """


@dead.command("list", epilog=examples("jobfleet dead list"))
@with_shared_options()
def list_(invocation: Invocation) -> None:
    """List the dead letters, oldest first, each with its cause.

    The cause is that of the last broken attempt, or what a worker wrote on a message that it could not
    read. A message that is no request is listed under its SQS id.
    """
    look = _letters(invocation).look()
    if invocation.as_json:
        for letter in look.letters:
            sys.stdout.write(json.dumps(_for_machines(letter)) + "\n")
    elif look.letters:
        from jobfleet.cli.terminal.tables import show_table

        show_table(_HEADERS, [_row(letter) for letter in look.letters])
    sys.stdout.flush()
    if not look.letters and not look.unseen:
        invocation.output.say("there are no dead letters")
    _say_unseen(invocation, look.unseen)


@dead.command(epilog=examples("jobfleet dead show 0190b3a0-5d3c-7000-8000-000000000000"))
@click.argument("letter_id", metavar="ID")
@with_shared_options()
def show(invocation: Invocation, letter_id: str) -> None:
    """Show everything known of one dead letter: the request, and every attempt with its cause."""
    look = _letters(invocation).look([letter_id])
    if not look.letters:
        raise BadInput(_no_such([letter_id], look.unseen))
    for letter in look.letters:
        if invocation.as_json:
            sys.stdout.write(json.dumps({**_for_machines(letter), "body": letter.message.body}) + "\n")
        else:
            _show_one(letter)


@dead.command(epilog=examples("jobfleet dead redrive --all"))
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Redrive all that can be. The others are no failure.")
@with_shared_options()
def redrive(invocation: Invocation, ids: tuple[str, ...], everything: bool) -> None:
    """Send dead letters to the workers again, as fresh requests under the same id.

    A letter is removed only after its request was sent. A letter whose result is stored already, or
    that is no request, is not sent: it stays until you drop it. The answer goes to the client that
    sent the job. If that client is gone, use `jobfleet result ID`.
    """
    _check(ids, everything)
    redriven = _letters(invocation).redrive(None if everything else set(ids))
    for letter in redriven.sent:
        sys.stdout.write((json.dumps({"redriven": letter.id}) if invocation.as_json else letter.id) + "\n")
    sys.stdout.flush()
    for letter, why in redriven.skipped:
        invocation.output.say(f"{letter.id}: not redriven: {why}")
    invocation.output.say(f"{many(len(redriven.sent), 'dead letter')} redriven")
    if redriven.missing:
        raise BadInput(_no_such(redriven.missing, redriven.unseen))
    if redriven.skipped and not everything:
        raise FleetError(f"{many(len(redriven.skipped), 'dead letter')} could not be redriven")


@dead.command(epilog=examples("jobfleet dead drop 0190b3a0-5d3c-7000-8000-000000000000"))
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Delete all of them.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@with_shared_options()
def drop(invocation: Invocation, ids: tuple[str, ...], everything: bool, yes: bool) -> None:
    """Delete dead letters for good. The command shows which, and asks first.

    It deletes only the letters that it showed. What the bucket has about the jobs stays.
    """
    _check(ids, everything)
    source = _letters(invocation)
    look = source.look(None if everything else set(ids))
    missing = set(ids) - {letter.id for letter in look.letters}
    if missing:
        raise BadInput(_no_such(missing, look.unseen) + "; nothing was dropped")
    if everything:
        _say_unseen(invocation, look.unseen)
    if not look.letters:
        invocation.output.say("there are no dead letters to drop")
        return
    count = many(len(look.letters), "dead letter")
    agreed(_would_go(look.letters), f"Drop {count} for good?", yes=yes, else_="nothing was dropped")
    gone = source.drop(look.letters)
    for letter in gone:
        sys.stdout.write((json.dumps({"dropped": letter.id}) if invocation.as_json else letter.id) + "\n")
    sys.stdout.flush()
    invocation.output.say(f"{many(len(gone), 'dead letter')} dropped")
    if len(gone) < len(look.letters):
        raise FleetError(
            f"{len(look.letters) - len(gone)} of {count} are in other hands at the moment: try again"
        )


def _letters(invocation: Invocation) -> "DeadLetters":
    from jobfleet.queues.dead_letters import DeadLetters

    return DeadLetters(invocation.account())


def _check(ids: Sequence[str], everything: bool) -> None:
    if bool(ids) == everything:
        raise click.UsageError("Give ids or --all, not both." if everything else "Give ids, or --all.")


def _no_such(ids: Collection[str], unseen: int) -> str:
    from jobfleet.human_text import plain

    hidden = f"; {many(unseen, 'more is', 'more are')} in other hands at the moment" if unseen else ""
    named = ", ".join(plain(one, 80) for one in sorted(ids))
    return f"no dead letter is called {named}{hidden}; `jobfleet dead list` shows those that are there"


def _say_unseen(invocation: Invocation, unseen: int) -> None:
    if unseen:
        invocation.output.say(
            f"note: AWS counts {many(unseen, 'more dead letter')}: in other hands at the moment, or more "
            "than are looked at once; try again in two minutes"
        )


def _row(letter: "Letter") -> tuple[str, ...]:
    from jobfleet.human_text import ago, plain

    cause = plain(letter.cause, _CAUSE_MAX)
    if letter.request is None:
        return letter.id, "-", ago(letter.sent), f"{cause} [{plain(letter.message.body, _HEAD_MAX)}]"
    return letter.id, plain(letter.request.operation, 40), ago(letter.sent), cause


def _would_go(letters: "Sequence[Letter]") -> list[str]:
    lines = ["  ".join(_row(letter)) for letter in letters[:_TOLD_MAX]]
    if len(letters) > _TOLD_MAX:
        lines.append(f"and {len(letters) - _TOLD_MAX:,} more")
    return lines


def _show_one(letter: "Letter") -> None:
    from jobfleet.cli.terminal.tables import show_facts, show_table
    from jobfleet.human_text import ago, clock, instant, plain, size

    message, request = letter.message, letter.request
    facts = {"id": letter.id, "message": message.id, "sent": f"{clock(letter.sent)}, {ago(letter.sent)}"}
    if request:
        facts["operation"] = plain(request.operation, 80)
        facts["output"] = plain(request.output or "-", 200)
    facts["cause"] = plain(letter.cause, _BODY_MAX)
    body = plain(message.body, _BODY_MAX)
    show_facts({**facts, "body": f"{size(len(message.body.encode()))}: {body}"})
    if letter.result and letter.result.attempts:
        sys.stdout.write("\n")
        rows = []
        for attempt in letter.result.attempts:
            at = instant(attempt.at)
            when = clock(at) if at else plain(attempt.at, 40)
            rows.append(
                (str(attempt.attempt), when, plain(attempt.worker, 40), plain(attempt.cause, _BODY_MAX))
            )
        show_table(("attempt", "at", "worker", "cause"), rows, {"attempt"})


def _for_machines(letter: "Letter") -> dict[str, Any]:
    request, result = letter.request, letter.result
    return {
        "id": letter.id, "message_id": letter.message.id, "request": request is not None,
        "operation": request and request.operation, "sent_at": letter.sent.isoformat(timespec="milliseconds"),
        "cause": letter.cause, "status": result and result.status,
        "attempts": [vars(attempt) for attempt in result.attempts] if result else [],
        "head": letter.message.body[:200],
    }  # fmt: skip
