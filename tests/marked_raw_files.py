"""BMP, PBM to PPM, and TIFF files with a word in every place that is no picture."""

import struct
from collections.abc import Iterator, Mapping

import numpy as np

from tests.pictures import saved, smooth

MARK = b"MARK of 52.5200 N 13.4050 E"
PICTURE = smooth(20, 30)
# What a film begins with, which phones put behind a picture.
FILM = b"\0\0\0\x18ftypmp42" + MARK
# A page of a TIFF that is none of its pictures.
SMALLER_COPY = "preview behind, a smaller copy"


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def thumbnail() -> bytes:
    """A JPEG of its own, with the word in it."""
    small = saved(PICTURE[:8, :8], "JPEG")
    return small[:2] + segment(0xFE, MARK) + small[2:]


def bmps() -> Iterator[tuple[str, bytes]]:
    pixels = PICTURE[:, :29]  # 87 bytes a row, and one to fill up
    rows = [row[:, ::-1].tobytes() for row in pixels[::-1]]

    def bmp(
        *,
        head: bytes = bytes(84),
        table: bytes = b"",
        gap: bytes = b"",
        filled: bytes = b"",
        behind: bytes = b"",
    ) -> bytes:
        info = struct.pack(
            "<IiiHHIIiiII", 40 + len(head), 29, 20, 1, 24, 0, 0, 11811, 11811, len(table) // 4, 0
        )
        filled = filled or bytes(20)
        body = b"".join(row + filled[n : n + 1] for n, row in enumerate(rows))
        start = 14 + len(info + head + table + gap)
        size = start + len(body) + len(behind)
        return struct.pack("<2sIII", b"BM", size, 0, start) + info + head + table + gap + body + behind

    start = 124 + len(rows) * 88
    linked = struct.pack("<16x4s48xIIII", b"KNIL", 4, start, len(MARK), 0)
    yield "gap before the pixels", bmp(gap=MARK)
    yield "behind the pixels", bmp(behind=MARK)
    yield "path of a profile", bmp(head=linked, behind=MARK)
    yield "corners of a colour space that is named", bmp(head=bytes(16) + b"BGRs" + MARK.ljust(64, b"\0"))
    yield "palette of a colour picture", bmp(table=MARK.ljust(28, b"\0"))
    yield "old head", bmp(head=b"", gap=MARK)
    yield "between the rows", bmp(filled=MARK[:20])


def pnms() -> Iterator[tuple[str, bytes]]:
    note = b"# " + MARK + b"\n"
    grey, bits = PICTURE[..., 0], PICTURE[..., 0] > 100
    for kind, pixels in ((b"P6", PICTURE), (b"P5", grey), (b"P4", np.packbits(bits, axis=1))):
        top = b"" if kind == b"P4" else b"255\n"
        yield f"{kind.decode()} comment", kind + b"\n" + note + b"30 20\n" + top + pixels.tobytes()
        yield f"{kind.decode()} film behind", kind + b"\n30 20\n" + top + pixels.tobytes() + FILM
    for kind, pixels in ((b"P3", PICTURE), (b"P2", grey), (b"P1", bits)):
        top = b"" if kind == b"P1" else b"255\n"
        text = b" ".join(b"%d" % value for value in pixels.ravel())
        half = text.index(b" ", len(text) // 2)
        yield f"{kind.decode()} comment", kind + b" " + note + b"30 20\n" + top + text + b"\n"
        yield (
            f"{kind.decode()} comment within",
            kind + b"\n30 20\n" + top + text[:half] + b" " + note + text[half:] + b"\n",
        )
        if kind != b"P1":  # in which Pillow finds letters wrong
            yield f"{kind.decode()} words behind", kind + b"\n30 20\n" + top + text + b"\n" + MARK
    deep = (PICTURE.astype(np.uint16) * 200 + 7).astype(">u2")
    yield "P6 of 16 bits", b"P6\n" + note + b"30 20\n65535\n" + deep.tobytes()


def tiffs() -> Iterator[tuple[str, bytes]]:
    ifd = tiff
    yield "unreferenced bytes", ifd({}, hidden=MARK)
    for name, tag, kind in (
        ("description", 270, 2), ("software", 305, 2), ("artist", 315, 2), ("copyright", 33432, 2),
        ("page name", 285, 2), ("document", 269, 2), ("host", 316, 2), ("XMP", 700, 1), ("IPTC", 33723, 7),
        ("Photoshop", 34377, 7), ("private", 65000, 7), ("ImageSourceData", 37724, 7),
        ("JPEG tables", 347, 7),
    ):  # fmt: skip
        yield name, ifd({tag: (kind, MARK)})
    for name, tag in (("EXIF", 34665), ("GPS", 34853)):
        yield f"{name} directory", ifd({}, below={tag: {0x9286: (7, MARK)}})
    yield "preview in a directory below", ifd({}, below={330: _preview()})
    yield SMALLER_COPY, _with_copy()
    yield "thumbnail in EXIF", ifd({}, below={34665: {0x927C: (7, thumbnail())}})


def _with_copy() -> bytes:
    """A file with a second page: the first one made smaller, nine by three, of the bytes of the word."""
    data = bytearray(tiff({}, hidden=MARK))
    short, long = struct.Struct("<H").pack, struct.Struct("<I").pack
    size = {
        256: (3, short(9)),
        257: (3, short(3)),
        258: (3, short(8)),
        259: (3, short(1)),
        262: (3, short(1)),
    }
    strip = {273: (4, long(8)), 277: (3, short(1)), 278: (3, short(3)), 279: (4, long(len(MARK)))}
    place = _written(data, {254: (4, long(1)), **size, **strip})
    (first,) = struct.unpack_from("<I", data, 4)
    struct.pack_into("<I", data, first + 2 + 12 * data[first], place)
    return bytes(data)


def _preview() -> dict[int, tuple[int, bytes]]:
    """A directory of a small picture whose one strip, kept as a private entry, is the word."""
    short = struct.Struct("<H").pack
    return {
        254: (4, struct.pack("<I", 1)),
        256: (3, short(9)),
        257: (3, short(3)),
        258: (3, short(8)),
        65001: (7, MARK),
    }


def tiff(
    more: Mapping[int, tuple[int, bytes]],
    *,
    below: Mapping[int, Mapping[int, tuple[int, bytes]]] | None = None,
    hidden: bytes = b"",
) -> bytes:
    """Return a TIFF of `PICTURE` with more entries, directories below, and bytes that nothing names."""
    pixels = PICTURE.tobytes()
    data = bytearray(b"II*\0" + bytes(4) + hidden.ljust(40, b"\0"))
    short, long = struct.Struct("<H").pack, struct.Struct("<I").pack
    entries: dict[int, tuple[int, bytes]] = {
        256: (3, short(30)), 257: (3, short(20)), 258: (3, struct.pack("<3H", 8, 8, 8)), 259: (3, short(1)),
        262: (3, short(2)), 273: (4, long(len(data))), 277: (3, short(3)), 278: (3, short(20)),
        279: (4, long(len(pixels))), **more,
    }  # fmt: skip
    data += pixels
    for tag, directory in (below or {}).items():
        entries[tag] = (4, long(_written(data, directory)))
    struct.pack_into("<I", data, 4, _written(data, entries))
    return bytes(data)


_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 7: 1}


def _written(data: bytearray, entries: Mapping[int, tuple[int, bytes]]) -> int:
    """Write a directory behind the data, and return its place."""
    rows = b""
    for tag, (kind, value) in sorted(entries.items()):
        value += b"\0" if kind == 2 else b""
        count = len(value) // _SIZES[kind]
        if len(value) > 4:
            data += bytes(len(data) % 2)
            place, value = len(data), value
            data += value
            value = struct.pack("<I", place)
        rows += struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")
    data += bytes(len(data) % 2)
    place = len(data)
    data += struct.pack("<H", len(entries)) + rows + bytes(4)
    return place
