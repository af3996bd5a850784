"""The operations and their parameters, declared once.

The worker checks requests against these declarations, the client makes its options and help
from them. What an operation does is in `worker/operations/`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from jobs.errors import BadJob
from jobs.formats import FORMATS
from jobs.names import output_key
from jobs.parameters import Choice, Decimal, Flag, Parameter, Text, Value, Whole
from jobs.steps import Steps


@dataclass(frozen=True)
class Operation:
    """What the fleet can do: `takes` says what the input is, `gives` what comes of it.

    Every job has a result. With `gives="image"` an image goes out too, under a name that must be given,
    whose ending may ask for a format. With `"file"`, a file goes out where a name is given for one, with
    one of `endings`. With `"answer"`, the result is all.

    `part` names the optional part of a worker that does it; None where every worker does. Of the
    parameters named in `one_of`, at least one must be given. `examples` are what may be typed behind
    the name in the command line; left out, they are made from the parameters.
    """

    name: str
    takes: Literal["numbers", "image", "file"]
    summary: str
    parameters: tuple[Parameter, ...] = ()
    gives: Literal["answer", "image", "file"] = "image"
    endings: tuple[str, ...] = ()
    part: str | None = None
    one_of: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()

    def output_key(self, name: str | None) -> str | None:
        """Return the key that the output goes under which a person named; None for no output.

        Raises `BadJob` for a name that is missing, or that no output of this operation can have.
        """
        if self.gives == "answer":
            return None
        if name is None:
            if self.gives == "file":
                return None
            raise BadJob(
                "bad-output-name", f"{self.name} needs output.key, the name to store the image under"
            )
        key = output_key(name)
        if self.gives == "file" and not name.lower().endswith(self.endings):
            raise BadJob(
                "bad-output-name",
                f"output name {name[:80]!r}: {self.name} writes files that end in {', '.join(self.endings)}",
            )
        return key

    def check(self, given: Mapping[str, Any]) -> dict[str, Value]:
        """Return the parameters, defaults filled in. Raises `BadJob` for what cannot be done.

        That is an unknown name, a bad value, or one missing that must be given. One that has no
        default and is not given (or null) is left out.
        """
        known = {parameter.name for parameter in self.parameters}
        unknown = sorted(set(given) - known)
        if unknown:
            offer = f"it takes {', '.join(sorted(known))}" if known else "it takes none"
            raise BadJob("bad-parameter", f"{self.name} has no parameter {unknown[0]!r:.80}; {offer}")
        checked = {}
        for parameter in self.parameters:
            value = given.get(parameter.name, parameter.default)
            if value is not None or parameter.default is not None:
                checked[parameter.name] = parameter.check(value)
            elif parameter.required:
                raise BadJob("bad-parameter", f"{self.name} needs {parameter.name}: give {parameter.bounds}")
        if self.one_of and not set(self.one_of) & set(checked):
            raise BadJob("bad-parameter", f"{self.name} needs {' or '.join(self.one_of)}")
        return checked


_THRESHOLD = (
    Whole("level", "Values at most this become LOW, values above it HIGH.", 125, minimum=0, maximum=255),
    Whole("low", "What values at most LEVEL become.", 0, minimum=0, maximum=255),
    Whole("high", "What values above LEVEL become.", 254, minimum=0, maximum=255),
)

_STATS = (
    Flag("more", "Also sum, quartiles, variance, standard deviation and mode."),
    Whole(
        "quantiles", "Also the values that cut the numbers into so many equal parts.", minimum=2, maximum=1000
    ),
    Whole(
        "histogram",
        "Also how many numbers lie in each of so many bins of equal width.",
        minimum=1,
        maximum=1000,
    ),
    Text("columns", "The input is CSV with names in its first row: those of the columns to do."),
)

# As far as a side is taken; how many pixels a worker takes in all, it says itself.
_SIDE_MAX = 1_000_000

_RESIZE = (
    Whole(
        "width", "Width in pixels; left out, as the height asks for.", shown=800, minimum=1, maximum=_SIDE_MAX
    ),
    Whole(
        "height",
        "Height in pixels; left out, as the width asks for.",
        shown=600,
        minimum=1,
        maximum=_SIDE_MAX,
    ),
    Choice(
        "fit",
        "Of both: fit lies within them, fill covers them and is cut around the centre, exact is stretched.",
        "fit",
        choices=("fit", "fill", "exact"),
    ),
    Flag("enlarge", "Make it larger too, where it is smaller."),
)

_THUMBNAIL = (
    Whole("width", "Width in pixels that it lies within.", 256, minimum=1, maximum=_SIDE_MAX),
    Whole("height", "Height in pixels that it lies within.", 256, minimum=1, maximum=_SIDE_MAX),
)

_CONVERT = (
    Choice("format", "Format to write, whatever the output is called.", choices=tuple(FORMATS)),
    Whole(
        "quality", "Of JPEG and WEBP: higher is better and larger; 95 if left out.", minimum=1, maximum=100
    ),
)

_ROTATE = (
    Decimal("degrees", "Clockwise; quarter turns move pixels and change none.", required=True, shown=90,
            minimum=-360, maximum=360),
    Text(
        "background",
        "What the corners get; left out, transparent if the image has transparency and white if not.",
        pattern="white|black|transparent|#[0-9A-Fa-f]{6}",
        what="white, black, transparent or a colour such as #ff8800",
    ),
)  # fmt: skip

_BLUR = (Decimal("radius", "Standard deviation in pixels.", 2.0, minimum=0.1, maximum=1000),)

_CHANGES = (
    Operation("greyscale", "image", "An image in shades of grey."),
    Operation("threshold", "image", "An image whose every channel has two values.", _THRESHOLD),
    Operation("blackwhite", "image", "An image of two shades: greyscale, then threshold.", _THRESHOLD),
    Operation("resize", "image", "An image of another size.", _RESIZE, one_of=("width", "height")),
    Operation("thumbnail", "image", "A small image to look at, without metadata.", _THUMBNAIL),
    Operation(
        "convert",
        "image",
        "An image in another format, or of another quality.",
        _CONVERT,
        examples=("photo.png -o photo.jpg --quality 80", "photos/ -o out/ --format webp"),
    ),
    Operation("rotate", "image", "An image turned clockwise.", _ROTATE),
    Operation("blur", "image", "An image after a Gaussian blur.", _BLUR),
    Operation("edges", "image", "The edges in an image: how much its lightness changes, by Sobel."),
    Operation("strip", "image", "An image without metadata: no EXIF, no places, no comments."),
)

_PIPELINE = (
    Steps(
        "steps", "What is done, one after the other.", required=True, operations=_CHANGES,
        shown=[{"operation": "greyscale", "parameters": {}}],
    ),
)  # fmt: skip

_TEXT = (
    Text(
        "language", "Of the worker's languages the one to read, or several; left out, all of them.",
        pattern=r"[A-Za-z_]+(\+[A-Za-z_]+)*", what="languages as Tesseract calls them: eng, or deu+eng",
    ),
)  # fmt: skip

OPERATIONS: Mapping[str, Operation] = {
    operation.name: operation
    for operation in (
        Operation(
            "stats", "numbers", "Count, mean, minimum, maximum and median of numbers.", _STATS, gives="answer"
        ),
        *_CHANGES,
        Operation(
            "pipeline",
            "image",
            "An image after several operations, read and written once.",
            _PIPELINE,
            examples=(
                'photo.jpg -o out.png --step "resize width=800" --step greyscale',
                'photos/ -o out/ --step "resize width=800 | blur radius=1 | convert format=webp"',
            ),
        ),
        Operation(
            "histogram",
            "image",
            "How often each value occurs in an image, as numbers and as a plot.",
            gives="file",
            endings=(".png",),
            examples=("photo.jpg", "photo.jpg -o plot.png", "photos/ -o plots/"),
        ),
        Operation(
            "text",
            "image",
            "The text in an image, with the place of each word; also as a searchable PDF.",
            _TEXT,
            gives="file",
            endings=(".txt", ".pdf", ".hocr"),
            part="text",
            examples=("scan.png", "scan.jpg -o scan.pdf --language eng", "scans/ -o out/ --ending .pdf"),
        ),
        Operation(
            "classify",
            "image",
            "What an image shows, in the labels of the worker's model, with scores.",
            (Whole("top", "How many labels, those with the highest scores.", 5, minimum=1, maximum=100),),
            gives="answer",
            part="classify",
            examples=("photo.jpg", "photos/ --top 1"),
        ),
    )
}


# Those that take any count of numbers: of more than a worker has memory for, from its disk.
STREAMED = frozenset({"stats"})


def find_operation(name: str) -> Operation:
    """Return the operation called `name`. Raises `BadJob` that lists those there are."""
    try:
        return OPERATIONS[name]
    except KeyError:
        raise BadJob(
            "unknown-operation", f"operation {name[:80]!r} is unknown; there are {', '.join(OPERATIONS)}"
        ) from None
