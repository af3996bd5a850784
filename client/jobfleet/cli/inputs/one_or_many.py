"""Files as inputs of a command: one of them, or many. Imported when such a command is run."""

from collections.abc import Sequence

import click

from jobfleet.cli.inputs import many_files, one_file
from jobfleet.cli.invocation import Invocation
from jobfleet.files.outputs import is_standard_output
from jobfleet.files.paths import is_folder
from jobfleet.sending.output_paths import WantedOutput


def run(
    invocation: Invocation, wanted: WantedOutput, inputs: Sequence[str], *, resume: bool, kind: str
) -> None:
    """Send one file, or all of several and of folders; `kind` is what people call one of them."""
    if len(inputs) == 1 and not is_folder(inputs[0]):
        one_file.run(invocation, wanted, inputs[0])
        return
    if "-" in inputs or is_standard_output(wanted.out):
        raise click.UsageError(f"Standard input and output ('-') take a single {kind}.")
    many_files.run(invocation, wanted, inputs, resume=resume)
