"""The times at which a film was written, in its boxes: the same picture is to become the same file."""

from collections.abc import Iterator

from jobfleet_worker.operations.imaging.heif.boxes import Box, boxes

# Boxes that hold others, and those that begin with two times (ISO/IEC 14496-12:2022, 8.2.2, 8.3.2, 8.4.2).
_OF_BOXES = (b"moov", b"trak", b"mdia")
_TIMED = (b"mvhd", b"tkhd", b"mdhd")


def without_clocks(film: bytes) -> bytes:
    """Return an AVIF that was just written without the times of its writing."""
    clean = bytearray(film)
    for box in _timed(film, 0, len(film)):
        # Behind version and flags stand creation and change, of 4 bytes each or, in version 1, of 8.
        times = 2 * (8 if film[box.start] == 1 else 4)
        clean[box.start + 4 : box.start + 4 + times] = bytes(times)
    return bytes(clean)


def _timed(data: bytes, start: int, end: int) -> Iterator[Box]:
    for box in boxes(data, start, end):
        if box.name in _OF_BOXES:
            yield from _timed(data, box.start, box.end)
        elif box.name in _TIMED:
            yield box
