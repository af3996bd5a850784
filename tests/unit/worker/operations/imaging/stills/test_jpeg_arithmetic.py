"""JPEG files that are coded arithmetically (ITU-T T.81, annex D), of any length.

Pillow writes none. These are `picture()`, written by libjpeg-turbo 2.1 at quality 75 with `arith_code`.
"""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from tests.pictures import do

SEQUENTIAL = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcp"
    "LDAxNDQ0Hyc5PTgyPC4zNDL/2wBDAQkJCQwLDBgNDRgyIRwhMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIy"
    "MjIyMjIyMjIyMjIyMjL/yQARCAAYACADASIAAhEBAxEB/8wACgAQEAUBEBEF/9oADAMBAAIRAxEAPwD/ANAccW9eIstmJyQ5"
    "uWh0uQVhYIHOMW/fyoSjNYUJNbWcVdRqxgPexg9HTMWH6EkozwVQUskCqMkmWEhmwn/wDf1wY58SUZqt3n2sQj8TB+kllOBQ"
    "I9DwnvnLIMzxsZ+hokDRuBZabYqBqwU132GDLmeopjGgHQ1/LEYyY0j8JGIIrgIT0RJduHE189vv5U54Gp6AjC5cRaqz1CJN"
    "61GCi7HOvUu28u2g/9k="
)
PROGRESSIVE = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcp"
    "LDAxNDQ0Hyc5PTgyPC4zNDL/2wBDAQkJCQwLDBgNDRgyIRwhMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIy"
    "MjIyMjIyMjIyMjIyMjL/ygARCAAYACADASIAAhEBAxEB/8wABgAQARD/2gAMAwEAAhADEAAAAf8AoB0usKBW9WA88HZ9L4rs"
    "mV6kLcSjTtT/zAAEEAX/2gAIAQEAAQUCGB11GdBrnmaIXArZg9hM8ID/zAAEEQX/2gAIAQMBAT8BOP0FXle1xUI9gP/MAAQR"
    "Bf/aAAgBAgEBPwEYESzF+V9K6gpgp+oOTcwwmRZFDfn/zAAEEAX/2gAIAQEABj8CwbT/zAAEEAX/2gAIAQEAAT8hxGvzDkag"
    "EuQJgSjoXAxiM8eA/9oADAMBAAIAAwAAABDmY72A/8wABBEF/9oACAEDAQE/EF1p08RhWY//zAAEEQX/2gAIAQIBAT8QL4pI"
    "JQywTpDaVYNxrw37/rowA9nwxuH/zAAEEAX/2gAIAQEAAT8QKxPoeHkUum4RjRHtEET2Ox4txePGECclpVIm9auJFP/Z"
)
# As much as Pillow gives a decoder at once.
BLOCK_BYTES = 65_536
COARSE = "the file has no scans for the finest details of its picture: something of it may be missing"


def picture() -> Image.Image:
    rows, columns = np.mgrid[:24, :32]
    return Image.fromarray(np.stack([rows * 9, columns * 7, rows * columns % 256], -1).astype(np.uint8))


def padded(data: bytes, length: int) -> bytes:
    """Return the file with comments in front that make it so much longer."""
    comment = b"\xff\xfe" + (length // 2 - 2).to_bytes(2) + bytes(length // 2 - 4)
    return data[:2] + 2 * comment + data[2:]


@pytest.mark.parametrize("operation", ["convert", "greyscale"])
@pytest.mark.parametrize("data", [SEQUENTIAL, PROGRESSIVE], ids=["sequential", "progressive"])
def test_it_is_read_wherever_a_block_ends(data: bytes, operation: str) -> None:
    out = io.BytesIO()
    picture().save(out, "JPEG", quality=75)
    expected = do(operation, out.getvalue(), "outputs/x.png").data
    scan = data.index(b"\xff\xda")
    for length in (0, *(BLOCK_BYTES - place & ~1 for place in (scan + 20, len(data) - 20, len(data)))):
        long = padded(data, length) if length else data
        outcome = do(operation, long, "outputs/x.png")
        assert outcome.data == expected
        assert outcome.result["notes"] == []


def test_missing_scans_are_said() -> None:
    last = PROGRESSIVE.rindex(b"\xff\xda")
    assert COARSE in do("convert", PROGRESSIVE[:last] + b"\xff\xd9", "outputs/x.png").result["notes"]
