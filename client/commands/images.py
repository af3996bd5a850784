"""The commands that change images, made from what the catalogue declares."""

from pathlib import Path

import click

from client.invocation import Invocation, examples, with_shared_options
from client.parameters import example, given, options
from jobs.catalogue import OPERATIONS, Operation
from jobs.parameters import Value

_HELP = """{summary}

Sends each IMAGE to a worker and writes what comes back. IMAGE is a file, a folder with all in it,
or '-' for standard input; there may be several.

Of a folder, the outputs lie in a folder under the same paths. Many images go out and come back at
once, and --timeout is how long to wait without any of them coming back [120]. After Ctrl-C, a kill
or an error, the same command with --resume goes on where it was. What failed is listed at the end.
"""

_OUT_HELP = "Output file or folder; '-' is standard output [default: IMAGE-{name}]."
_NAME_HELP = (
    "Name of the output in the bucket [default: that of the output file, in a folder of the job's]; its "
    "ending says which format is written. For many images the folder there that holds them."
)


def image_command(operation: Operation) -> click.Command:
    """Make the command of an image operation from what the catalogue says of it."""

    @with_shared_options()
    def command(
        invocation: Invocation, images: tuple[str, ...], out: str | None, name: str | None,
        no_download: bool, resume: bool, **typed: Value | None,
    ) -> None:  # fmt: skip
        from client.commands import many_images, one_image

        parameters = given(typed)
        if no_download and out is not None:
            raise click.UsageError("Give --out or --no-download, not both.")
        if len(images) == 1 and not Path(images[0]).is_dir():
            one_image.run(
                invocation, operation.name, parameters, images[0], out, name, download=not no_download
            )
            return
        if "-" in images or out == "-":
            raise click.UsageError("Standard input and output ('-') take a single image.")
        many_images.run(
            invocation, operation.name, parameters, images, out, name,
            download=not no_download, resume=resume,
        )  # fmt: skip

    own = [
        click.Argument(["images"], nargs=-1, required=True, metavar="IMAGE..."),
        click.Option(["--out", "-o"], metavar="PATH", help=_OUT_HELP.format(name=operation.name)),
        click.Option(["--name"], help=_NAME_HELP),
        click.Option(["--no-download"], is_flag=True, help="Leave the outputs in the bucket."),
        click.Option(["--resume"], is_flag=True, help="Go on with the same command that did not end."),
        *options(operation),
    ]
    shared = list(reversed(command.__click_params__))  # type: ignore[attr-defined]
    return click.Command(
        operation.name, callback=command, params=[*own, *shared],
        help=_HELP.format(summary=operation.summary), epilog=_examples(operation),
    )  # fmt: skip


def _examples(operation: Operation) -> str:
    needed = bool(operation.one_of) or any(parameter.required for parameter in operation.parameters)
    made = (
        f"photo.jpg -o out.png{example(operation)}",
        f"photos/ -o out/{example(operation) if needed else ''}",
    )
    return examples(*(f"jobfleet {operation.name} {words}" for words in operation.examples or made))


IMAGE_COMMANDS = [image_command(operation) for operation in OPERATIONS.values() if operation.gives == "image"]
