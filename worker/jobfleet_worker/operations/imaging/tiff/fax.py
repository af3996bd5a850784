"""Fax data that stops early. libtiff leaves the rest of the picture as memory was, and says nothing."""

import re
from collections.abc import Sequence

from jobfleet_jobs.errors import BadJob
from PIL import Image

from jobfleet_worker.operations.imaging.tiff.directory import Directory, Tag
from jobfleet_worker.operations.imaging.tiff.layout import CCITT_3, CCITT_4, SampleLayout
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
# Of the data's end that is looked at: a sender's own word that there are no more lines is shorter.
_TAIL_BYTES = 24
# libtiff looks ahead, and loses the last code of runs alone where nothing stands behind it.
_AHEAD_BYTES = 8


def fax_picture(page: Directory, layout: SampleLayout, segments: Sequence[Segment]) -> Image.Image:
    """Return a fax picture upright. Raises `BadJob` if its data ends before it does.

    It is read twice, with nothing and with black behind the end of the data: where the black can be
    seen, more data was needed.
    """
    end, black = _codes(page, layout)
    stored = [page.form.data[at : at + count] for at, count in segments]
    parts = [_with_black(data, layout, end, black) for data in stored]
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
    image = unpacked(tags, [data + bytes(_AHEAD_BYTES) for data in stored]).copy()
    try:
        same = unpacked(tags, parts).tobytes() == image.tobytes()
    except OSError:
        same = False
    if not same:
        raise BadJob("broken-image", "the TIFF's fax data ends before its picture does: it is cut off")
    return image


def _with_black(data: bytes, layout: SampleLayout, end: str, black: str) -> bytes:
    """Return fax data with black codes in place of the ends of lines with which a sender says it is over."""
    data = data.rstrip(b"\0")
    tail = data[-_TAIL_BYTES:]
    seen = tail.translate(REVERSED) if layout.backwards else tail
    bits = "".join(f"{byte:08b}" for byte in seen).rstrip("0")
    bits = re.sub(f"(?:0*{end})+$", "", bits) if end else bits
    bits = bits.rstrip("0") + black
    bits += "0" * (-len(bits) % 8)
    new = int(bits, 2).to_bytes(len(bits) // 8)
    return data[: len(data) - len(tail)] + (new.translate(REVERSED) if layout.backwards else new)


def _codes(page: Directory, layout: SampleLayout) -> tuple[str, str]:
    """Return the end of a line, if there is such a code, and black lines as they stand behind data."""
    if layout.compression == CCITT_3:
        two = page.number(_T4_OPTIONS, 0) & _TWO_DIMENSIONAL
        end = _END_OF_LINE + "1" if two else _END_OF_LINE  # then it says of how many dimensions the line is
        return end, (end + _BLACK_LINE) * 4
    # In runs alone there are no ends of lines, and what fills up a line can look like one.
    return _END_OF_LINE if layout.compression == CCITT_4 else "", (_PASS_TO_BLACK + _BLACK_LINE) * 8
