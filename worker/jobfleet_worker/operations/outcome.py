"""What goes into an operation and what comes out of it, beside its own parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Model:
    """A model for images: files in the ONNX format and of labels, one a line, and how it is fed, as JSON."""

    path: str
    sha256: str
    labels: str | None = None
    feeding: str = "{}"


@dataclass(frozen=True)
class Limits:
    """The largest inputs taken, and what the optional parts have.

    `max_pixels` counts all frames of an image. `text_languages` are those that text can be read in,
    `model` is what recognises images.
    """

    max_pixels: int
    max_numbers: int
    text_languages: tuple[str, ...] = ()
    model: Model | None = None


@dataclass(frozen=True)
class Outcome:
    """What an operation found out, and the file it made, if it makes one."""

    result: Mapping[str, Any]
    data: bytes | None = None
    content_type: str = "application/octet-stream"
