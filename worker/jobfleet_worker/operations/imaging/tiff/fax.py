"""Fax data that stops early. libtiff leaves the rest of the picture as memory was, and says nothing."""

import re
from collections.abc import Sequence

from jobfleet_jobs.errors import BadJob
from PIL import Image

from jobfleet_worker.operations.imaging.tiff.directory import Directory, Tag
from jobfleet_worker.operations.imaging.tiff.layout import CCITT_3, SampleLayout
from jobfleet_worker.operations.imaging.tiff.made import unpacked
from jobfleet_worker.operations.imaging.tiff.samples import REVERSED
from jobfleet_worker.operations.imaging.tiff.segments import Segment

_T4_OPTIONS, _T6_OPTIONS = 292, 293
_TWO_DIMENSIONAL = 1

# Codes of ITU-T T.4 and T.6 (https://www.itu.int/rec/T-REC-T.4): the end of a line, and a line of no
# white and 64 black pixels.
_END_OF_LINE = "000000000001"
_BLACK_LINE = "00110101" + "0000001111" + "0000110111"
# In two dimensions, a pass, and no white and one black pixel across. The zeros of the pass may be the last
# ones of the code before, which are stripped with what fills up a strip.
_PASS_TO_BLACK = "0001" + "001" + "00110101" + "010"
# A sender's own word that there are no more lines: ends of lines, with nothing between them.
_NO_MORE_LINES = re.compile(r"(?:0{11,}11?)+$")
_TAIL_BYTES = 24


def check_fax(image: Image.Image, page: Directory, layout: SampleLayout, segments: Sequence[Segment]) -> None:
    """Raise `BadJob` for fax data that ends before the picture that was read from it does.

    The picture is read once more, with black behind the end of the data: where that can be seen, more
    data was needed.
    """
    codes = _black_codes(page, layout)
    parts = [_with_black(page.form.data[at : at + count], layout, codes) for at, count in segments]
    tags: dict[int, int] = {
        Tag.WIDTH: layout.width, Tag.LENGTH: layout.height, Tag.BITS: 1, Tag.SAMPLES: 1,
        Tag.COMPRESSION: layout.compression, Tag.PHOTOMETRIC: layout.photometric,
        Tag.FILL_ORDER: 2 if layout.backwards else 1, Tag.ORIENTATION: page.number(Tag.ORIENTATION, 1),
        _T4_OPTIONS: page.number(_T4_OPTIONS, 0), _T6_OPTIONS: page.number(_T6_OPTIONS, 0),
    }  # fmt: skip
    if layout.tiled:
        tags |= {Tag.TILE_WIDTH: layout.strip[0], Tag.TILE_LENGTH: layout.strip[1]}
    else:
        tags |= {Tag.ROWS_PER_STRIP: layout.strip[1]}
    try:
        same = unpacked(tags, parts).tobytes() == image.tobytes()
    except OSError:
        same = False
    if not same:
        raise BadJob("broken-image", "the TIFF's fax data ends before its picture does: it is cut off")


def _with_black(data: bytes, layout: SampleLayout, codes: str) -> bytes:
    """Return fax data with more codes in place of the word that there are none."""
    data = data.rstrip(b"\0")
    tail = data[-_TAIL_BYTES:]
    bits = "".join(f"{byte:08b}" for byte in (tail.translate(REVERSED) if layout.backwards else tail)).rstrip(
        "0"
    )
    bits = _NO_MORE_LINES.sub("", bits).rstrip("0") + codes
    bits += "0" * (-len(bits) % 8)
    new = int(bits, 2).to_bytes(len(bits) // 8)
    return data[: -len(tail)] + (new.translate(REVERSED) if layout.backwards else new)


def _black_codes(page: Directory, layout: SampleLayout) -> str:
    if layout.compression == CCITT_3:
        tag = "1" if page.number(_T4_OPTIONS, 0) & _TWO_DIMENSIONAL else ""
        return (_END_OF_LINE + tag + _BLACK_LINE) * 4
    return (_PASS_TO_BLACK + _BLACK_LINE) * 8
