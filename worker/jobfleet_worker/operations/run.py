"""The door to all operations: bytes in, facts and bytes out, no AWS.

`run` is the only door. It is a plain function of plain values, so that it can be called in
another process.
"""

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.operation import Operation, Traits
from jobfleet_jobs.operations.parameters import Value

from jobfleet_worker.operations.custom import OwnOperation, run_own
from jobfleet_worker.operations.faults import on_this_image
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.numbers.read_input import on_numbers, on_stream
from jobfleet_worker.operations.outcome import Outcome

if TYPE_CHECKING:
    from jobfleet_worker.operations.imaging.picture import Picture


# Each operation lives in the room of its kind, in the module of its own name, in a function of that name,
# and is imported when it is first asked for: a worker that gets only numbers never loads Pillow. One that
# gives no image takes a `Picture`, the name of the file that is wanted, if one is, and the `Limits` if it
# needs an optional part, and returns an `Outcome`.
def module_of(operation: Operation) -> str:
    """Return the name of the module in which an operation of this project lives."""
    of_images = "images" if operation.gives == "image" else "analysis"
    room = "numbers" if operation.takes == "numbers" else of_images
    return f"jobfleet_worker.operations.{room}.{operation.name}"


def run(
    operation: Operation, parameters: Mapping[str, Value], data: bytes, output: str | None, limits: Limits
) -> Outcome:
    """Do `operation` on an input's bytes; `output` is the name the file goes under. Raises `BadJob`."""
    if isinstance(operation, OwnOperation):
        return run_own(operation, parameters, data, output, limits)
    if operation.takes == "numbers":
        return Outcome(on_numbers(_function(operation), parameters, data, limits.max_numbers))
    return _on_image(operation, parameters, data, output, limits)


def run_streamed(
    operation: Operation, parameters: Mapping[str, Value], file: BinaryIO, folder: Path
) -> Outcome:
    """Do an operation that is `streamed` on the numbers in a file, by its function of that name.

    `folder` is for what does not fit into memory. Raises `BadJob`.
    """
    function = importlib.import_module(module_of(operation)).streamed
    return Outcome(on_stream(function, parameters, file, folder))


def _on_image(
    operation: Operation,
    parameters: Mapping[str, Value],
    data: bytes,
    output: str | None,
    limits: Limits,
) -> Outcome:
    from jobfleet_worker.operations.imaging import decode

    if operation.gives != "image":
        picture = decode.decode(data, limits.max_pixels)
        function: Callable[..., Outcome] = _function(operation)
        if operation.part:
            # It is set up by what the limits say of it, and a fault of it may be none of the image's.
            return function(picture, output, limits, **parameters)
        with on_this_image(operation.name, picture.pixels):
            return function(picture, output, **parameters)
    steps = steps_of(operation, parameters)
    return _change(steps, data, output or "", limits.max_pixels)


def steps_of(
    operation: Operation, parameters: Mapping[str, Value]
) -> list[tuple[Operation, Mapping[str, Any]]]:
    """Return what is done to an image one after the other: operations and their parameters.

    A single operation is a step of its own.
    """
    steps = parameters.get("steps")
    if not isinstance(steps, list):
        return [(operation, parameters)]
    return [(OPERATIONS[step["operation"]], step["parameters"]) for step in steps]


def _change(
    steps: Sequence[tuple[Operation, Mapping[str, Any]]], data: bytes, output: str, max_pixels: int
) -> Outcome:
    """Decode once, take all steps, encode once."""
    from jobfleet_worker.operations.imaging import decode, encode

    picture = decode.decode(data, max_pixels, grey=steps[0][0].traits.luma)
    for operation, parameters in steps:
        function, traits = _function(operation), operation.traits
        _check_new_size(operation, parameters, picture, max_pixels)
        with on_this_image(operation.name, picture.pixels):
            if traits.whole:
                picture = function(picture, **parameters)
            else:
                turned = _is_quarter_turn(operation, parameters)
                picture = picture.each(partial(function, **parameters), traits.unchanged, turned=turned)
    with on_this_image("writing the output", picture.pixels):
        file = encode.encode(picture, output, exact=_are_exact([operation.traits for operation, _ in steps]))
    return Outcome(file.facts, file.data, file.content_type)


def _are_exact(steps: Sequence[Traits]) -> bool:
    """Tell whether values matter to the last bit after these steps, one after the other.

    The last one that changes pixels decides; if none does, the last of all.
    """
    changing = [traits for traits in steps if traits.changes]
    return (changing or steps)[-1].exact


def _function(operation: Operation) -> Callable[..., Any]:
    module = importlib.import_module(module_of(operation))
    return getattr(module, operation.name)  # type: ignore[no-any-return]


def _is_quarter_turn(operation: Operation, parameters: Mapping[str, Value]) -> bool:
    """Tell whether width becomes height. An operation that turns images has a function that says it."""
    is_quarter_turn = getattr(sys.modules[module_of(operation)], "is_quarter_turn", None)
    return bool(is_quarter_turn and is_quarter_turn(**parameters))


def _check_new_size(
    operation: Operation, parameters: Mapping[str, Value], picture: "Picture", max_pixels: int
) -> None:
    """Count the pixels that will go out, before memory is taken for them. Raises `BadJob`.

    An operation that changes sizes has a function `new_size` beside its own.
    """
    new_size = getattr(sys.modules[module_of(operation)], "new_size", None)
    if new_size is None:
        return
    sizes = [new_size(frame.image.size, **parameters) for frame in picture.frames]
    pixels = sum(width * height for width, height in sizes)
    if pixels > max_pixels:
        raise BadJob(
            "too-many-pixels",
            f"the image would become {sizes[0][0]:,} x {sizes[0][1]:,}, with all frames {pixels:,} pixels; "
            f"this worker takes at most {max_pixels:,} (worker_max_pixels)",
        )
