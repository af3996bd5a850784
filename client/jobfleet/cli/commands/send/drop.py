"""`jobfleet drop`: files for the drop folder, and the states of those that lie there."""

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from jobfleet.cli.invocation import Invocation, examples, with_shared_options
from jobfleet.cli.option_values import complete_files

if TYPE_CHECKING:
    from jobfleet.aws.account import Account
    from jobfleet.stack.drop_folder import DropStatus

_HEADERS = ("state", "key", "bytes", "put", "job")
_NUMBERS = frozenset({"bytes"})
_KEY_MAX = 120

_MORE = (
    "note: there is more than was looked at, so some that is shown as waiting may be done; narrow it "
    "with --operation"
)


@click.command(
    epilog=examples(
        "jobfleet drop photo.jpg --operation greyscale",
        "jobfleet drop photos/ --operation threshold --param level=100",
        "jobfleet drop --status --operation greyscale",
        "jobfleet drop --again",
    )
)
@click.argument("files", metavar="FILE...", shell_complete=complete_files, nargs=-1)
@click.option("--operation", metavar="NAME", help="The operation to do with the files.")
@click.option(
    "--param", "-p", "params", multiple=True, metavar="NAME=VALUE",
    help="A parameter of the operation. Can be given several times.",
)  # fmt: skip
@click.option(
    "--ending", metavar=".TXT",
    help="Append this to the names of the outputs: the format to write, or the extra file to make.",
)  # fmt: skip
@click.option("--status", is_flag=True, help="Show what is in the drop folder, and what became of it.")
@click.option("--again", is_flag=True, help="Send again what has waited for over ten minutes.")
@with_shared_options()
def drop(
    invocation: Invocation, files: tuple[str, ...], operation: str | None, params: tuple[str, ...],
    ending: str | None, status: bool, again: bool,
) -> None:  # fmt: skip
    """Put files into the drop folder, where workers find and process them.

    Each FILE goes to incoming/OPERATION/ in the stack's bucket, and its key is printed. The files of a
    folder go below the folder's name. The command does not wait. Outputs appear under
    outputs/OPERATION/ with the same names, results under results/. Any program that can put an object
    there does the same.

    --status shows what is waiting, succeeded, failed (with the code of the reason) or failing
    (attempts broke; see `jobfleet dead list`), and each job's id for `jobfleet result`.

    A file that has waited for over ten minutes is marked "waiting too long". Look at `jobfleet status`
    first: if no worker is alive or many jobs wait, it waits for its turn. If not, AWS may not have told the
    workers of it, as in the first five minutes after a deployment. --again sends it once more, if it was
    put within the last seven days: of an older one the work may be done and its result expired.
    """
    if [status, again, bool(files)].count(True) != 1:
        raise click.UsageError("Give files to drop, or --status, or --again.")
    if (status or again) and (params or ending):
        raise click.UsageError("--param and --ending go with files.")
    if status:
        _show(invocation, operation)
        return
    if again:
        _send_again(invocation, operation)
        return
    if operation is None:
        raise click.UsageError("Give --operation: what is to be done with the files.")
    _put(invocation, files, operation, params, ending)


def _put(
    invocation: Invocation,
    files: tuple[str, ...],
    operation: str,
    params: tuple[str, ...],
    ending: str | None,
) -> None:
    from jobfleet.aws.bucket import Bucket
    from jobfleet.sending import drop_plan
    from jobfleet.stack.drop_folder import DropFolder
    from jobfleet.stack.offered_operations import Known, read_offers

    account, output = invocation.account(), invocation.output
    known = Known(lambda: read_offers(Bucket(account)))
    declared = known.find(operation)
    if known.words:
        output.say(f"note: {known.words}")
    told = drop_plan.metadata(declared, dict(map(_pair, params)), ending)
    plan = drop_plan.plan(operation, files)
    folder = DropFolder(account)
    with output.progress("dropping", len(plan)) as advance:
        for one in plan:
            folder.put(one, told)
            row = {"key": one.key, "file": str(one.path)}
            output.write(json.dumps(row, ensure_ascii=False) if invocation.as_json else one.key)
            advance(1)
    _wake(invocation, account)


def _wake(invocation: Invocation, account: "Account") -> None:
    """Start the first worker where the stack scales and none is there: it need not wait for the alarm."""
    from jobfleet.stack.scaling.waking import Waking

    waking = Waking(account, lambda: True, invocation.output.say)
    waking.sent(at_once=True)
    waking.close()


def _send_again(invocation: Invocation, operation: str | None) -> None:
    from jobfleet.human_text import many, plain
    from jobfleet.stack import drop_folder

    account, output = invocation.account(), invocation.output
    folder = drop_folder.DropFolder(account)
    late = folder.overdue(operation)
    overdue, sent = [one for one in late if not one.is_too_old], 0
    with output.progress("sending again", len(overdue)) as advance:
        for one in overdue:
            why = folder.put_again(one.key)
            if why is None:
                sent += 1
                key = json.dumps({"key": one.key}, ensure_ascii=False) if invocation.as_json else one.key
                output.write(key)
            else:
                output.say(f"{plain(one.key, _KEY_MAX)}: not sent again: {why}")
            advance(1)
    if overdue:
        output.say(f"{many(sent, 'file')} sent again")
        _wake(invocation, account)
    elif not late:
        output.say("nothing has waited for over ten minutes")
    if left_out := len(late) - len(overdue):
        output.say(f"note: {_too_old(left_out)}")


def _too_old(count: int) -> str:
    from jobfleet.human_text import many
    from jobfleet.stack.drop_folder import AGAIN_WITHIN

    return (
        f"`jobfleet drop --again` leaves out {many(count, 'file')} put over {AGAIN_WITHIN.days} days ago: "
        "the work may be done and its result expired; drop anew what has no output"
    )


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.UsageError(f"--param {text}: give NAME=VALUE.")
    return name.replace("-", "_"), value


def _show(invocation: Invocation, operation: str | None) -> None:
    from jobfleet.stack import drop_folder

    found, whole = drop_folder.DropFolder(invocation.account()).look(operation)
    if invocation.as_json:
        for one in found:
            sys.stdout.write(json.dumps(_for_machines(one), ensure_ascii=False) + "\n")
    elif found:
        from jobfleet.cli.terminal.tables import show_table

        show_table(_HEADERS, [_row(one) for one in found], _NUMBERS)
    sys.stdout.flush()
    counts = (
        (state, sum(one.state == state for one in found))
        for state in dict.fromkeys(one.state for one in found)
    )
    invocation.output.say(", ".join(f"{count:,} {state}" for state, count in counts) or "nothing was dropped")
    too_old = sum(one.is_too_old for one in found)
    if late := sum(one.is_overdue for one in found) - too_old:
        invocation.output.say(
            f"note: {late:,} waited for over ten minutes: see `jobfleet status`; if workers are alive and "
            "nothing is in line, send it again with `jobfleet drop --again`"
        )
    if too_old:
        invocation.output.say(f"note: {_too_old(too_old)}")
    if not whole:
        invocation.output.say(_MORE)


def _row(one: "DropStatus") -> tuple[str, ...]:
    from jobfleet.human_text import ago, plain

    state = f"{one.state}: {one.code}" if one.code else one.state
    state += " too long" if one.is_overdue else ""
    return state, plain(one.key, _KEY_MAX), f"{one.size:,}", ago(one.put), one.job or "-"


def _for_machines(one: "DropStatus") -> dict[str, Any]:
    return {
        "state": one.state, "key": one.key, "bytes": one.size,
        "put_at": one.put.isoformat(timespec="seconds"), "job": one.job, "code": one.code,
        "overdue": one.is_overdue,
    }  # fmt: skip
