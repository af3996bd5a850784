"""The commands for images, made from what the catalogue declares."""

import click
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Value

from jobfleet.cli.invocation import Invocation, examples, with_shared_options
from jobfleet.cli.operation_options import example, given, options
from jobfleet.cli.option_values import complete_files

_INPUTS = "IMAGE is a file, a folder with everything in it, or '-' for standard input. You can give several."

_FOLDER = "The outputs of a folder are written to a folder, under the same paths."

_MANY = """Many images are sent and fetched in parallel. --timeout is then how long to wait while no image
comes back [default: 120]. After Ctrl-C, a kill or an error, run the same command with --resume: it continues
where it stopped. Failed images are listed at the end."""

_SENDS = {
    "image": "Sends each IMAGE to a worker and writes the image that comes back.",
    "file": "Sends each IMAGE to a worker and prints what it found. With --out it also writes a file.",
    "answer": "Sends each IMAGE to a worker and prints what it found.",
}

_OUT_HELP = "Output file or folder; '-' is standard output [default: IMAGE-{name}]."
_NAME_HELP = (
    "Name of the output in the bucket [default: the output file's name, in a folder of the job's own]. Its "
    "ending decides the format. For many images: name of their folder in the bucket."
)
_FILE_OUT_HELP = "Also write a file ({endings}), or files into a folder; '-' is standard output."
_FILE_NAME_HELP = (
    "Name of the file in the bucket [default: the output file's name, in a folder of the job's own]. For "
    "many images: name of their folder in the bucket. Without --out, the file stays in the bucket."
)
_ENDING_HELP = "Ending of files that you do not name, as in folders: {endings}."


def image_command(operation: Operation) -> click.Command:
    """Make the command of an operation on images from what the catalogue says of it."""

    @with_shared_options()
    def command(
        invocation: Invocation, images: tuple[str, ...], resume: bool, out: str | None = None,
        name: str | None = None, no_download: bool = False, ending: str | None = None,
        **typed: Value | None,
    ) -> None:  # fmt: skip
        from jobfleet.cli.inputs import one_or_many
        from jobfleet.sending.output_paths import WantedOutput

        if no_download and out is not None:
            raise click.UsageError("Give --out or --no-download, not both.")
        fetched = not no_download if operation.gives == "image" else out is not None
        wanted = WantedOutput(operation, given(typed), out, name, fetched=fetched, ending=ending)
        one_or_many.run(invocation, wanted, images, resume=resume, kind="image")

    own = [
        click.Argument(
            ["images"], nargs=-1, required=True, metavar="IMAGE...", shell_complete=complete_files
        ),
        *_output_options(operation),
        click.Option(["--resume"], is_flag=True, help="Continue the same command where it was interrupted."),
        *options(operation),
    ]
    shared = list(reversed(command.__click_params__))  # type: ignore[attr-defined]
    folder = [] if operation.gives == "answer" else [_FOLDER]
    paragraphs = [operation.summary, _SENDS[operation.gives], _INPUTS, *folder, _MANY]
    return click.Command(
        operation.name, callback=command, params=[*own, *shared],
        help="\n\n".join(paragraphs), epilog=_examples(operation),
    )  # fmt: skip


def _output_options(operation: Operation) -> list[click.Option]:
    if operation.gives == "answer":
        return []
    if operation.gives == "image":
        return [
            _out_option(_OUT_HELP.format(name=operation.name)),
            click.Option(["--name"], help=_NAME_HELP),
            click.Option(["--no-download"], is_flag=True, help="Leave the outputs in the bucket."),
        ]
    endings = ", ".join(operation.endings)
    made = [
        _out_option(_FILE_OUT_HELP.format(endings=endings)),
        click.Option(["--name"], help=_FILE_NAME_HELP),
    ]
    if len(operation.endings) > 1:
        kind = click.Choice(operation.endings)
        made.append(
            click.Option(
                ["--ending"],
                type=kind,
                default=operation.endings[0],
                show_default=True,
                metavar="ENDING",
                help=_ENDING_HELP.format(endings=endings),
            )
        )
    return made


def _out_option(words: str) -> click.Option:
    return click.Option(["--out", "-o"], metavar="PATH", help=words, shell_complete=complete_files)


def _examples(operation: Operation) -> str:
    needed = bool(operation.one_of) or any(parameter.required for parameter in operation.parameters)
    made = (
        f"photo.jpg -o out.png{example(operation)}",
        f"photos/ -o out/{example(operation) if needed else ''}",
    )
    return examples(*(f"jobfleet {operation.name} {words}" for words in operation.examples or made))


IMAGE_COMMANDS = [image_command(operation) for operation in OPERATIONS.values() if operation.takes == "image"]
