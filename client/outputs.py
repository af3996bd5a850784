"""Where the output of a single image goes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from client.errors import BadOutput
from jobs.formats import fitting_name


def out_path(
    image: str | Path, operation: str, out: str | Path | None, parameters: Mapping[str, Any] | None = None
) -> Path:
    """Return where the output goes, once it is sure that it can. Raises `BadOutput`."""
    source = Path(image)
    name = fitting_name(f"{source.stem}-{operation}{source.suffix}", parameters or {})
    path = Path(out) if out is not None else Path(name)
    if path.is_dir():
        raise BadOutput(f"{path} is a folder; give a file name for the output")
    if not path.parent.is_dir():
        raise BadOutput(f"the folder {path.parent} for the output does not exist; make it first")
    if path.exists() and source.exists() and path.samefile(source):
        raise BadOutput(f"{path} is the input itself; give the output another name")
    return path
