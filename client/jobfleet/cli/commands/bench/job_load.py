"""`jobfleet bench jobs`: load for the queue and the workers."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jobfleet.cli.commands.bench.load_options import LoadCommand, scenario_of, with_load_options
from jobfleet.cli.invocation import Invocation, examples, with_shared_options
from jobfleet.cli.option_values import complete_files, complete_operations

if TYPE_CHECKING:
    from jobfleet_jobs.operations.operation import Operation

REQUESTS = 100
# One job always goes before, so that workers are there.
WARM_UP = 0
# A worker's answer has somebody who waits for it, so answers do not gather for longer.
_GATHER_SECONDS = 0.02
_NUMBERS = "1 2 3"


@click.command(
    cls=LoadCommand,
    epilog=examples(
        "jobfleet bench jobs --operation greyscale --concurrency 1 10 50 100",
        "jobfleet bench jobs --operation stats --rate 20 --duration 60 --json",
    ),
)
@click.option("--operation", default="stats", show_default=True, metavar="NAME",
              help="What the jobs are to do.", shell_complete=complete_operations)  # fmt: skip
@click.option("--input", "source", metavar="FILE", shell_complete=complete_files,
              help="The input of every job [default: a small image, or three numbers].")  # fmt: skip
@click.option("--param", "-p", "params", multiple=True, metavar="NAME=VALUE",
              help="A parameter of the operation. Can be given several times.")  # fmt: skip
@with_load_options("--concurrency", REQUESTS, WARM_UP)
@with_shared_options()
def jobs(
    invocation: Invocation, operation: str, source: str | None, params: tuple[str, ...], **options: Any
) -> None:
    """Send jobs through the queue and report how long each takes, from sending it to its answer.

    One job goes first and is not measured: it starts a sleeping fleet. --timeout is how long to wait
    for one answer [default: 10]; jobs without an answer by then are not taken back.

    Outputs stay in the bucket as those of other jobs do. They are not downloaded.
    """
    from jobfleet.bench.needs import require_packages
    from jobfleet.cli.commands.send.run import read_parameters

    scenario = scenario_of(options, REQUESTS, WARM_UP)
    require_packages()
    from jobfleet.bench.engine.job_target import JobTarget
    from jobfleet.cli.commands.bench.carry_out import carry_out

    with (
        tempfile.TemporaryDirectory(prefix="jobfleet-bench-") as folder,
        invocation.fleet(gather_seconds=_GATHER_SECONDS) as fleet,
    ):
        declared = fleet.operation(operation)
        parameters = read_parameters(declared, params)
        given = _source(declared, source, Path(folder))
        invocation.do(fleet, declared, given, parameters=parameters)
        target = JobTarget(fleet, declared, given, parameters, invocation.timeout)
        carry_out(invocation, scenario, [target], options)


def _source(declared: "Operation", source: str | None, folder: Path) -> str | Path:
    """Return what the jobs get: the file that was named, or something small that fits the operation."""
    if source is not None:
        return Path(source)
    if declared.takes == "numbers":
        return _NUMBERS
    if declared.takes == "image":
        from jobfleet.bench.sample_image import make_png

        path = folder / "bench.png"
        path.write_bytes(make_png())
        return path
    raise click.UsageError(f"{declared.name} takes a file: give one with --input.")
