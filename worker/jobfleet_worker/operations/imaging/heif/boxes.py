"""The boxes of the ISO Base Media File Format: what HEIC, AVIF, films and JPEG 2000 are laid out in.

ISO/IEC 14496-12:2022, 4.2: a box has its length (32 bits, or 1 and then 64, or 0 for all the rest)
and a name of four bytes. A full box has a version and 24 flags before its contents.
"""

from collections.abc import Container, Iterator
from typing import NamedTuple


class Box(NamedTuple):
    """One box. Its contents lie from `start` to `end`, its own length is at `place`."""

    name: bytes
    place: int
    start: int
    end: int


def boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    """Give the boxes that lie one behind the other. Raises `ValueError` for one that is cut off."""
    place = start
    while place < end:
        box = _box(data, place, end)
        yield box
        place = box.end


def boxes_within(data: bytes, holders: Container[bytes]) -> Iterator[Box]:
    """Give all boxes of a file, and those in boxes called as in `holders`. Raises `ValueError` as `boxes`."""
    to_see = [(0, len(data))]
    while to_see:
        for box in boxes(data, *to_see.pop(0)):
            yield box
            if box.name in holders:
                to_see.append((box.start, box.end))


def _box(data: bytes, place: int, end: int) -> Box:
    length, name, start = int.from_bytes(data[place : place + 4]), data[place + 4 : place + 8], place + 8
    if length == 1:
        length, start = int.from_bytes(data[place + 8 : place + 16]), place + 16
    elif length == 0:
        length = end - place
    if length < start - place or place + length > end:
        raise ValueError(f"the file ends before its part {name.decode('latin-1')!r} at byte {place:,} does")
    return Box(name, place, start, place + length)


class BoxFields:
    """Reads numbers one behind the other. Raises `ValueError` behind the end."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self._data, self._end, self.place = data, end, start

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return self._end - self.place

    def number(self, size: int) -> int:
        """Return the next `size` bytes as a number."""
        return int.from_bytes(self.take(size))

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        if size > self.left:
            raise ValueError(f"the file ends in the midst of its description, at byte {self._end:,}")
        self.place += size
        return self._data[self.place - size : self.place]

    def text(self) -> bytes:
        """Return the bytes up to the next zero, or to the end."""
        end = self._data.find(b"\0", self.place, self._end)
        found = self._data[self.place : end if end >= 0 else self._end]
        self.place += len(found) + (end >= 0)
        return found
