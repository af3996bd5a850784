"""`jobfleet submit`: jobs that are sent and not waited for."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.parameters import Value

from jobfleet.cli.invocation import Invocation, examples, with_shared_options
from jobfleet.cli.operation_options import given, merged
from jobfleet.cli.option_values import complete_files, complete_operations
from jobfleet.files.paths import is_folder, named
from jobfleet.human_text import many

if TYPE_CHECKING:
    from jobfleet.sending.prepare import Prepared

# As many are uploaded and sent, and their ids told, before the next.
_AT_A_TIME = 100


@with_shared_options()
def _submit(
    invocation: Invocation, operation: str | None, inputs: tuple[str, ...], batch: str | None,
    name: str | None, **typed: Value | None,
) -> None:  # fmt: skip
    option = next((word for word in inputs if word.startswith("--")), None)
    if option:
        raise click.NoSuchOption(option)
    jobs = _jobs(operation, inputs, batch, name, given(typed), invocation)
    output, sent = invocation.output, 0
    with invocation.fleet(replies=False) as fleet:
        try:
            with output.progress("sending", len(jobs)) as advance:
                for start in range(0, len(jobs), _AT_A_TIME):
                    part = jobs[start : start + _AT_A_TIME]
                    for job, prepared in zip(fleet.exchange.send_prepared(part), part, strict=True):
                        if job.done():
                            job.result(0)  # raises why it was not taken
                        sent += 1
                        output.write(_line(prepared, as_json=output.as_json))
                    advance(len(part))
        except BaseException:
            told = "; their ids are above" if sent else ""
            output.say(f"{sent:,} of {many(len(jobs), 'job')} sent{told}")
            raise
    output.say(f"{sent:,} sent; `jobfleet wait ID…` waits for them, `jobfleet result ID` fetches one")


def _jobs(
    operation: str | None, inputs: tuple[str, ...], batch: str | None, name: str | None,
    parameters: dict[str, Any], invocation: Invocation,
) -> "list[Prepared]":  # fmt: skip
    if batch is not None:
        if operation or parameters or name:
            raise click.UsageError("The jobs in a --from FILE say all of themselves; give nothing beside it.")
        from jobfleet.sending.batch_file import read_jobs

        return read_jobs(_text(batch).splitlines(), batch if batch != "-" else "standard input")
    if not operation or not inputs:
        raise click.UsageError("Give an OPERATION and its input, or --from FILE.")
    from jobfleet.batch.plan import make_plan
    from jobfleet.sending.output_paths import WantedOutput
    from jobfleet.sending.prepare import prepare

    declared = OPERATIONS.get(operation)
    if declared is None or declared.takes == "numbers":
        text = _text("-") if inputs == ("-",) else " ".join(inputs)
        return [prepare(operation, text, parameters=parameters, name=name)]
    if len(inputs) == 1 and not is_folder(inputs[0]):
        return [prepare(operation, Path(inputs[0]), parameters=parameters, name=name)]
    plan = make_plan(WantedOutput(declared, parameters, name=name, fetched=False), inputs)
    for path in plan.skipped:
        invocation.output.say(f"note: left out {named(path)}: its name is not that of an image")
    return [prepare(operation, item.source, parameters=parameters, name=item.name) for item in plan.items]


def _text(file: str) -> str:
    from jobfleet.files.inputs import opened
    from jobfleet.sending.prepare import decoded

    if file == "-":
        return decoded(sys.stdin.buffer.read(), "standard input")
    with opened(Path(file)) as source:
        return decoded(source.read(), file)


def _line(prepared: "Prepared", *, as_json: bool) -> str:
    if not as_json:
        return prepared.id
    source = {"input": str(prepared.source)} if isinstance(prepared.source, Path) else {}
    return json.dumps({"id": prepared.id, "operation": prepared.operation, **source})


submit = click.Command(
    "submit",
    callback=_submit,
    context_settings={"ignore_unknown_options": True},
    params=[
        click.Argument(["operation"], required=False, shell_complete=complete_operations),
        click.Argument(
            ["inputs"], nargs=-1, metavar="[INPUT]...", type=click.UNPROCESSED, shell_complete=complete_files
        ),
        click.Option(
            ["--from", "batch"],
            metavar="FILE",
            shell_complete=complete_files,
            help="Send the jobs in FILE, one JSON object a line; '-' is standard input.",
        ),
        click.Option(
            ["--name"], help="Name of the output in the bucket; for many images, of their folder there."
        ),
        *merged(OPERATIONS.values()),
        *reversed(_submit.__click_params__),  # type: ignore[attr-defined]
    ],
    help="""Send jobs without waiting for them, and print their ids.

    INPUT is numbers ('-': standard input), or files and folders of images. A line of a --from FILE is
    {"operation": …, "numbers": […] or "file": …, "parameters": {…}, "name": …}. All lines are checked
    before the first job is sent, and every bad line is reported with its number.""",
    epilog=examples(
        "jobfleet submit stats 1 2 3",
        "jobfleet submit greyscale photos/",
        "jobfleet submit --from jobs.jsonl",
    ),
)
