"""Files as inputs of a command: one of them, or many. Imported when such a command is run."""

from collections.abc import Sequence
from pathlib import Path

import click

from client.commands import many_images, one_image
from client.invocation import Invocation
from client.outputs import Wanted


def run(invocation: Invocation, wanted: Wanted, inputs: Sequence[str], *, resume: bool, kind: str) -> None:
    """Send one file, or all of several and of folders; `kind` is what people call one of them."""
    if len(inputs) == 1 and not Path(inputs[0]).is_dir():
        one_image.run(invocation, wanted, inputs[0])
        return
    if "-" in inputs or wanted.out == "-":
        raise click.UsageError(f"Standard input and output ('-') take a single {kind}.")
    many_images.run(invocation, wanted, inputs, resume=resume)
