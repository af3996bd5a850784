"""HEIC and AVIF files laid out as phones lay them out, and as nobody should.

Coded pictures come from the encoders; the boxes around them are written here (ISO/IEC 23008-12).
"""

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pillow_heif
from jobfleet_worker.operations.imaging.heif.read_header import read_header
from PIL import Image

ALPHA = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"
LOSSLESS = {"quality": -1, "chroma": 444, "matrix_coefficients": 0}
GAIN_MAP = b"urn:com:apple:photo:2020:aux:hdrgainmap"
DEPTH_MAP = b"urn:mpeg:hevc:2015:auxid:2"

# What a reader must know if it is to show a picture.
_ESSENTIAL = (b"hvcC", b"av1C", b"irot", b"imir", b"clap")


def heic(image: Image.Image, **options: Any) -> bytes:
    """Return an image as libheif writes it, without loss if nothing else is asked for."""
    out = io.BytesIO()
    parameters = {"preset": "ultrafast", "x265:pools": "none", "x265:frame-threads": "1"}
    pillow_heif.from_pillow(image).save(out, enc_params=parameters, **(options or LOSSLESS))
    return out.getvalue()


def avif(image: Image.Image, **options: Any) -> bytes:
    """Return an image as libavif writes it, with little loss if nothing else is asked for."""
    out = io.BytesIO()
    best = {"quality": 100} if image.mode == "L" else {"quality": 100, "subsampling": "4:4:4"}
    image.save(out, "AVIF", speed=10, max_threads=1, **(options or best))
    return out.getvalue()


@dataclass(frozen=True)
class Part:
    """An item of a file: its kind, its bytes, and its properties as whole boxes."""

    kind: bytes
    content: bytes
    properties: Sequence[bytes] = ()
    hidden: bool = False


def box(name: bytes, *contents: bytes) -> bytes:
    whole = b"".join(contents)
    return struct.pack(">I4s", len(whole) + 8, name) + whole


def full(name: bytes, *contents: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(name, struct.pack(">I", version << 24 | flags), *contents)


def part_of(file: bytes, **more: Any) -> Part:
    """Return the picture of a file with one."""
    header = read_header(file)
    item = header.items[header.primary]
    return Part(
        item.kind,
        header.contents(header.primary),
        [file[one.place : one.end] for one in item.properties],
        **more,
    )


def size(width: int, height: int) -> bytes:
    return full(b"ispe", struct.pack(">II", width, height))


def auxiliary(what: bytes) -> bytes:
    return full(b"auxC", what + b"\0")


def exif_part(exif: bytes) -> Part:
    return Part(b"Exif", struct.pack(">I", 0) + exif)


def grid(columns: int, rows: int, width: int, height: int) -> bytes:
    return struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height)


def file_of(
    parts: Sequence[Part],
    references: Sequence[tuple[bytes, int, Sequence[int]]] = (),
    *,
    brand: bytes = b"heic",
    primary: int = 1,
) -> bytes:
    """Return a file with these parts, numbered from 1, and references by their numbers."""  # fmt: skip
    file_type = box(b"ftyp", brand, bytes(4), b"mif1", brand)
    start = len(file_type) + len(_meta(parts, references, primary, 0)) + 8
    return (
        file_type + _meta(parts, references, primary, start) + box(b"mdat", *(part.content for part in parts))
    )


def _meta(
    parts: Sequence[Part], references: Sequence[tuple[bytes, int, Sequence[int]]], primary: int, start: int
) -> bytes:
    kinds, places, uses, known = b"", b"", b"", list[bytes]()
    for number, part in enumerate(parts, start=1):
        words = struct.pack(">HH4s", number, 0, part.kind) + b"\0"
        kinds += full(b"infe", words, version=2, flags=int(part.hidden))
        places += struct.pack(">HHHII", number, 0, 1, start, len(part.content))
        start += len(part.content)
        known += [one for one in part.properties if one not in known]
        uses += struct.pack(">HB", number, len(part.properties))
        uses += bytes(
            known.index(one) + 1 | (0x80 if one[4:8] in _ESSENTIAL else 0) for one in part.properties
        )
    refers = [box(kind, struct.pack(f">HH{len(to)}H", one, len(to), *to)) for kind, one, to in references]
    return full(
        b"meta",
        full(b"hdlr", struct.pack(">4x4s13x", b"pict")),
        full(b"pitm", struct.pack(">H", primary)),
        full(b"iloc", struct.pack(">HH", 0x4400, len(parts)), places),
        full(b"iinf", struct.pack(">H", len(parts)), kinds),
        full(b"iref", *refers) if refers else b"",
        box(b"iprp", box(b"ipco", *known), full(b"ipma", struct.pack(">I", len(parts)), uses)),
    )
