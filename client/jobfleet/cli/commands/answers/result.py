"""`jobfleet result`: the results of jobs."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from jobfleet.cli.invocation import Invocation, examples, with_shared_options
from jobfleet.cli.option_values import complete_files
from jobfleet.files.paths import is_folder, named

if TYPE_CHECKING:
    from jobfleet_jobs.protocol.message import Result

    from jobfleet.cli.terminal.output import CommandOutput
    from jobfleet.fleet import Fleet


@click.command(epilog=examples("jobfleet result 0190b3a0-5d3c-7000-8000-000000000000 -o grey.jpg"))
@click.argument("job_ids", metavar="ID...", nargs=-1, required=True)
@click.option(
    "--out", "-o", metavar="PATH", shell_complete=complete_files,
    help="Write the job's output, if it has one, to PATH: a file, or a folder. With several IDs, PATH must "
         "be a folder that exists. '-' is standard output.",
)  # fmt: skip
@with_shared_options()
def result(invocation: Invocation, job_ids: tuple[str, ...], out: str | None) -> None:
    """Fetch the stored results of the jobs with these IDs, from any machine, whoever sent them."""
    ids = list(dict.fromkeys(job_ids))
    with invocation.fleet() as fleet:
        if len(ids) == 1:
            _one(invocation.output, fleet, ids[0], out)
        else:
            _many(invocation.output, fleet, ids, out)


def _one(output: "CommandOutput", fleet: "Fleet", job_id: str, out: str | None) -> None:
    from jobfleet.errors import JobFailed, NoAnswerInTime
    from jobfleet.files.outputs import is_standard_output

    found = fleet.find_result(job_id)
    if found is None:
        raise NoAnswerInTime(
            f"there is no result of job {job_id}: it is not done yet, or was never sent"
            f"{fleet.exchange.why_not_yet(job_id)}",
            job_id,
        )
    if found.status == "failed":
        raise JobFailed(found)
    if is_standard_output(out) and found.output:
        import sys

        fleet.exchange.download_to(found, sys.stdout.buffer)
        return
    path = _write(fleet, found, out) if out else None
    output.result(found, path)


def _many(output: "CommandOutput", fleet: "Fleet", ids: list[str], out: str | None) -> None:
    from jobfleet.errors import BadOutput, NoAnswerInTime, SomeFailed

    if out is not None and not is_folder(out):
        raise BadOutput(f"{named(out)} is no folder; the outputs of several jobs need one that is there")
    found = fleet.find_results(ids)
    for job_id in ids:
        if job_id in found:
            each = found[job_id]
            file = _write(fleet, each, f"{out}/") if out and each.output else None
            output.line(each, file=file)
    missing = [job_id for job_id in ids if job_id not in found]
    if missing:
        raise NoAnswerInTime(
            f"{len(missing):,} of {len(ids):,} jobs have no result: they are not done yet, or were never "
            f"sent: {', '.join(missing)}",
            missing[0],
        )
    failed = sum(each.status == "failed" for each in found.values())
    if failed:
        raise SomeFailed(f"{failed:,} of {len(ids):,} jobs failed; their lines say why")


def _write(fleet: "Fleet", found: "Result", out: str) -> str:
    from jobfleet.files.outputs import writable

    if found.output and (out.endswith("/") or is_folder(out)):
        # Names in the bucket differ, but their last parts need not.
        name = Path(found.output.key).name
        target = Path(out) / name
        out = str(target if not target.exists() else Path(out) / f"{found.id}-{name}")
    return str(fleet.download(found, writable(Path(out))))
