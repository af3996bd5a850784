"""`jobfleet run`: any operation that the live workers offer, with the help that it declares."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from jobfleet_jobs.credentials.redaction import cut

from jobfleet.cli.invocation import Invocation, examples, with_shared_options
from jobfleet.cli.option_values import complete_files, complete_operations
from jobfleet.errors import BadInput

if TYPE_CHECKING:
    from jobfleet_jobs.operations.operation import Operation
    from jobfleet_jobs.operations.parameters import Value

_TAKES = {
    "numbers": "INPUT are numbers, apart by white space or commas, or '-' for standard input.",
    "image": "INPUT is an image, a folder with images, or '-' for standard input; there may be several.",
    "file": "INPUT is a file, a folder with all in it, or '-' for standard input; there may be several.",
}


@click.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True},
    epilog=examples(
        "jobfleet run word-count --help",
        "jobfleet run word-count README.md --param top=5",
        "jobfleet run my-report data/ -o reports/",
    ),
)
@click.argument("operation", required=False, shell_complete=complete_operations)
@click.argument(
    "inputs", nargs=-1, type=click.UNPROCESSED, metavar="[INPUT]...", shell_complete=complete_files
)
@click.option(
    "--param", "-p", "params", multiple=True, metavar="NAME=VALUE",
    help="A parameter. Can be given several times.",
)  # fmt: skip
@click.option(
    "--file", "-f", "file", metavar="FILE", help="Read numbers from FILE; '-' is standard input.",
    shell_complete=complete_files,
)  # fmt: skip
@click.option(
    "--out", "-o", metavar="PATH", help="Output file or folder; '-' is standard output.",
    shell_complete=complete_files,
)  # fmt: skip
@click.option("--name", help="Name of the output in the bucket; for several inputs, of their folder there.")
@click.option(
    "--resume", is_flag=True, help="Continue the same command on many files where it was interrupted."
)
@click.option("--help", "-h", "wants_help", is_flag=True, help="Show how OPERATION is used, and exit.")
@with_shared_options()
@click.pass_context
def run(
    context: click.Context, invocation: Invocation, operation: str | None, inputs: tuple[str, ...],
    params: tuple[str, ...], file: str | None, out: str | None, name: str | None, resume: bool,
    wants_help: bool,
) -> None:  # fmt: skip
    """Run any OPERATION that the live workers offer, also one of a package of your own.

    `jobfleet operations` lists them. `jobfleet run OPERATION --help` asks the workers and shows what
    OPERATION takes: INPUT is numbers, or files and folders. While a fleet that scales has no worker, what
    the next hosts will offer counts.
    """
    if operation is None:
        if not wants_help:
            raise click.UsageError("Give an OPERATION; `jobfleet operations` lists them.")
        click.echo(context.get_help())
        return
    from jobfleet.aws.bucket import Bucket
    from jobfleet.stack.offered_operations import Known, read_offers

    account = invocation.account()
    known = Known(lambda: read_offers(Bucket(account)))
    declared = known.find(operation)
    if wants_help:
        asleep = ["", f"  {known.words}"] if known.words else []
        click.echo("\n".join(_help(declared) + asleep))
        return
    if known.words:
        invocation.output.say(f"note: {known.words}")
    option = next((word for word in inputs if word.startswith("--")), None)
    if option:
        raise click.UsageError(_no_such_option(declared, option))
    values = read_parameters(declared, params)
    if declared.takes == "numbers":
        _on_numbers(invocation, declared, values, inputs, file, out, name)
    else:
        _on_files(invocation, declared, values, inputs, file, out, name, resume=resume)


def _on_numbers(
    invocation: Invocation, declared: "Operation", values: "dict[str, Value]", inputs: tuple[str, ...],
    file: str | None, out: str | None, name: str | None,
) -> None:  # fmt: skip
    from jobfleet.cli.commands.send.stats import numbers_text
    from jobfleet.files.outputs import is_standard_output, writable

    text = numbers_text(inputs, file)
    _check_out(declared, out)
    if out is not None and not is_standard_output(out):
        writable(Path(out))
    with invocation.fleet() as fleet:
        result = invocation.do(
            fleet, declared, text, parameters=values, name=name,
            file_name=Path(out or f"{declared.name}{(declared.endings or ('',))[0]}").name if out else None,
        )  # fmt: skip
        if is_standard_output(out):
            fleet.exchange.download_to(result, sys.stdout.buffer)
            return
        path = fleet.download(result, out) if out else None
        invocation.output.result(result, str(path) if path else None)


def _on_files(
    invocation: Invocation, declared: "Operation", values: "dict[str, Value]", inputs: tuple[str, ...],
    file: str | None, out: str | None, name: str | None, *, resume: bool,
) -> None:  # fmt: skip
    from jobfleet.cli.inputs import one_or_many
    from jobfleet.sending.output_paths import WantedOutput

    if file or not inputs:
        raise click.UsageError(f"Give INPUT: {declared.name} takes files." if not file else "No --file here.")
    _check_out(declared, out)
    fetched = declared.gives == "image" or out is not None
    wanted = WantedOutput(declared, values, out, name, fetched=fetched)
    one_or_many.run(invocation, wanted, inputs, resume=resume, kind="file")


def _check_out(declared: "Operation", out: str | None) -> None:
    if out is not None and declared.gives == "answer":
        raise click.UsageError(f"{declared.name} gives an answer and no file; leave --out away.")


def read_parameters(declared: "Operation", params: tuple[str, ...]) -> "dict[str, Value]":
    """Read `NAME=VALUE` by what is declared; a flag alone says yes. Raises `BadInput`."""
    from jobfleet_jobs.errors import BadJob
    from jobfleet_jobs.operations.parameters import Flag

    known = {parameter.name: parameter for parameter in declared.parameters}
    given: dict[str, Value] = {}
    for word in params:
        name, equals, text = word.partition("=")
        parameter = known.get(name.replace("-", "_"))
        if parameter is None:
            raise BadInput(declared.no_such_parameter(name).message)
        if not equals and not isinstance(parameter, Flag):
            raise BadInput(f"--param {cut(word)}: give it as {name}=VALUE, {parameter.bounds}")
        try:
            given[parameter.name] = parameter.read(text if equals else "true")
        except BadJob as problem:
            raise BadInput(problem.message) from problem
    for each in declared.parameters:
        if each.required and each.name not in given:
            raise BadInput(
                f"{declared.name} needs {each.name}: give --param {each.name}=VALUE, {each.bounds}"
            )
    try:
        declared.check(given)
    except BadJob as problem:
        raise BadInput(problem.message) from problem
    return given


def _no_such_option(declared: "Operation", option: str) -> str:
    name = option.partition("=")[0]
    meant = name.removeprefix("--").replace("-", "_")
    if meant in {parameter.name for parameter in declared.parameters}:
        return f"No such option {name!r}: give parameters of {declared.name} as --param {meant}=VALUE."
    return (
        f"No such option {name!r}; `jobfleet run --help` lists options, and with {declared.name}, parameters."
    )


def _help(declared: "Operation") -> list[str]:
    from jobfleet.cli.terminal.tables import plain_table

    needed = "".join(f" --param {each.name}=VALUE" for each in declared.parameters if each.required)
    others = not all(each.required for each in declared.parameters)
    more = f"{needed}{' [--param NAME=VALUE]...' * others}{' [-o PATH]' * (declared.gives != 'answer')}"
    lines = [
        f"Usage: jobfleet run {declared.name} INPUT...{more}", "",
        f"  {declared.summary}", "", f"  {_TAKES[declared.takes]}",
    ]  # fmt: skip
    if declared.gives == "file":
        lines += ["", f"  With --out it writes a file too, which ends in {', '.join(declared.endings)}."]
    if declared.parameters:
        rows = [
            (
                f"  {each.name}", f"{each.kind}: {each.bounds}",
                "required" if each.required else "" if each.default is None else str(each.default), each.help,
            )
            for each in declared.parameters
        ]  # fmt: skip
        lines += ["", *plain_table(("  parameter", "takes", "default", "what it is"), rows)]
    if declared.one_of:
        lines += ["", f"  Of {', '.join(declared.one_of)}, one must be given."]
    lines += ["", "  Options of every operation, such as --json and --timeout: `jobfleet run --help`."]
    if declared.examples:
        lines += ["", "Examples:", *(f"  jobfleet run {declared.name} {each}" for each in declared.examples)]
    return lines
