"""Outputs that are wanted of images, and where the output of a single one goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobfleet_jobs.operations.image_formats import fitting_name, without_ending
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Value

from jobfleet.errors import BadOutput


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
        """Return what the output of an image called `name` is called in a folder."""
        return output_name(self.operation, name, self.parameters, self.ending)


def output_name(
    operation: Operation, name: str, parameters: Mapping[str, Any], ending: str | None = None
) -> str:
    """Return a file's name with the ending that the output must have, if it must have one."""
    if operation.gives == "file":
        return without_ending(name) + (ending or operation.endings[0])
    return fitting_name(name, parameters)


def out_path(
    image: str | Path, operation: str, out: str | Path | None, parameters: Mapping[str, Any] | None = None
) -> Path:
    """Return where the output goes, once it is sure that it can. Raises `BadOutput`."""
    source = Path(image)
    name = fitting_name(f"{source.stem}-{operation}{source.suffix}", parameters or {})
    path = writable(Path(out) if out is not None else Path(name))
    if path.exists() and source.exists() and path.samefile(source):
        raise BadOutput(f"{path} is the input itself; give the output another name")
    return path


def writable(path: Path) -> Path:
    """Return the path if a file can lie there; one that does already is replaced. Raises `BadOutput`."""
    if path.is_dir():
        raise BadOutput(f"{path} is a folder; give a file name for the output")
    if not path.parent.is_dir():
        raise BadOutput(f"the folder {path.parent} for the output does not exist; make it first")
    return path
