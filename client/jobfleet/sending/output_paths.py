"""Outputs that are wanted of images, and where the output of a single one goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from jobfleet_jobs.operations.image_formats import (
    fitting_name,
    has_unwritten_ending,
    unwritten_ending,
    without_ending,
)
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Value

from jobfleet.errors import BadInput, BadOutput
from jobfleet.files.outputs import is_replaced, writable
from jobfleet.files.paths import local_name, named


@dataclass(frozen=True)
class WantedOutput:
    """An operation on images and what shall become of its outputs.

    `out` is a file or a folder here, `name` a name or a folder in the bucket; `fetched` says whether
    outputs are brought here. `ending` is what files end in that an operation makes on demand.
    """

    operation: Operation
    parameters: Mapping[str, Value]
    out: str | None = None
    name: str | None = None
    fetched: bool = True
    ending: str | None = None

    def file_name(self, name: str) -> str:
        """Return what the output of an image called `name` is called in a folder of the bucket."""
        return output_name(self.operation, name, self.parameters, self.ending)

    def local_name(self, name: str) -> str:
        """Return what the output of an image called `name` is called in a folder here."""
        return local_name(self.file_name(name))


def output_name(
    operation: Operation, name: str, parameters: Mapping[str, Any], ending: str | None = None
) -> str:
    """Return a file's name with the ending that the output must have, if it must have one."""
    if operation.gives == "file":
        return without_ending(name) + (ending or operation.endings[0])
    return fitting_name(name, parameters)


def check_ending(name: str, source: str = "") -> None:
    """Raise `BadInput` for an output's name that asks for a format which is not written.

    An ending that the `source` has too asks for nothing: its format is kept.
    """
    ending = PurePath(name).suffix.lower()
    if has_unwritten_ending(name) and ending != PurePath(source).suffix.lower():
        raise BadInput(f"{named(name)}: {unwritten_ending(name)}")


def out_path(
    image: str | Path, operation: str, out: str | Path | None, parameters: Mapping[str, Any] | None = None
) -> Path:
    """Return where the output goes, once it is sure that it can. Raises `BadOutput`."""
    source = Path(image)
    name = fitting_name(f"{source.stem}-{operation}{source.suffix}", parameters or {})
    path = writable(Path(out) if out is not None else Path(local_name(name)))
    if is_replaced(path) and _same(path, source):
        raise BadOutput(f"{named(path)} is the input itself; give the output another name")
    return path


def _same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:  # at least one of them is not there
        return False
