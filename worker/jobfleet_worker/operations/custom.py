"""Operations of somebody's own package. They run in a process of the pool, and nowhere else.

Only plain values leave this process: what is made of a package's own classes could not be taken apart
in the worker without running the package's code there.
"""

import json
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Any

from jobfleet_jobs.careful_json import NESTED_MAX, parse
from jobfleet_jobs.credentials.redaction import cut
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.custom import GROUP, File, Own
from jobfleet_jobs.operations.operation import Operation

from jobfleet_worker.errors import BrokenAttempt, trace
from jobfleet_worker.operations.faults import on_this_image
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.numbers.read_input import on_numbers
from jobfleet_worker.operations.outcome import Outcome

# As much of what somebody else's code says is told.
WORDS_MAX_CHARACTERS = 500
CODE_MAX_CHARACTERS = 60

# What is found stands in a result, and that in what programs show of it.
_FOUND_NESTED_MAX = NESTED_MAX - 10

# Modes that hold a picture as most code expects one; a palette and single bits are turned into them.
_PLAIN_MODES = frozenset({"L", "LA", "RGB", "RGBA", "I;16"})
_MODES_BACK = _PLAIN_MODES | {"1", "P"}


@dataclass(frozen=True)
class OwnOperation(Operation):
    """An operation of a package: `package` says which, with its version, `entry` is `module:object`."""

    package: str = ""
    entry: str = ""


def run_own(
    operation: OwnOperation, given: Mapping[str, Any], data: bytes, output: str | None, limits: Limits
) -> Outcome:
    """Do it on an input's bytes, the parameters as they were sent. Raises `BadJob` and `BrokenAttempt`."""
    # Its patterns are the package's, too: they are tried here, where time is limited.
    parameters = operation.check(given)
    try:
        # The worker's own log lines go to stdout.
        with redirect_stdout(sys.stderr):
            function = EntryPoint("", operation.entry, GROUP).load()
            if not isinstance(function, Own):
                raise TypeError(f"{operation.entry} is no operation any more")
            return _plain(_done(operation, function, parameters, data, output, limits))
    except BadJob as problem:
        words = cut(str(problem.message), WORDS_MAX_CHARACTERS)
        raise BadJob(cut(str(problem.code), CODE_MAX_CHARACTERS), words) from None
    except MemoryError:
        raise MemoryError from None
    except BaseException as problem:  # noqa: BLE001 - its class may be the package's own: only words leave here
        words = f"{operation.name} ({operation.package}) raised {type(problem).__name__}: {problem}"
        broken = BrokenAttempt(cut(words, WORDS_MAX_CHARACTERS))
        broken.trace = trace(problem)
        raise broken from None


def _done(
    operation: OwnOperation, function: "Own[..., Any]", parameters: Mapping[str, Any], data: bytes,
    output: str | None, limits: Limits,
) -> Outcome:  # fmt: skip
    if operation.takes == "image":
        return _on_image(operation, function, parameters, data, output, limits)
    if operation.takes == "numbers":
        made: list[Any] = []

        def on_all(numbers: Any, **more: Any) -> dict[str, Any]:
            made.append(function(numbers, **more))
            return {}

        # Its own answer may be a file, and is no mapping then; the notes on the numbers go beside it.
        said = on_numbers(on_all, parameters, data, limits.max_numbers).get("notes", [])
        return _outcome(operation, made[0], said, output)
    return _outcome(operation, function(data, **parameters), [], output)


def _on_image(
    operation: OwnOperation, function: "Own[..., Any]", parameters: Mapping[str, Any], data: bytes,
    output: str | None, limits: Limits,
) -> Outcome:  # fmt: skip
    from PIL import Image

    from jobfleet_worker.operations.imaging import decode, encode

    def plain(image: Image.Image) -> Image.Image:
        if image.mode in _PLAIN_MODES:
            return image.copy()
        return image.convert("L" if image.mode == "1" else "RGBA" if "transparency" in image.info else "RGB")

    def changed(image: Image.Image) -> Image.Image:
        made = function(plain(image), **parameters)
        if not isinstance(made, Image.Image) or made.mode not in _MODES_BACK:
            found = f"one of mode {made.mode}" if isinstance(made, Image.Image) else type(made).__name__
            raise TypeError(f"it must return an image in mode {', '.join(sorted(_MODES_BACK))}, not {found}")
        if 0 in made.size:
            raise TypeError(f"it must return an image with pixels, not one of {made.width} x {made.height}")
        return made

    picture = decode.decode(data, limits.max_pixels)
    if operation.gives != "image":
        return _outcome(operation, function(plain(picture.frames[0].image), **parameters), [], output)
    made = picture.each(changed)
    own = f"{operation.name} ({operation.package})"
    way_out = f"The image is what {own} made: report this to those who look after that package"
    with on_this_image(f"writing the output of {own}", made.pixels, way_out=way_out):
        file = encode.encode(made, output or "", exact=False)
    return Outcome(file.facts, file.data, file.content_type)


def _outcome(operation: OwnOperation, made: Any, notes: list[str], output: str | None) -> Outcome:
    if operation.gives == "file":
        if not isinstance(made, File) or not isinstance(made.data, bytes):
            raise TypeError(f"it must return a jobfleet_jobs.File with bytes, not {type(made).__name__}")
        facts = _with_notes(made.result, notes)
        return Outcome(facts, made.data, made.content_type) if output is not None else Outcome(facts)
    return Outcome(_with_notes(made, notes))


def _with_notes(made: Any, notes: list[str]) -> dict[str, Any]:
    if not isinstance(made, Mapping):
        raise TypeError(f"it must return a dict, not {type(made).__name__}")
    facts = dict(made)
    own = facts.pop("notes", [])
    if not isinstance(own, list) or not all(isinstance(note, str) for note in own):
        raise TypeError("its notes must be a list of sentences")
    said = [*own, *notes]
    return facts | {"notes": said} if said else facts


def _plain(outcome: Outcome) -> Outcome:
    """Return it in JSON's own types. Raises `ValueError` and `TypeError` for what JSON cannot hold."""
    facts = parse(json.dumps(outcome.result, allow_nan=False), _FOUND_NESTED_MAX)
    if outcome.data is None:
        return Outcome(facts)
    return Outcome(facts, bytes(outcome.data), str(outcome.content_type))
