"""The image formats that are read and written, and the endings of names that ask for them."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

# The first ending is the one that is given to new names.
FORMATS: Mapping[str, tuple[str, ...]] = {
    "jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "png": (".png", ".apng"),
    "gif": (".gif",),
    "tiff": (".tif", ".tiff"),
    "webp": (".webp",),
    "bmp": (".bmp",),
    "ppm": (".ppm", ".pgm", ".pbm", ".pnm"),
}

_ALL = tuple(ending for endings in FORMATS.values() for ending in endings)

# The endings of files that are read as images: BMP and JPEG files have others too, which ask for no format.
IMAGE_ENDINGS = frozenset({*_ALL, ".dib", ".mpo"})


def fitting_name(name: str, parameters: Mapping[str, Any]) -> str:
    """Return a file's name with the ending of the `format` that `parameters` ask for, if they ask for one.

    An ending that is no image's stays in front of it.
    """
    endings = FORMATS.get(str(_format_asked_for(parameters)))
    if endings is None or name.lower().endswith(endings):
        return name
    return without_ending(name) + endings[0]


def _format_asked_for(parameters: Mapping[str, Any]) -> Any:
    """Return the format that the parameters name, or the last of their steps that names one."""
    steps = parameters.get("steps") or []
    named = [step.get("parameters", {}).get("format") for step in reversed(steps)]
    return next(filter(None, [parameters.get("format"), *named]), None)


def without_ending(name: str) -> str:
    """Return a file's name without its ending, if that is an image's."""
    ending = PurePath(name).suffix
    return name.removesuffix(ending) if ending.lower() in _ALL else name
