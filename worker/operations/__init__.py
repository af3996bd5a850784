"""What is done to numbers and images: bytes in, facts and bytes out, no AWS.

`run` is the only door. It is a plain function of plain values, so that it can be called in
another process.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jobs.catalogue import Operation
from jobs.errors import BadJob
from jobs.numbers import parse_numbers

if TYPE_CHECKING:
    from PIL.Image import Image

# Each operation lives in the module of its own name, in a function of that name, and is imported
# when it is first asked for: a worker that gets only numbers never loads Pillow.
_MODULE = "worker.operations."


@dataclass(frozen=True)
class Limits:
    """The largest inputs taken. `max_pixels` counts all frames of an image."""

    max_pixels: int
    max_numbers: int


@dataclass(frozen=True)
class Outcome:
    """What an operation found out, and the file it made, if it makes one."""

    result: Mapping[str, Any]
    data: bytes | None = None
    content_type: str = "application/octet-stream"


def run(
    operation: Operation, parameters: Mapping[str, int], data: bytes, output: str | None, limits: Limits
) -> Outcome:
    """Do `operation` on an input's bytes; `output` is the name the file goes under. Raises `BadJob`."""
    function = getattr(importlib.import_module(_MODULE + operation.name), operation.name)
    if operation.takes == "numbers":
        return Outcome(function(_numbers(data, limits.max_numbers), **parameters))
    return _on_image(operation.name, function, parameters, data, output or "", limits.max_pixels)


def _numbers(data: bytes, limit: int) -> list[int | float]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise BadJob(
            "not-text", f"the numbers are no UTF-8 text: {problem.reason} at byte {problem.start}"
        ) from problem
    numbers = parse_numbers(text)
    if len(numbers) > limit:
        raise BadJob(
            "too-many-numbers", f"there are {len(numbers):,} numbers; this worker takes at most {limit:,}"
        )
    return numbers


def _on_image(
    name: str,
    function: Callable[..., "Image"],
    parameters: Mapping[str, int],
    data: bytes,
    output: str,
    max_pixels: int,
) -> Outcome:
    from worker.operations import decode, encode

    picture = decode.decode(data, max_pixels, grey=name == "greyscale")
    changed = picture.each(lambda frame: function(frame, **parameters))
    file = encode.encode(changed, output, exact=name != "greyscale")
    return Outcome(file.facts, file.data, file.content_type)
