"""Files that were not written to their end: their system gave them their length, and zeros.

So copies and downloads end that were broken off. Coders that pack bits as tightly as WebP, HEIC and AVIF
leave no such run of zeros, and their decoders make some picture of it without a word.
"""

from jobfleet_worker.operations.imaging.heif.boxes import boxes
from jobfleet_worker.operations.imaging.heif.read_header import read_header
from jobfleet_worker.operations.imaging.stills.webp import FIRST_CHUNK, chunk_ends

UNWRITTEN = "the picture's data ends in zeros: the file may not have been written to its end"

# No coder was seen to write more than a few.
_ZEROS_MIN_BYTES = 256
_CODED = frozenset({b"VP8 ", b"VP8L", b"ANMF"})


def left_unwritten(data: bytes, kind: str) -> list[str]:
    """Return what has to be said of the end of a readable image's data."""
    end = _end_of_pixels(data, kind)
    tail = data[max(end - _ZEROS_MIN_BYTES, 0) : end]
    return [UNWRITTEN] if len(tail) == _ZEROS_MIN_BYTES and not tail.strip(b"\0") else []


def _end_of_pixels(data: bytes, kind: str) -> int:
    """Return where the last of the coded data ends; 0 if that is not known of the format."""
    if kind == "WEBP":
        return max(
            (end for name, end in chunk_ends(data, FIRST_CHUNK, len(data)) if name in _CODED), default=0
        )
    if kind in ("HEIC", "AVIF"):
        inside = boxes(data, 0, read_header(data).end)
        return max((box.end for box in inside if box.name == b"mdat"), default=0)
    return 0
