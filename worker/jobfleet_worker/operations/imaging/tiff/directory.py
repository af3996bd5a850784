"""The directories of a TIFF file: which pictures it holds, and how each says that its samples lie.

TIFF 6.0: https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf; BigTIFF:
https://www.awaresystems.be/imaging/tiff/bigtiff.html.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from jobfleet_jobs.errors import BadJob

# Each costs time before a pixel is read, and a file of a few megabytes can name a million.
MAX_PAGES = 10_000
# Directories may name the same bytes. Real ones have some tens of entries; the largest of cameras, hundreds.
MAX_ENTRIES_A_DIRECTORY = 4_000
MAX_ENTRIES = 500_000
# Pillow reads all tags of each page, and pages may name the same bytes.
MAX_TAG_BYTES = 2**29


class Tag(IntEnum):
    """The tags that decide about pixels."""

    SUBFILE_TYPE = 254
    OLD_SUBFILE_TYPE = 255
    WIDTH = 256
    LENGTH = 257
    BITS = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    FILL_ORDER = 266
    DESCRIPTION = 270
    MAKE = 271
    STRIP_OFFSETS = 273
    ORIENTATION = 274
    SAMPLES = 277
    ROWS_PER_STRIP = 278
    STRIP_COUNTS = 279
    X_RESOLUTION = 282
    Y_RESOLUTION = 283
    PLANAR = 284
    RESOLUTION_UNIT = 296
    PREDICTOR = 317
    COLOUR_MAP = 320
    TILE_WIDTH = 322
    TILE_LENGTH = 323
    TILE_OFFSETS = 324
    TILE_COUNTS = 325
    SUB_DIRECTORIES = 330
    INK_SET = 332
    EXTRA_SAMPLES = 338
    SAMPLE_FORMAT = 339
    JPEG_AT = 513
    SUBSAMPLING = 530
    DEPTH = 32_997
    DNG_VERSION = 50_706


# Bytes of a value of each type, and what struct calls the whole numbers among them.
_SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
_WHOLE = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_FRACTION, _SIGNED_FRACTION, _FLOAT, _DOUBLE = 5, 10, 11, 12

Entry = tuple[int, int, int]  # its type, how many values, and where they lie


@dataclass(frozen=True)
class TiffForm:
    """A file and how it writes numbers: `order` is struct's sign for it."""

    data: bytes
    order: str
    big: bool

    BIG_MARK: ClassVar = 43

    @classmethod
    def of(cls, data: bytes) -> "TiffForm":
        """Return the form of a file that `is_tiff`."""
        return cls(data, "<" if data[:2] == b"II" else ">", cls.BIG_MARK in data[2:4])

    @property
    def first(self) -> int:
        """Where the first directory lies."""
        return self.number(8, "Q") if self.big else self.number(4, "I")

    def number(self, at: int, kind: str) -> int:
        """Return the number at a place. Raises `BadJob` behind the file's end."""
        try:
            (value,) = struct.unpack_from(self.order + kind, self.data, at)
        except (struct.error, OverflowError) as problem:
            raise cut_off(at, len(self.data)) from problem
        return int(value)


@dataclass(frozen=True)
class Directory:
    """One directory: its place, its entries by tag, and the place of the next one (0: none)."""

    form: TiffForm
    at: int
    entries: Mapping[int, Entry]
    following: int

    def __contains__(self, tag: int) -> bool:
        return tag in self.entries

    def count(self, tag: int) -> int:
        """Return how many whole numbers a tag has."""
        kind, count, _ = self.entries.get(tag, (0, 0, 0))
        return count if kind in _WHOLE else 0

    @property
    def tag_bytes(self) -> int:
        """How many bytes its tags have, wherever they lie."""
        return sum(count * _SIZES.get(kind, 0) for kind, count, _ in self.entries.values())

    def numbers(self, tag: int, most: int) -> tuple[int, ...]:
        """Return at most so many whole numbers of a tag; none if it has none. Raises `BadJob`."""
        kind, count, at = self.entries.get(tag, (0, 0, 0))
        if kind not in _WHOLE:
            return ()
        count = min(count, most)
        if at + count * _SIZES[kind] > len(self.form.data):
            raise cut_off(at, len(self.form.data))
        return struct.unpack_from(f"{self.form.order}{count}{_WHOLE[kind]}", self.form.data, at)

    def number(self, tag: int, otherwise: int) -> int:
        """Return the first whole number of a tag. Raises `BadJob`."""
        return next(iter(self.numbers(tag, 1)), otherwise)

    def fraction(self, tag: int) -> float | None:
        """Return the first fraction of a tag, None if it is missing or no number. Raises `BadJob`."""
        kind, _, at = self.entries.get(tag, (0, 0, 0))
        if kind in (_FRACTION, _SIGNED_FRACTION):
            letter = "I" if kind == _FRACTION else "i"
            above, below = self.form.number(at, letter), self.form.number(at + 4, letter)
            return above / below if below else None
        if kind in (_FLOAT, _DOUBLE):
            form = self.form.order + ("f" if kind == _FLOAT else "d")
            return (
                float(struct.unpack_from(form, self.form.data, at)[0])
                if at + 8 <= len(self.form.data)
                else None
            )
        return next((float(value) for value in self.numbers(tag, 1)), None)

    def raw(self, tag: int, most: int = 4_096) -> bytes:
        """Return at most so many bytes of a text or of data of a kind of its own."""
        kind, count, at = self.entries.get(tag, (0, 0, 0))
        return self.form.data[at : at + min(count, most)] if kind in (1, 2, 7) else b""


def cut_off(at: int, length: int) -> BadJob:
    """Return what to raise where a file ends before something that it names."""
    return BadJob(
        "broken-image",
        f"the TIFF file names something at byte {at:,}, but ends at byte {length:,}: it is cut off",
    )


def read_directory(form: TiffForm, at: int) -> Directory:
    """Return the directory at a place. Raises `BadJob` if it is cut off or has too many entries."""
    count = _entry_count(form, at)
    step, number, start = (20, "Q", at + 8) if form.big else (12, "I", at + 2)
    if count > MAX_ENTRIES_A_DIRECTORY:
        raise BadJob(
            "broken-image",
            f"a page of the TIFF file has {count:,} tags, and at most {MAX_ENTRIES_A_DIRECTORY:,} are read",
        )
    end = start + count * step
    if end > len(form.data):
        raise cut_off(end, len(form.data))
    entries: dict[int, Entry] = {}
    for place in range(start, end, step):
        tag, kind, values = struct.unpack_from(f"{form.order}HH{number}", form.data, place)
        inside = place + struct.calcsize(f"<HH{number}")
        size = values * _SIZES.get(kind, 0)
        entries.setdefault(
            tag, (kind, values, inside if size <= step - (inside - place) else form.number(inside, number))
        )
    # Some writers end the last directory without the offset of a next one.
    following = form.number(end, number) if end + step // 3 <= len(form.data) else 0
    return Directory(form, at, entries, following)


def _entry_count(form: TiffForm, at: int) -> int:
    return form.number(at, "Q" if form.big else "H")


def chain(form: TiffForm) -> tuple[list[Directory], bool]:
    """Return the directories of a file in their order, and whether they end in a circle. Raises `BadJob`."""
    found: dict[int, Directory] = {}
    at, entries = form.first, 0
    while at and at not in found:
        if len(found) == MAX_PAGES:
            raise BadJob(
                "too-many-pixels", f"the TIFF file has more than {MAX_PAGES:,} pages; send fewer in one file"
            )
        entries += _entry_count(form, at)
        if entries > MAX_ENTRIES:
            raise BadJob(
                "broken-image",
                f"the pages of the TIFF file have more than {MAX_ENTRIES:,} tags together; "
                "send fewer in one file",
            )
        found[at] = read_directory(form, at)
        at = found[at].following
    if not found:
        raise BadJob("broken-image", "the TIFF file holds no picture")
    tags = sum(directory.tag_bytes for directory in found.values())
    if tags > MAX_TAG_BYTES:
        raise BadJob("broken-image", f"the pages of the TIFF file name {tags:,} bytes beside their pixels")
    return list(found.values()), bool(at)


def all_below(directories: Sequence[Directory], most: int = 100) -> list[Directory]:
    """Return at most so many directories that lie below these, each once, and none that is damaged."""
    seen = {directory.at for directory in directories}
    waiting, found = list(directories), list[Directory]()
    while waiting and len(found) < most:
        directory = waiting.pop(0)
        try:
            places = directory.numbers(Tag.SUB_DIRECTORIES, most)
        except BadJob:
            continue
        for at in places:
            if at in seen:
                continue
            seen.add(at)
            try:
                found.append(read_directory(directory.form, at))
            except BadJob:
                continue
            waiting.append(found[-1])
    return found[:most]
