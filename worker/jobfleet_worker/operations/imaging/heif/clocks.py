"""The times at which a film was written, in its boxes: the same picture is to become the same file."""

from jobfleet_worker.operations.imaging.heif.boxes import boxes_within

# Boxes that hold others, and those that begin with two times (ISO/IEC 14496-12:2022, 8.2.2, 8.3.2, 8.4.2).
_OF_BOXES = (b"moov", b"trak", b"mdia")
_TIMED = (b"mvhd", b"tkhd", b"mdhd")


def without_clocks(film: bytes) -> bytes:
    """Return an AVIF that was just written without the times of its writing."""
    clean = bytearray(film)
    for box in boxes_within(film, _OF_BOXES):
        if box.name in _TIMED:
            # Behind version and flags stand creation and change, of 4 bytes each or, in version 1, of 8.
            times = 2 * (8 if film[box.start] == 1 else 4)
            clean[box.start + 4 : box.start + 4 + times] = bytes(times)
    return bytes(clean)
