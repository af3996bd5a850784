"""Image files through every operation on images, as a process of the worker's pool does them."""

import io
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Choice, Decimal, Flag, Parameter, Value, Whole
from jobfleet_jobs.operations.pipeline_steps import PipelineSteps
from jobfleet_worker.operations.imaging import decode
from jobfleet_worker.operations.imaging.limits import pillows_limit
from jobfleet_worker.operations.imaging.picture import ENDINGS
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.outcome import Outcome
from jobfleet_worker.operations.run import run
from PIL import Image

from tests.fuzz.images.changes import changed
from tests.fuzz.images.corpus import MARK, files
from tests.fuzz.sentences import check_refusal
from tests.fuzz.target import Target, require

# Few, so that cases are quick and an input that asks for many is refused.
MAX_PIXELS = 200_000
_LIMITS = Limits(MAX_PIXELS, 1)
_PLOT_MAX_PIXELS = 2_000_000

# What the worker answers where its own code breaks.
BREAKS = "breaks-the-code"

# Those of parts need programs and models that not every machine has.
_OPERATIONS = [one for one in OPERATIONS.values() if one.takes == "image" and one.part is None]
_SAME_SIZE = frozenset({"greyscale", "threshold", "blackwhite", "convert", "blur", "edges", "strip"})
_ANIMATED = frozenset({"GIF", "PNG", "WEBP", "AVIF"})
_BACKGROUNDS = ("white", "black", "transparent", "#ff8800", "#808080")
_NAMES = (
    "outputs/x",
    "outputs/x.unknown",
    *(f"outputs/x{ending}" for some in ENDINGS.values() for ending in some),
)


@dataclass(frozen=True)
class Case:
    """A file, and what is done to it. `plain`: its parts are those of the corpus, in whatever order."""

    data: bytes
    format: str
    plain: bool
    operation: str
    parameters: Mapping[str, Any]
    output: str | None

    def __repr__(self) -> str:
        how = f"{self.operation} {json.dumps(self.parameters)} -> {self.output}"
        return f"{self.format} of {len(self.data):,} bytes, {how}"


def parameters_for(choose: random.Random, operation: Operation) -> dict[str, Value]:
    """Return parameters that an operation takes."""
    given = {}
    for one in operation.parameters:
        if one.required or one.name in operation.one_of[:1] or choose.random() < 0.6:
            given[one.name] = _value(choose, one)
    return given


def _value(choose: random.Random, one: Parameter) -> Value:
    match one:
        case Whole():
            near = [1, 2, 3, 5, 16, 47, 61, 62, 100, 300, int(one.minimum), int(one.maximum)]
            return choose.choice([n for n in near if one.minimum <= n <= one.maximum])
        case Decimal():
            near = [
                0.0,
                0.1,
                0.5,
                1.0,
                2.5,
                45.0,
                90.0,
                179.999,
                -30.0,
                180.0,
                270.0,
                one.minimum,
                one.maximum,
            ]
            return float(choose.choice([n for n in near if one.minimum <= n <= one.maximum]))
        case Choice():
            return choose.choice(one.choices)
        case Flag():
            return choose.random() < 0.5
        case PipelineSteps():
            some = choose.choices(one.operations, k=choose.randrange(1, 5))
            return [{"operation": step.name, "parameters": parameters_for(choose, step)} for step in some]
    return choose.choice(_BACKGROUNDS)


def make(choose: random.Random) -> Case:
    """Make a case: a file of the corpus with none to four changes."""
    kind = choose.choice(list(files()))
    data, plain = choose.choice(files()[kind]), True
    for _ in range(choose.choice((0, 1, 1, 1, 2, 2, 3, 4))):
        data, moved = changed(choose, data, kind)
        plain = plain and moved
    operation = choose.choice(_OPERATIONS)
    output = None if operation.gives == "file" and choose.random() < 0.7 else choose.choice(_NAMES)
    if output is not None and operation.gives == "file":
        output = f"outputs/x{operation.endings[0]}"
    return Case(data, kind, plain, operation.name, parameters_for(choose, operation), output)


def check(case: Case) -> str:
    """Do it twice, and look at what comes out."""
    operation = OPERATIONS[case.operation]
    parameters = operation.check(case.parameters)
    try:
        outcome = run(operation, parameters, case.data, case.output, _LIMITS)
    except BadJob as problem:
        if problem.code == BREAKS and problem.__cause__:
            raise problem.__cause__ from None
        code = check_refusal(problem)
        try:
            run(operation, parameters, case.data, case.output, _LIMITS)
        except BadJob as again:
            require((again.code, again.message) == (code, problem.message), f"then {code}, now {again.code}")
        else:
            require(False, f"{code} the first time, and done the second")
        return code
    again = run(operation, parameters, case.data, case.output, _LIMITS)
    require(outcome == again, "two outcomes of one input")
    json.dumps(outcome.result, allow_nan=False)
    if operation.gives == "image":
        check_image(case, operation, parameters, outcome)
    elif case.output is not None:
        _opened(outcome.data)
    return f"done: {case.operation}"


def check_image(case: Case, operation: Operation, parameters: Mapping[str, Any], outcome: Outcome) -> None:
    """Raise `Find` unless an image is what its facts say, and what was asked for."""
    facts, data = outcome.result, outcome.data or b""
    kind, size, frames = _opened(data)
    require(kind == facts["format"], f"the file is {kind}, the facts say {facts['format']}")
    promised = (facts["width"], facts["height"])
    require(size == promised, f"the file has {size} pixels, the facts say {promised}")
    count = facts["frames"]
    same = frames <= count if kind in _ANIMATED else frames == count
    require(same, f"the file has {frames} frames, the facts say {count}")
    require(
        frames * size[0] * size[1] <= MAX_PIXELS or kind == "TIFF", f"{frames} x {size} are too many pixels"
    )
    before = decode.decode(case.data, MAX_PIXELS)
    wanted = _format_wanted(operation, parameters, case.output, before.format)
    require(kind == wanted, f"{wanted} was wanted, {kind} came")
    steps = [step["operation"] for step in parameters.get("steps", ())] or [case.operation]
    if set(steps) <= _SAME_SIZE:
        first = before.frames[0].image.size
        require(size == first, f"{steps} made {size} of {first}")
    # What went out can come in again.
    after = decode.decode(data, MAX_PIXELS)
    require(after.frames[0].image.size == size, "it is read in another size than it was written in")
    if case.plain and steps[-1] in ("strip", "thumbnail"):
        require(MARK not in data, f"metadata is left behind {steps[-1]}")


def _opened(data: bytes | None) -> tuple[str | None, tuple[int, int], int]:
    """Return format, size and number of frames of a file, all of which can be read."""
    if data and data[4:8] == b"ftyp":  # Pillow reads AVIF at best
        picture = decode.decode(data, MAX_PIXELS)
        return picture.format, picture.frames[0].image.size, len(picture.frames)
    with pillows_limit(_PLOT_MAX_PIXELS), Image.open(io.BytesIO(data or b"")) as image:
        kind, size, frames = image.format, image.size, getattr(image, "n_frames", 1)
        for number in range(frames):
            image.seek(number)
            image.load()
    return kind, size, frames


def _format_wanted(operation: Operation, parameters: Mapping[str, Any], output: str | None, came: str) -> str:
    steps = parameters.get("steps") or [{"operation": operation.name, "parameters": parameters}]
    asked = [step["parameters"].get("format") for step in steps if step["operation"] == "convert"]
    named = [kind for kind, endings in ENDINGS.items() if (output or "").endswith(endings)]
    return next((kind.upper() for kind in [*reversed(asked), *named] if kind), came)


IMAGES = Target("images", make, check)
