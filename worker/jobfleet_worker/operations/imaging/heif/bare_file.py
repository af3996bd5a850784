"""HEIC and AVIF files with their picture alone, coded as it came.

The file is put together anew: the picture, its tiles and its alpha plane, with the properties that
say how to show them. EXIF, XMP, thumbnails, depth maps, further pictures and descriptions are left
behind (ISO/IEC 23008-12 and 14496-12, 8.11).
"""

import struct
from collections.abc import Iterator, Sequence

from jobfleet_worker.operations.imaging.heif.boxes import Box
from jobfleet_worker.operations.imaging.heif.header import HeifHeader
from jobfleet_worker.operations.imaging.heif.read_header import read_header

# What says how a picture is decoded and shown. Others tell who made it, when, and what of.
_KEPT = frozenset({
    b"hvcC", b"av1C", b"ispe", b"pixi", b"colr", b"pasp", b"irot", b"imir", b"clap", b"auxC", b"clli",
    b"mdcv", b"cclv", b"amve", b"a1op", b"a1lx", b"lsel",
})  # fmt: skip
_KEPT_REFERENCES = frozenset({b"dimg", b"auxl", b"prem"})

_ESSENTIAL = 0x8000


def bare_heif(data: bytes) -> Iterator[bytes]:
    """Give the parts of a readable file without metadata. Raises `IndexError` if it is no single picture."""
    header = read_header(data)
    items = _kept(header)
    contents = [header.contents(item) for item in items]
    if header.has_sequence or not all(contents) or max(items) > 0xFFFF:
        raise IndexError
    start = len(header.file_type) + len(_meta(header, items, contents, 0)) + 8
    yield header.file_type
    yield _meta(header, items, contents, start)
    yield _box(b"mdat", *contents)


def _kept(header: HeifHeader) -> list[int]:
    planes = header.planes(header.primary)
    return list(dict.fromkeys(one for plane in planes for one in header.all_of(plane)))


def _meta(header: HeifHeader, items: Sequence[int], contents: Sequence[bytes], start: int) -> bytes:
    return _full(
        b"meta", 0,
        _full(b"hdlr", 0, struct.pack(">4x4s12xx", b"pict")),
        _full(b"pitm", 0, struct.pack(">H", header.primary)),
        _places(items, contents, start),
        _kinds(header, items),
        _references(header, items),
        _properties(header, items),
    )  # fmt: skip


def _places(items: Sequence[int], contents: Sequence[bytes], start: int) -> bytes:
    entries = []
    for item, content in zip(items, contents, strict=True):
        entries.append(struct.pack(">HHHII", item, 0, 1, start, len(content)))
        start += len(content)
    return _full(b"iloc", 0, struct.pack(">HH", 0x4400, len(items)), *entries)


def _kinds(header: HeifHeader, items: Sequence[int]) -> bytes:
    entries = [
        _full(
            b"infe",
            2 << 24 | header.items[item].hidden,
            struct.pack(">HH4sx", item, 0, header.items[item].kind),
        )
        for item in items
    ]
    return _full(b"iinf", 0, struct.pack(">H", len(items)), *entries)


def _references(header: HeifHeader, items: Sequence[int]) -> bytes:
    known, entries = set(items), []
    for kind, source, targets in header.references:
        # An alpha plane may be that of a thumbnail, too.
        left = [target for target in targets if target in known]
        if kind in _KEPT_REFERENCES and source in known and left:
            entries.append(_box(kind, struct.pack(f">HH{len(left)}H", source, len(left), *left)))
    return _full(b"iref", 0, *entries) if entries else b""


def _properties(header: HeifHeader, items: Sequence[int]) -> bytes:
    numbers: dict[Box, int] = {}
    associations = []
    for item in items:
        of_item = header.items[item]
        indexes = [
            numbers.setdefault(box, len(numbers) + 1) | (_ESSENTIAL if box in of_item.essential else 0)
            for box in of_item.properties
            if box.name in _KEPT
        ]
        associations.append(struct.pack(f">HB{len(indexes)}H", item, len(indexes), *indexes))
    known = [header.data[box.place : box.end] for box in numbers]
    return _box(
        b"iprp", _box(b"ipco", *known), _full(b"ipma", 1, struct.pack(">I", len(items)), *associations)
    )


def _box(name: bytes, *contents: bytes) -> bytes:
    whole = b"".join(contents)
    return struct.pack(">I4s", len(whole) + 8, name) + whole


def _full(name: bytes, version_and_flags: int, *contents: bytes) -> bytes:
    return _box(name, struct.pack(">I", version_and_flags), *contents)
