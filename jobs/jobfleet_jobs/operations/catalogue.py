"""The operations and their parameters, declared once.

The worker checks requests against these declarations, the client makes its options and help
from them. What an operation does is in `worker/jobfleet_worker/operations/`.
"""

from collections.abc import Mapping

from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.near_words import did_you_mean
from jobfleet_jobs.operations.image_formats import FORMATS
from jobfleet_jobs.operations.operation import Operation, Traits
from jobfleet_jobs.operations.parameters import Choice, Decimal, Flag, Text, Whole
from jobfleet_jobs.operations.pipeline_steps import PipelineSteps

_THRESHOLD = (
    Whole("level", "Values up to this become LOW, higher values become HIGH.", 125, minimum=0, maximum=255),
    Whole("low", "The new value of values up to LEVEL.", 0, minimum=0, maximum=255),
    Whole("high", "The new value of values above LEVEL.", 254, minimum=0, maximum=255),
)

_STATS = (
    Flag("more", "Also sum, quartiles, variance, standard deviation and mode."),
    Whole(
        "quantiles",
        "Also the values that cut the numbers into this many equal parts.",
        minimum=2,
        maximum=1000,
    ),
    Whole(
        "histogram",
        "Also how many numbers are in each of this many bins of equal width.",
        minimum=1,
        maximum=1000,
    ),
    Text("columns", "Names of the columns to use. The input is then CSV with names in its first row."),
)

# As far as a side is taken; how many pixels a worker takes in all, it says itself.
_SIDE_MAX = 1_000_000

_RESIZE = (
    Whole(
        "width",
        "Width in pixels; if left out, it follows from the height.",
        shown=800,
        minimum=1,
        maximum=_SIDE_MAX,
    ),
    Whole(
        "height",
        "Height in pixels; if left out, it follows from the width.",
        shown=600,
        minimum=1,
        maximum=_SIDE_MAX,
    ),
    Choice(
        "fit",
        "With both sides, fit: fits inside the box. fill: fills it and is cropped. exact: is stretched.",
        "fit",
        choices=("fit", "fill", "exact"),
    ),
    Flag("enlarge", "Also make a smaller image larger."),
)

_THUMBNAIL = (
    Whole("width", "Largest width in pixels.", 256, minimum=1, maximum=_SIDE_MAX),
    Whole("height", "Largest height in pixels.", 256, minimum=1, maximum=_SIDE_MAX),
)

_CONVERT = (
    Choice("format", "Format to write, whatever the output is called.", choices=tuple(FORMATS)),
    Whole(
        "quality",
        "For JPEG, WEBP, HEIC and AVIF: higher is better and larger; 95 if left out.",
        minimum=1,
        maximum=100,
    ),
)

_ROTATE = (
    Decimal("degrees", "Degrees clockwise. Quarter turns move pixels and change none.", required=True,
            shown=90, minimum=-360, maximum=360),
    Text(
        "background",
        "Colour of the corners; if left out, transparent if the image has transparency, else white.",
        pattern="white|black|transparent|#[0-9A-Fa-f]{6}",
        what="white, black, transparent or a colour such as #ff8800",
    ),
)  # fmt: skip

_BLUR = (Decimal("radius", "Standard deviation in pixels.", 2.0, minimum=0.1, maximum=1000),)

_CHANGES = (
    Operation(
        "greyscale",
        "image",
        "An image in shades of grey.",
        traits=Traits(luma=True, unchanged="the image was grey already and is unchanged"),
    ),
    Operation(
        "threshold",
        "image",
        "An image with two values in each channel.",
        _THRESHOLD,
        traits=Traits(exact=True),
    ),
    Operation(
        "blackwhite",
        "image",
        "An image of two shades: greyscale, then threshold.",
        _THRESHOLD,
        traits=Traits(exact=True),
    ),
    Operation(
        "resize",
        "image",
        "An image of another size.",
        _RESIZE,
        one_of=("width", "height"),
        traits=Traits(unchanged="the image has that size, or is smaller, and is unchanged"),
    ),
    Operation(
        "thumbnail",
        "image",
        "A small image to look at, without metadata.",
        _THUMBNAIL,
        traits=Traits(whole=True),
    ),
    Operation(
        "convert",
        "image",
        "An image in another format, or of another quality.",
        _CONVERT,
        examples=("IMG_1234.HEIC -o photo.jpg --quality 80", "photos/ -o out/ --format webp"),
        traits=Traits(whole=True, changes=False),
    ),
    Operation(
        "rotate",
        "image",
        "An image turned clockwise.",
        _ROTATE,
        traits=Traits(unchanged="a whole turn leaves the image unchanged"),
    ),
    Operation("blur", "image", "An image after a Gaussian blur.", _BLUR),
    Operation(
        "edges",
        "image",
        "The edges in an image: how much its lightness changes, by Sobel.",
        traits=Traits(luma=True),
    ),
    Operation(
        "strip",
        "image",
        "An image without metadata: no EXIF, no places, no comments.",
        traits=Traits(exact=True, whole=True, changes=False),
    ),
)

_PIPELINE = (
    PipelineSteps(
        "steps", "The operations to do, in this order.", required=True, operations=_CHANGES,
        shown=[{"operation": "greyscale", "parameters": {}}],
    ),
)  # fmt: skip

_TEXT = (
    Text(
        "language", "The language to read, or several of the worker's; if left out, all of them.",
        pattern=r"[A-Za-z_]+(\+[A-Za-z_]+)*", what="languages as Tesseract calls them: eng, or deu+eng",
    ),
)  # fmt: skip

OPERATIONS: Mapping[str, Operation] = {
    operation.name: operation
    for operation in (
        Operation(
            "stats",
            "numbers",
            "Count, mean, minimum, maximum and median of numbers.",
            _STATS,
            gives="answer",
            streamed=True,
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
            (Whole("top", "How many labels to return, highest scores first.", 5, minimum=1, maximum=100),),
            gives="answer",
            part="classify",
            examples=("photo.jpg", "photos/ --top 1"),
        ),
    )
}


def find_operation(name: str) -> Operation:
    """Return the operation called `name`. Raises `BadJob` that lists those there are."""
    try:
        return OPERATIONS[name]
    except KeyError:
        meant, there = did_you_mean(name, OPERATIONS), ", ".join(OPERATIONS)
        raise BadJob(
            "unknown-operation", f"operation {shown(name)} is unknown{meant}; there are {there}"
        ) from None


def is_streamed(name: str) -> bool:
    """Tell whether the operation called `name` takes any count of numbers; a package's own never does."""
    operation = OPERATIONS.get(name)
    return operation is not None and operation.streamed
