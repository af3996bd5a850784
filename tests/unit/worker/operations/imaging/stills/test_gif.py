"""Still GIFs written by hand, so that their pixels are known without a decoder."""

import io
import struct
from typing import Any

import numpy as np
import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.outcome import Outcome
from jobfleet_worker.operations.run import run
from numpy.typing import NDArray
from PIL import Image

LIMITS = Limits(max_pixels=100_000, max_numbers=1)
COLOURS = np.random.default_rng(1).integers(1, 256, (256, 3), dtype=np.uint8)
PLACES = np.random.default_rng(2).integers(0, 4, (11, 7))
# The rows as they stand in an interlaced file.
_INTERLACED = (*range(0, 11, 8), *range(4, 11, 8), *range(2, 11, 4), *range(1, 11, 2))


def gif(
    places: NDArray[np.integer[Any]] = PLACES, *, colours: int = 4, transparent: int | None = None,
    own_table: bool = False, interlaced: bool = False,
) -> bytes:  # fmt: skip
    """Return a file of places of a table of `colours`, in its image or for all of them."""
    height, width = places.shape
    table = COLOURS[:colours].tobytes()
    size = colours.bit_length() - 2
    control = b"" if transparent is None else b"!\xf9\4\1\0\0" + bytes([transparent, 0])
    flags = (0x80 | size if own_table else 0) | (0x40 if interlaced else 0)
    rows = places[list(_INTERLACED)] if interlaced else places
    return (
        b"GIF89a" + struct.pack("<HHBBB", width, height, 0 if own_table else 0x80 | size, 0, 0)
        + (b"" if own_table else table) + control
        + b"," + struct.pack("<HHHHB", 0, 0, width, height, flags) + (table if own_table else b"")
        + _coded(rows.flatten().tolist()) + b";"
    )  # fmt: skip


def _coded(places: list[int]) -> bytes:
    """Return places in codes of nine bits; the table of codes is cleared before it needs longer ones."""
    codes = []
    for number, place in enumerate(places):
        codes += [256, place] if number % 200 == 0 else [place]
    whole = sum(code << 9 * number for number, code in enumerate([*codes, 257]))
    data = whole.to_bytes((9 * (len(codes) + 1) + 7) // 8, "little")
    blocks = [data[at : at + 255] for at in range(0, len(data), 255)]
    return b"\x08" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def do(data: bytes, operation: str = "convert", output: str = "outputs/x.png") -> Outcome:
    declared = OPERATIONS[operation]
    return run(declared, declared.check({}), data, output, LIMITS)


def read(outcome: Outcome) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(outcome.data or b"")) as image:
        return np.asarray(image.convert("RGBA"))


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("own_table", [False, True])
@pytest.mark.parametrize("transparent", [None, 0, 2, 3, 200])
@pytest.mark.parametrize("output", ["outputs/x.png", "outputs/x.webp", "outputs/x.gif"])
def test_places_are_their_colours_and_one_may_be_transparent(
    output: str, transparent: int | None, own_table: bool, interlaced: bool
) -> None:
    data = gif(transparent=transparent, own_table=own_table, interlaced=interlaced)
    found = read(do(data, "threshold", output) if output.endswith("webp") else do(data, output=output))
    clear = np.isin(PLACES, [] if transparent is None else [transparent])
    assert ((found[..., 3] == 0) == clear).all()
    colours = np.where(COLOURS <= 125, 0, 254) if output.endswith("webp") else COLOURS
    assert (found[~clear][:, :3] == colours[PLACES[~clear]]).all()


@pytest.mark.parametrize("output", ["outputs/x.png", "outputs/x.gif", "outputs/x.tif", "outputs/x.bmp"])
def test_places_past_the_table_are_black_and_it_is_said(output: str) -> None:
    outcome = do(gif(colours=2), output=output)
    expected = COLOURS[PLACES].copy()
    expected[PLACES > 1] = 0
    assert (read(outcome)[..., :3] == expected).all()
    assert "past the end of the palette" in outcome.result["notes"][0]


@pytest.mark.parametrize("output", ["outputs/x.png", "outputs/x.gif"])
def test_the_transparent_place_may_lie_past_the_table(output: str) -> None:
    places = np.where(PLACES > 1, 3, PLACES)
    outcome = do(gif(places, colours=2, transparent=3), output=output)
    found = read(outcome)
    assert ((found[..., 3] == 0) == (places == 3)).all()
    assert (found[places < 2][:, :3] == COLOURS[places[places < 2]]).all()
    assert outcome.result["notes"] == []


@pytest.mark.parametrize("operation", ["greyscale", "threshold", "edges", "histogram"])
def test_places_past_the_table_break_no_operation(operation: str) -> None:
    assert "past the end of the palette" in do(gif(colours=2), operation).result["notes"][0]


def test_missing_pixels_are_damage() -> None:
    whole = gif()
    with pytest.raises(BadJob, match="truncated"):
        do(whole[:-20])
