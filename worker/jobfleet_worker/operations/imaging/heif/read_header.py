"""Reads the boxes of a HEIC or AVIF file into its `HeifHeader`."""

from collections.abc import Callable, Mapping, Sequence

from jobfleet_worker.operations.imaging.heif.boxes import Box, BoxFields, boxes
from jobfleet_worker.operations.imaging.heif.header import HeifHeader, Item

# libheif takes 1,000 items, and iPhones write 60 to 300; more would only keep a worker busy.
_ITEMS_MAX = 4_000
# Places of all items together. Writers put an item in one; those whose numbers are 0 bytes wide cost no file.
_PLACES_MAX = 2 * _ITEMS_MAX
_DESCRIPTION_MAX_BYTES = 4 * 1024 * 1024

# What stands side by side in a file. A further `ftyp` is the start of a film behind the picture.
_MOTION_PHOTO = b"mpvd"  # https://developer.android.com/media/platform/motion-photo-format
_TOP = frozenset({
    b"ftyp", b"meta", b"mdat", b"free", b"skip", b"wide", b"uuid", b"moov", b"moof", b"mfra", b"sidx",
    b"styp", b"pdin", b"udta", b"emsg", b"etyp", b"otyp", b"idat", b"sefd", _MOTION_PHOTO,
})  # fmt: skip


def read_header(data: bytes) -> HeifHeader:
    """Return the description of a file that begins with an `ftyp` box.

    Raises `ValueError` for one that is damaged or cut off.
    """
    header = HeifHeader(data)
    while (name := data[header.end + 4 : header.end + 8]) in _TOP and not (name == b"ftyp" and header.end):
        box = next(boxes(data, header.end, len(data)))
        if name == b"ftyp":
            header.brand, header.file_type = data[box.start : box.start + 4], data[: box.end]
        if box.name == b"meta" and not header.items:
            _read_description(header, box)
        header.has_sequence |= box.name == b"moov"
        header.has_film |= box.name == _MOTION_PHOTO
        header.end = box.end
    _check_places(header)
    return header


def _read_description(header: HeifHeader, meta: Box) -> None:
    data = header.data
    if meta.end - meta.start > _DESCRIPTION_MAX_BYTES:
        raise ValueError(f"its description is longer than {_DESCRIPTION_MAX_BYTES:,} bytes")
    found = {box.name: box for box in boxes(data, meta.start + 4, meta.end)}
    for name, read in _READERS.items():
        if name in found:
            box = found[name]
            read(header, BoxFields(data, box.start, box.end), found)


def _read_primary(header: HeifHeader, fields: BoxFields, _: Mapping[bytes, Box]) -> None:
    version, _flags = fields.number(1), fields.number(3)
    header.primary = fields.number(2 if version == 0 else 4)


def _read_kinds(header: HeifHeader, fields: BoxFields, _: Mapping[bytes, Box]) -> None:
    """Read `iinf`, which has a box for each item."""
    version, _flags = fields.number(1), fields.number(3)
    _check_count(fields.number(2 if version == 0 else 4))
    for box in boxes(header.data, fields.place, fields.place + fields.left):
        entry = BoxFields(header.data, box.start, box.end)
        version, flags = entry.number(1), entry.number(3)
        if version < 2:
            continue  # of before HEIF: no kind of item is told
        number = entry.number(2 if version == 2 else 4)
        entry.take(2)
        header.items[number] = Item(entry.take(4), entry.place - 4, hidden=bool(flags & 1))
        _check_count(len(header.items))


def _read_places(header: HeifHeader, fields: BoxFields, found: Mapping[bytes, Box]) -> None:
    """Read `iloc`: where the bytes of each item lie, in the file or in the box `idat`."""
    version, _flags = fields.number(1), fields.number(3)
    sizes = fields.number(2)
    of_offset, of_length, of_base, of_index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    of_index = of_index if version else 0
    wide = 4 if version == 2 else 2
    left = _PLACES_MAX
    for _ in range(_check_count(fields.number(wide))):
        number = fields.number(wide)
        method = fields.number(2) & 15 if version else 0
        fields.take(2)
        base = fields.number(of_base)
        if method == 1 and b"idat" in found:
            base += found[b"idat"].start
        places = []
        count = fields.number(2)
        left -= count
        if left < 0:
            raise ValueError(f"its parts lie in more than {_PLACES_MAX:,} places")
        for _ in range(count):
            fields.take(of_index)
            places.append((base + fields.number(of_offset), fields.number(of_length)))
        if number in header.items and method < 2:
            _check_length(header, number, [length for _, length in places])
            header.items[number].places = places


def _read_references(header: HeifHeader, fields: BoxFields, _: Mapping[bytes, Box]) -> None:
    """Read `iref`, which has a box for each item and kind of reference."""
    wide = 4 if fields.number(1) else 2
    fields.take(3)
    for box in boxes(header.data, fields.place, fields.place + fields.left):
        entry = BoxFields(header.data, box.start, box.end)
        source = entry.number(wide)
        targets = tuple(entry.number(wide) for _ in range(entry.number(2)))
        header.references.append((box.name, source, targets))


def _read_properties(header: HeifHeader, fields: BoxFields, _: Mapping[bytes, Box]) -> None:
    """Read `iprp`: all properties, and which item has which."""
    parts = list(boxes(header.data, fields.place, fields.place + fields.left))
    known = [
        box for part in parts if part.name == b"ipco" for box in boxes(header.data, part.start, part.end)
    ]
    for part in parts:
        if part.name == b"ipma":
            _read_associations(header, BoxFields(header.data, part.start, part.end), known)


def _read_associations(header: HeifHeader, fields: BoxFields, known: list[Box]) -> None:
    version, flags = fields.number(1), fields.number(3)
    for _ in range(_check_count(fields.number(4))):
        number = fields.number(2 if version == 0 else 4)
        for _ in range(fields.number(1)):
            told, bits = (fields.number(2), 15) if flags & 1 else (fields.number(1), 7)
            essential, index = divmod(told, 1 << bits)
            if number in header.items and 0 < index <= len(known):
                item, property_ = header.items[number], known[index - 1]
                item.properties.append(property_)
                item.essential |= {property_} if essential else set()


def _check_count(count: int) -> int:
    if count > _ITEMS_MAX:
        raise ValueError(f"it has {count:,} parts, and at most {_ITEMS_MAX:,} are read")
    return count


def _check_length(header: HeifHeader, number: int, lengths: Sequence[int]) -> None:
    """Raise `ValueError` for a part that is made of the same bytes again and again."""
    length = sum(lengths)
    if len(lengths) > 1 and length > len(header.data):  # one alone ends with the file
        raise ValueError(
            f"part {number} should have {length:,} bytes, but the whole file has {len(header.data):,}"
        )


def _check_places(header: HeifHeader) -> None:
    """Raise `ValueError` for a picture whose bytes lie behind the end of the file."""
    size = len(header.data)
    if header.primary not in header.items:
        return
    for number in header.made_of(header.primary):
        if any(start + length > size for start, length in header.items[number].places):
            raise ValueError("the file ends before its picture does")


# In this order: items are known before what is said of them.
_READERS: Mapping[bytes, Callable[[HeifHeader, BoxFields, Mapping[bytes, Box]], None]] = {
    b"iinf": _read_kinds,
    b"pitm": _read_primary,
    b"iloc": _read_places,
    b"iref": _read_references,
    b"iprp": _read_properties,
}
