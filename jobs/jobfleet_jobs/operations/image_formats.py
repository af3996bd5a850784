"""The image formats that are read and written, and the endings of names that ask for them."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.near_words import did_you_mean

# The first ending is the one that is given to new names.
FORMATS: Mapping[str, tuple[str, ...]] = {
    "jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "png": (".png", ".apng"),
    "gif": (".gif",),
    "tiff": (".tif", ".tiff"),
    "webp": (".webp",),
    "bmp": (".bmp",),
    "ppm": (".ppm", ".pgm", ".pbm", ".pnm"),
    "heic": (".heic", ".heif", ".hif"),
    "avif": (".avif",),
}

_ALL = tuple(ending for endings in FORMATS.values() for ending in endings)

# The endings of files that are read as images: some formats have others too, which ask for no format.
IMAGE_ENDINGS = frozenset({*_ALL, ".dib", ".mpo", ".avifs"})


def fitting_name(name: str, parameters: Mapping[str, Any]) -> str:
    """Return a file's name with the ending of the `format` that `parameters` ask for, if they ask for one.

    An ending that is no image's stays in front of it.
    """
    endings = FORMATS.get(str(_format_asked_for(parameters)))
    if endings is None or name.lower().endswith(endings):
        return name
    return without_ending(name) + endings[0]


def has_unwritten_ending(name: str) -> bool:
    """Tell whether a file's name ends as that of a format which is not written."""
    ending = PurePath(name).suffix.lower()
    return bool(ending) and ending not in _ALL


def unwritten_ending(name: str) -> str:
    """Return a sentence on a file's name that ends as that of no format which is written."""
    ending = PurePath(name).suffix
    there = ", ".join(endings[0] for endings in FORMATS.values())
    return (
        f"no format that is written ends in {shown(ending, 40)}{did_you_mean(ending, _ALL)}; give one of "
        f"{there}, or no ending, to keep the input's format"
    )


def asks_for_format(parameters: Mapping[str, Any]) -> bool:
    """Tell whether parameters name the format to write, whatever the output is called."""
    return _format_asked_for(parameters) is not None


def _format_asked_for(parameters: Mapping[str, Any]) -> Any:
    """Return the format that the parameters name, or the last of their steps that names one."""
    steps = parameters.get("steps") or []
    named = [step.get("parameters", {}).get("format") for step in reversed(steps)]
    return next(filter(None, [parameters.get("format"), *named]), None)


def without_ending(name: str) -> str:
    """Return a file's name without its ending, if that is an image's."""
    ending = PurePath(name).suffix
    return name.removesuffix(ending) if ending.lower() in _ALL else name
