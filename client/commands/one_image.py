"""An image command with a single image. Imported when one is run."""

import sys
import tempfile
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from client.invocation import Invocation
from client.outputs import out_path
from jobs.formats import fitting_name
from jobs.parameters import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

# What of standard input is kept in memory until its end is seen.
_IN_MEMORY_BYTES = 8 * 1024 * 1024


def run(
    invocation: Invocation, operation: str, parameters: Mapping[str, Value],
    image: str, out: str | None, name: str | None, *, download: bool,
) -> None:  # fmt: skip
    """Send an image and bring back what becomes of it."""
    to_stdout = download and (out == "-" or (image == "-" and out is None))
    if to_stdout and invocation.output.as_json:
        raise click.UsageError("--json and an image cannot both go to standard output; give --out FILE.")
    path = None if to_stdout or not download else _path(image, operation, out, parameters)
    with invocation.fleet() as fleet, _source(image) as source:
        file_name = path.name if path else (None if image == "-" else Path(image).name)
        job = invocation.submit(
            fleet, operation, source, name=name, file_name=file_name, parameters=parameters
        )
        result = invocation.wait(job)
        size = result.output.bytes if result.output else 0
        if path:
            with invocation.output.moving(f"writing {path}", size) as told:
                fleet.download(result, path, told)
        elif to_stdout:
            with invocation.output.moving("writing", size) as told:
                fleet.download_to(result, sys.stdout.buffer, told)
            invocation.output.notes(result)
            return
        invocation.output.image(result, str(path) if path else None)


def _path(image: str, operation: str, out: str | None, parameters: Mapping[str, Value]) -> Path:
    if out is not None and (out.endswith("/") or Path(out).is_dir()):
        folder = Path(out)
        folder.mkdir(exist_ok=True)
        name = f"image-{operation}" if image == "-" else Path(image).name
        return out_path(image, operation, folder / fitting_name(name, parameters))
    return out_path(image, operation, out, parameters)


@contextmanager
def _source(image: str) -> "Iterator[Path | BinaryIO]":
    if image != "-":
        yield Path(image)
        return
    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as file:
        while chunk := sys.stdin.buffer.read(1024 * 1024):
            file.write(chunk)
        file.seek(0)
        yield file  # type: ignore[misc]
