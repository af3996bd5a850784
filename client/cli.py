"""`jobfleet`: send jobs to the workers of a stack from the command line.

Only click and the standard library are imported up here: the help must come at once.
"""

import functools
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from client.errors import EXIT_MEANINGS, BadInput, Exit, FleetError, JobFailed
from client.output import Output
from jobs.catalogue import OPERATIONS, Operation
from jobs.version import __version__

if TYPE_CHECKING:
    from client.fleet import Fleet, Job

TIMEOUT_SECONDS = 10.0

_EPILOG = "\b\nExit codes:\n" + "\n".join(
    f"  {code:>3}  {meaning}" for code, meaning in EXIT_MEANINGS.items()
)

_VARS_HELP = (
    "Variables file to read stack_name and aws_region from [default: inventory/group_vars/all.yml here or "
    "in a folder above]."
)
# The options that may stand before and after a command's name: what they are called inside, as
# `click.option` wants them, and whether each command's own help repeats them.
_SHARED: Mapping[str, tuple[tuple[str, ...], bool, Mapping[str, Any]]] = {
    "stack": (("--stack",), False, {"metavar": "NAME", "help": "The stack's name."}),
    "region": (("--region",), False, {"metavar": "REGION", "help": "The stack's AWS region."}),
    "bucket": (("--bucket",), False, {"metavar": "NAME", "help": "The bucket, if not the stack's own."}),
    "vars_file": (("--vars",), False, {"metavar": "FILE", "help": _VARS_HELP}),
    "endpoint_url": (("--endpoint-url",), False, {"metavar": "URL", "help": "Another AWS than Amazon's."}),
    "timeout": (
        ("--timeout",), True,
        {"type": click.FloatRange(min=0), "metavar": "SECONDS", "help": "How long to wait [default: 10]."},
    ),
    "as_json": (("--json",), True, {"is_flag": True, "default": None, "help": "Print results as JSON."}),
    "quiet": (("--quiet", "-q"), True, {"is_flag": True, "default": None, "help": "No talk, no progress."}),
}  # fmt: skip


class Shell:
    """What the commands share: the options given before or after the command's name."""

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}

    @property
    def timeout(self) -> float:
        """Seconds to wait for an answer."""
        given = self.options.get("timeout")
        return TIMEOUT_SECONDS if given is None else float(given)

    @property
    def output(self) -> Output:
        """Where results and talk go."""
        return Output(as_json=bool(self.options.get("as_json")), quiet=bool(self.options.get("quiet")))

    def fleet(self) -> "Fleet":
        """Find the stack that is meant."""
        from client import settings
        from client.fleet import Fleet

        names = ("stack", "region", "bucket", "vars_file", "endpoint_url")
        return Fleet(settings.find(**{name: self.options.get(name) for name in names}))

    def add(self, options: dict[str, Any]) -> None:
        """Take options as given; those nearest to the command win."""
        self.options.update({name: value for name, value in options.items() if value is not None})


def _with_shared_options(show: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the shared options to a command, whose function gets a `Shell` in their place."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def with_shell(*args: Any, **options: Any) -> Any:
            shell = click.get_current_context().ensure_object(Shell)
            shell.add({name: options.pop(name) for name in _SHARED})
            return function(shell, *args, **options)

        decorated: Callable[..., Any] = with_shell
        for inside, (names, shown, how) in reversed(list(_SHARED.items())):
            decorated = click.option(*names, inside, **how, hidden=not (show or shown))(decorated)
        return decorated

    return decorate


@click.group(
    epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="jobfleet")
@_with_shared_options(show=True)
def cli(shell: Shell) -> None:
    """Send jobs to the workers on your AWS account and get their answers.

    The options below may also stand after a command.
    """


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("numbers", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--file", "-f", "file", metavar="FILE", help="Read the numbers from FILE; '-' is standard input."
)
@_with_shared_options(show=False)
def stats(shell: Shell, numbers: tuple[str, ...], file: str | None) -> None:
    """Count, mean, minimum, maximum and median of NUMBERS.

    Numbers stand apart by white space, commas or semicolons; '-' alone reads standard input.
    """
    text = _numbers_text(numbers, file)
    with shell.fleet() as fleet:
        try:
            job = _submit(shell, fleet, OPERATIONS["stats"], text)
        except BadInput as problem:
            raise BadInput(
                f"{file}: {problem}" if file else str(problem).removeprefix("line 1: ")
            ) from problem
        shell.output.stats(_wait(shell, job))


def _numbers_text(numbers: tuple[str, ...], file: str | None) -> str:
    option = next((number for number in numbers if number.startswith("--")), None)
    if option:
        raise click.NoSuchOption(option)
    if numbers and file:
        raise click.UsageError("Give numbers or --file, not both.")
    if numbers == ("-",) or file == "-":
        return _decoded(sys.stdin.buffer.read(), "standard input")
    if file:
        from client.fleet import opened

        with opened(Path(file)) as source:
            return _decoded(source.read(), file)
    if not numbers:
        raise click.UsageError("Give numbers, --file FILE, or '-' for standard input.")
    return " ".join(numbers)


def _decoded(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise BadInput(f"{where} holds no UTF-8 text, so no numbers") from problem


def _image_command(operation: Operation) -> click.Command:
    """Make the command of an image operation from what the catalogue says of it."""

    @_with_shared_options(show=False)
    def command(shell: Shell, image: str, out: str | None, name: str | None, **parameters: int) -> None:
        from client.fleet import out_path

        path = out_path(image, operation.name, out)
        with shell.fleet() as fleet:
            job = _submit(
                shell, fleet, operation, Path(image), name=name, file_name=path.name, parameters=parameters
            )
            result = _wait(shell, job)
            with shell.output.waiting(f"writing {path}"):
                fleet.download(result, path)
        shell.output.image(result, str(path))

    options = [
        click.Argument(["image"], type=click.Path()),
        click.Option(["--out", "-o"], metavar="FILE", help=f"Output file [default: IMAGE-{operation.name}]."),
        click.Option(["--name"], help="Name of the output in the bucket [default: that of FILE, in a "
                                      "folder of the job's]; its ending says which format is written."),
        *(click.Option(["--" + p.name], type=click.IntRange(p.minimum, p.maximum), default=p.default,
                       show_default=True, help=p.help) for p in operation.parameters),
    ]  # fmt: skip
    shared = list(reversed(command.__click_params__))  # type: ignore[attr-defined]
    return click.Command(
        operation.name, callback=command, params=[*options, *shared],
        help=f"{operation.summary}\n\nSends IMAGE to a worker and writes what comes back to a file.",
    )  # fmt: skip


for _operation in OPERATIONS.values():
    if _operation.takes == "image":
        cli.add_command(_image_command(_operation))


@cli.command()
@click.argument("job_id", metavar="ID")
@click.option("--out", "-o", metavar="FILE", help="Write the job's output, if it has one, to FILE.")
@_with_shared_options(show=False)
def result(shell: Shell, job_id: str, out: str | None) -> None:
    """Fetch the stored result of the job ID, from any machine, at any time."""
    from client.errors import NoAnswerInTime
    from client.fleet import out_path

    with shell.fleet() as fleet:
        found = fleet.find_result(job_id)
        if found is None:
            raise NoAnswerInTime(
                f"there is no result of job {job_id}: it is not done yet, or was never sent"
                f"{fleet.why_not_yet(job_id)}",
                job_id,
            )
        if found.status == "failed":
            raise JobFailed(found)
        if out:
            fleet.download(found, out_path(out, "", out))
    if found.output:
        shell.output.image(found, out)
    else:
        shell.output.stats(found)


def _submit(shell: Shell, fleet: "Fleet", operation: Operation, source: Any, **more: Any) -> "Job":
    with shell.output.waiting("sending the job"):
        return fleet.submit(operation.name, source, **more)


def _wait(shell: Shell, job: "Job") -> Any:
    try:
        with shell.output.waiting("waiting for a worker"):
            return job.result(shell.timeout)
    except KeyboardInterrupt:
        shell.output.say(
            f"job {job.id} goes on without you; fetch its result with `jobfleet result {job.id}`"
        )
        raise


def main() -> None:
    """Run the command line; the one place where errors become words and exit codes."""
    shell = Shell()
    try:
        code = cli.main(prog_name="jobfleet", obj=shell, standalone_mode=False)
        sys.exit(code if isinstance(code, int) else Exit.OK)
    except JobFailed as problem:
        shell.output.failed(problem.result)
        _fail(f"the job failed: {problem}", problem.exit)
    except FleetError as problem:
        _fail(str(problem), problem.exit)
    except click.ClickException as problem:
        problem.show()
        sys.exit(problem.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _fail("interrupted", Exit.INTERRUPTED)
    except Exception as problem:
        if os.environ.get("JOBFLEET_TRACE"):
            raise
        _fail(f"unforeseen: {type(problem).__name__}: {problem} (JOBFLEET_TRACE=1 shows where)", Exit.ERROR)


def _fail(words: str, code: Exit) -> None:
    sys.stderr.write(f"jobfleet: {words}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
