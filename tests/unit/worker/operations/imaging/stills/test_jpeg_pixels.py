"""JPEG files that were cut and closed again: decoders fill in what is missing, and say nothing."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.operations.imaging.stills.jpeg_segments import BEGINS, ENDS, SCAN, Segment, segments
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.outcome import Outcome
from jobfleet_worker.operations.run import run
from PIL import Image

from tests.jpeg_files import Channel, jpeg, lossless

LIMITS = Limits(max_pixels=1_000_000, max_numbers=1)
END_LOST = "the file has no end mark (EOI): something of it may be missing"
COARSE = "the file has no scans for the finest details of its picture: something of it may be missing"

# Of fewer last bytes a decoder may have read the last blocks to their end.
ENOUGH_BYTES = 24


def do(data: bytes, operation: str = "convert", output: str = "outputs/x.png") -> Outcome:
    declared = OPERATIONS[operation]
    return run(declared, declared.check({}), data, output, LIMITS)


def noise(mode: str, size: tuple[int, int] = (83, 45), **options: Any) -> bytes:
    channels = len(Image.new(mode, (1, 1)).getbands())
    samples = np.random.default_rng(3).integers(0, 256, (size[1], size[0], channels), dtype=np.uint8)
    out = io.BytesIO()
    Image.frombytes(mode, size, samples.tobytes()).save(out, "JPEG", **options)
    return out.getvalue()


def scans(data: bytes) -> list[Segment]:
    return [segment for segment in segments(data, len(BEGINS)) if segment.marker == SCAN]


PROGRESSIVE: Sequence[dict[str, Any]] = [
    {}, {"subsampling": 2}, {"subsampling": 1, "quality": 20}, {"restart_marker_blocks": 1},
    {"restart_marker_blocks": 7, "subsampling": 2}, {"restart_marker_rows": 1},
]  # fmt: skip


@pytest.mark.parametrize("options", PROGRESSIVE, ids=str)
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_whole_progressive_picture_lacks_nothing(mode: str, options: dict[str, Any]) -> None:
    notes = do(noise(mode, progressive=True, **options)).result["notes"]
    assert not [note for note in notes if "converted" not in note]


@pytest.mark.parametrize("options", PROGRESSIVE, ids=str)
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_scan_that_is_cut_is_refused(mode: str, options: dict[str, Any]) -> None:
    data = noise(mode, progressive=True, **options)
    found = scans(data)
    ends = [following.place for following in found[1:]] + [len(data) - len(ENDS)]
    for scan, end in zip(found, ends, strict=True):
        # Behind the data of all scans but the last there may be tables for the next.
        for cut in (scan.end + 4, (scan.end + end) // 2):
            if end - scan.end > 10 * ENOUGH_BYTES and data[cut - 1] != 0xFF:
                with pytest.raises(BadJob, match="pixels end before the picture"):
                    do(data[:cut] + ENDS)
    with pytest.raises(BadJob, match="pixels end before the picture"):
        do(data[: -len(ENDS) - ENOUGH_BYTES] + ENDS)


@pytest.mark.parametrize("operation", ["convert", "greyscale", "strip"])
@pytest.mark.parametrize("options", PROGRESSIVE, ids=str)
def test_scans_that_are_missing_are_said(options: dict[str, Any], operation: str) -> None:
    data = noise("RGB", progressive=True, **options)
    for scan in scans(data)[1:]:
        output = "outputs/x.jpg" if operation == "strip" else "outputs/x.png"
        assert COARSE in do(data[: scan.place] + ENDS, operation, output).result["notes"]


@pytest.mark.parametrize("left", [1, 2])
def test_a_channel_without_a_scan_is_refused(left: int) -> None:
    """Without its scans, colours become grey."""
    shades = np.random.default_rng(4).integers(20, 236, (2, 3))
    data = jpeg([Channel(name, 1, 1, shades) for name in (1, 2, 3)], apart=True)
    with pytest.raises(BadJob, match="pixels end before the picture"):
        do(data[: scans(data)[left].place] + ENDS)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}], ids=str)
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_file_that_was_not_written_to_its_end_is_noted_or_refused(
    mode: str, options: dict[str, Any]
) -> None:
    """Its system gave it its length, and zeros, which are coded data like any other."""
    data = noise(mode, **options)
    for cut in range(40, len(data) - scans(data)[0].end, 400):
        assert {END_LOST, "broken-image"} & said(data[:-cut] + bytes(cut))


def said(data: bytes) -> set[str]:
    """Return the notes, or the code of the refusal."""
    try:
        return set(do(data).result["notes"])
    except BadJob as refused:
        return {refused.code}


def test_a_lossless_picture_that_is_cut_is_refused() -> None:
    """What is missing of it is what was last there, and not grey."""
    shades = np.random.default_rng(5).integers(0, 256, (30, 40))
    shades[20:] = 17
    data = lossless(shades)
    assert do(data).data
    for cut in (20, len(data) // 2):
        with pytest.raises(BadJob, match="pixels end before the picture"):
            do(data[:-cut] + ENDS)


@pytest.mark.parametrize("garbage", [b"\0" * 5, b"words", b"\xff\xff"], ids=repr)
def test_lost_pixels_are_found_whatever_stands_between_segments(garbage: bytes) -> None:
    """Decoders pass over it. `strip` leaves it out, and its file would be refused by this worker."""
    data = noise("RGB")
    table = data.index(b"\xff\xdb")
    for operation in ("convert", "strip"):
        with pytest.raises(BadJob, match="pixels end before the picture"):
            do(data[:table] + garbage + data[table : len(data) // 2] + ENDS, operation, "outputs/x.jpg")
        assert do(data[:table] + garbage + data[table:], operation, "outputs/x.jpg").data
