"""An image command with a single image. Imported when one is run."""

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from jobfleet.cli.invocation import Invocation
from jobfleet.files.inputs import kept
from jobfleet.files.outputs import is_standard_output, make_folder
from jobfleet.files.paths import is_folder, named
from jobfleet.sending.output_paths import WantedOutput, out_path

if TYPE_CHECKING:
    from collections.abc import Iterator


def run(invocation: Invocation, wanted: WantedOutput, image: str) -> None:
    """Send an image and bring back what becomes of it."""
    unnamed = image == "-" and wanted.out is None
    to_stdout = wanted.fetched and (is_standard_output(wanted.out) or unnamed)
    if to_stdout and invocation.output.as_json:
        raise click.UsageError("--json and an output cannot both go to standard output; give --out FILE.")
    path = None if to_stdout or not wanted.fetched else _path(image, wanted)
    with invocation.fleet() as fleet, _source(image) as source:
        file_name = path.name if path else wanted.file_name(_name(image)) if to_stdout else None
        result = invocation.do(
            fleet, wanted.operation, source, name=wanted.name, file_name=file_name,
            parameters=wanted.parameters,
        )  # fmt: skip
        size = result.output.bytes if result.output else 0
        if path:
            with invocation.output.moving(f"writing {named(path)}", size) as on_progress:
                fleet.download(result, path, on_progress)
        elif to_stdout:
            with invocation.output.moving("writing", size) as on_progress:
                fleet.exchange.download_to(result, sys.stdout.buffer, on_progress)
            invocation.output.notes(result)
            return
        invocation.output.result(result, str(path) if path else None)


def _path(image: str, wanted: WantedOutput) -> Path:
    out, operation = wanted.out, wanted.operation.name
    if out is not None and (out.endswith("/") or is_folder(out)):
        folder = Path(out)
        make_folder(folder)
        name = f"image-{operation}" if image == "-" else Path(image).name
        return out_path(image, operation, folder / wanted.local_name(name))
    return out_path(image, operation, out, wanted.parameters)


def _name(image: str) -> str:
    return "image" if image == "-" else Path(image).name


@contextmanager
def _source(image: str) -> "Iterator[Path | BinaryIO]":
    if image != "-":
        yield Path(image)
        return
    with kept(sys.stdin.buffer, "standard input") as file:
        yield file
