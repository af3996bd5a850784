"""What is done to numbers and images: bytes in, facts and bytes out, no AWS.

`run` is the only door. It is a plain function of plain values, so that it can be called in
another process.
"""

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from jobs.catalogue import STREAMED, Operation
from jobs.errors import BadJob
from jobs.parameters import Value
from worker.operations.outcome import Limits, Outcome
from worker.operations.own import OwnOperation, run_own
from worker.operations.reading import on_numbers, on_stream

if TYPE_CHECKING:
    from worker.operations.picture import Picture

__all__ = ["Limits", "Outcome", "run", "run_streamed", "streams"]

# Each operation lives in the module of its own name, in a function of that name, and is imported
# when it is first asked for: a worker that gets only numbers never loads Pillow. One that gives no
# image takes a `Picture`, the name of the file that is wanted, if one is, and the `Limits` if it needs an
# optional part, and returns an `Outcome`.
_MODULE = "worker.operations."


def run(
    operation: Operation, parameters: Mapping[str, Value], data: bytes, output: str | None, limits: Limits
) -> Outcome:
    """Do `operation` on an input's bytes; `output` is the name the file goes under. Raises `BadJob`."""
    if isinstance(operation, OwnOperation):
        return run_own(operation, parameters, data, output, limits)
    if operation.takes == "numbers":
        return Outcome(on_numbers(_function(operation.name), parameters, data, limits.max_numbers))
    return _on_image(operation, parameters, data, output, limits)


def streams(operation: Operation) -> bool:
    """Tell whether an operation takes any count of numbers, from a file: by its function `streamed`."""
    return operation.name in STREAMED and not isinstance(operation, OwnOperation)


def run_streamed(
    operation: Operation, parameters: Mapping[str, Value], file: BinaryIO, folder: Path
) -> Outcome:
    """Do `operation` on the numbers in a file, with `folder` for what does not fit into memory.

    Raises `BadJob`.
    """
    function = importlib.import_module(_MODULE + operation.name).streamed
    return Outcome(on_stream(function, parameters, file, folder))


def _on_image(
    operation: Operation,
    parameters: Mapping[str, Value],
    data: bytes,
    output: str | None,
    limits: Limits,
) -> Outcome:
    from worker.operations import decode

    if operation.gives != "image":
        picture = decode.decode(data, limits.max_pixels)
        # An optional part is set up by what the limits say of it.
        more = (limits,) if operation.part else ()
        outcome: Outcome = _function(operation.name)(picture, output, *more, **parameters)
        return outcome
    steps = steps_of(operation.name, parameters)
    return _change(steps, data, output or "", limits.max_pixels)


def steps_of(name: str, parameters: Mapping[str, Value]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return what is done to an image one after the other: the names of operations and their parameters.

    A single operation is a step of its own.
    """
    steps = parameters.get("steps")
    if not isinstance(steps, list):
        return [(name, parameters)]
    return [(step["operation"], step["parameters"]) for step in steps]


def _change(
    steps: Sequence[tuple[str, Mapping[str, Any]]], data: bytes, output: str, max_pixels: int
) -> Outcome:
    """Decode once, take all steps, encode once."""
    from worker.operations import decode, encode
    from worker.operations.traits import are_exact, traits_of

    picture = decode.decode(data, max_pixels, grey=traits_of(steps[0][0]).luma)
    for name, parameters in steps:
        function, traits = _function(name), traits_of(name)
        _check_new_size(name, parameters, picture, max_pixels)
        if traits.whole:
            picture = function(picture, **parameters)
        else:
            picture = picture.each(partial(function, **parameters), traits.unchanged)
    file = encode.encode(picture, output, exact=are_exact([name for name, _ in steps]))
    return Outcome(file.facts, file.data, file.content_type)


def _function(name: str) -> Callable[..., Any]:
    return getattr(importlib.import_module(_MODULE + name), name)  # type: ignore[no-any-return]


def _check_new_size(name: str, parameters: Mapping[str, Value], picture: "Picture", max_pixels: int) -> None:
    """Count the pixels that will go out, before memory is taken for them. Raises `BadJob`.

    An operation that changes sizes has a function `new_size` beside its own.
    """
    new_size = getattr(sys.modules[_MODULE + name], "new_size", None)
    if new_size is None:
        return
    sizes = [new_size(frame.image.size, **parameters) for frame in picture.frames]
    pixels = sum(width * height for width, height in sizes)
    if pixels > max_pixels:
        raise BadJob(
            "too-many-pixels",
            f"the image would become {sizes[0][0]:,} x {sizes[0][1]:,}, with all frames {pixels:,} pixels; "
            f"this worker takes at most {max_pixels:,}",
        )
