"""What stands in a PNG file, parted into the picture, which Pillow reads, and what it says beside that."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from jobfleet_worker.operations.imaging.png import chunks as png_chunks
from jobfleet_worker.operations.imaging.png.chunks import Chunk, Header, broken, inflated
from jobfleet_worker.operations.imaging.png.marks import ENCODING, Marks, chunk_of

# Profiles for printing take 3 MiB at most; those for pictures on screens a tenth of that.
PROFILE_MAX_BYTES = 4 << 20

# The text that may say how the picture is held, and the room for it: Pillow takes less than 1 MiB.
_TEXT_OF_EXIF = b"Raw profile type exif\0"
_TEXT_MAX_BYTES = (1 << 20) - 1
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")

_ANIMATION = (b"acTL", b"fcTL", b"fdAT")
_END = b"\0\0\0\0IEND\xaeB`\x82"

# How long a chunk is, where that is always the same.
_LENGTHS = {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"cICP": 4, b"mDCV": 24, b"cLLI": 8, b"pHYs": 9}
_METRES = 1  # pHYs: pixels on a metre; otherwise only their proportions are told

_WORDS = {"tRNS": "the transparency", "iCCP": "the colour profile", "eXIf": "the EXIF data"}


@dataclass
class Png:
    """A PNG in parts: `data` is one of the picture alone, `clear` the samples that stand for transparent.

    `palette` has three bytes a place, `pixels` are the compressed rows. `marks` is what it says of its
    colours, `profile` its colour profile, `notes` what was wrong with it. `whole` is the file without that.
    """

    header: Header
    palette: bytes
    clear: tuple[int, ...] | None = None
    profile: bytes | None = None
    marks: Marks = field(default_factory=Marks)
    notes: list[str] = field(default_factory=list)
    pixels: list[memoryview] = field(default_factory=list)
    data: bytes = b""
    whole: bytes = b""


def parted(data: bytes) -> Png:
    """Part a PNG. Raises `BadJob` for one that is damaged, or that is no picture for every viewer."""
    damaged: list[str] = []
    parts = _Parts(png_chunks.chunks(data, damaged))
    png = parts.png()
    png.notes += [f"{_words(name)} was dropped: its checksum is wrong" for name in dict.fromkeys(damaged)]
    png.whole = _without(data, parts.unread | {name.encode() for name in damaged}) if png.notes else data
    return png


def _without(data: bytes, names: set[bytes]) -> bytes:
    """Return a PNG file without the chunks of some names."""
    kept = [chunk.whole for chunk in png_chunks.chunks(data, []) if chunk.name not in names]
    return b"".join([png_chunks.SIGNATURE, *kept])


class _Parts:
    """The chunks of one file, each put where it belongs."""

    def __init__(self, found: Iterator[Chunk]) -> None:
        self._first: dict[bytes, memoryview] = {}
        self._pixels: list[memoryview] = []
        self._picture: list[memoryview] = []
        self._before: list[bytes | memoryview] = []
        self._notes: list[str] = []
        self.unread: set[bytes] = set()
        for chunk in found:
            if not self._first and chunk.name != b"IHDR":
                raise broken(f"it begins with the chunk {chunk.name.decode()} in place of IHDR")
            self._take(chunk)

    def _take(self, chunk: Chunk) -> None:
        if chunk.name == b"IDAT":
            self._pixels.append(chunk.body)
            self._picture.append(chunk.whole)
        elif chunk.name in _ANIMATION:
            return  # `films.apng` draws it
        elif chunk.name in _TEXTS:
            if _TEXT_OF_EXIF not in self._first and _is_text_of_exif(chunk):
                self._first[_TEXT_OF_EXIF] = chunk.body
                self._picture.append(chunk.whole)
        elif chunk.name == b"eXIf":
            if chunk.name not in self._first:
                self._first[chunk.name] = chunk.body
                self._picture.append(chunk.whole)
        elif not self._pixels:
            # A second one, or one behind the pixels, counts nowhere: https://www.w3.org/TR/png-3/#5ChunkOrdering
            self._first.setdefault(chunk.name, chunk.body)

    def png(self) -> Png:
        """Return the file in parts. Raises `BadJob`."""
        if not self._pixels:
            raise broken("it holds no pixels (IDAT)")
        header = png_chunks.header_of(self._first[b"IHDR"])
        png = Png(header, bytes(self._first.get(b"PLTE", b"")), notes=self._notes, pixels=self._pixels)
        self._keep(b"IHDR")
        if header.colour == png_chunks.PALETTE:
            if not png.palette or len(png.palette) % 3 or len(png.palette) > 768:
                raise broken(
                    f"its palette (PLTE) has {len(png.palette)} bytes, not 3 for each of 1 to 256 places"
                )
            self._keep(b"PLTE")
        png.clear = self._clear(png)
        png.profile = self._profile()
        aspect = self._aspect()
        png.marks = Marks(
            {name: body for name in ENCODING if (body := self._body(name))}, self._bits(header),
            self._ground(png), aspect, ("tIME",) if b"tIME" in self._first else (),
        )  # fmt: skip
        png.data = b"".join([png_chunks.SIGNATURE, *self._before, *self._picture, _END])
        return png

    def _keep(self, name: bytes, body: bytes | None = None) -> None:
        self._before.append(chunk_of(name, bytes(self._first[name]) if body is None else body))

    def _body(self, name: bytes) -> bytes | None:
        """Return what stands in a chunk of a known length; say it where that is another."""
        body = self._first.get(name)
        if body is None:
            return None
        if len(body) != _LENGTHS[name]:
            self._unreadable(name)
            return None
        return bytes(body)

    def _unreadable(self, name: bytes) -> None:
        self.unread.add(name)
        self._notes.append(f"{_words(name.decode())} was dropped: it cannot be read")

    def _clear(self, png: Png) -> tuple[int, ...] | None:
        """Return the clear colour. The transparency of a palette is left to Pillow."""
        body, header = self._first.get(b"tRNS"), png.header
        if body is None or header.colour not in (png_chunks.GREY, png_chunks.COLOUR, png_chunks.PALETTE):
            return None
        if header.colour == png_chunks.PALETTE:
            self._keep(b"tRNS", bytes(body[: len(png.palette) // 3]))
            return None
        count = 1 if header.colour == png_chunks.GREY else 3
        if len(body) != 2 * count:
            self._unreadable(b"tRNS")
            return None
        # Writers may leave anything in the bits above the depth: https://www.w3.org/TR/png-3/#11tRNS
        top = (1 << header.depth) - 1
        return tuple(sample & top for sample in struct.unpack(f">{count}H", body))

    def _profile(self) -> bytes | None:
        body = bytes(self._first.get(b"iCCP", b""))
        if not body:
            return None
        name, _, rest = body.partition(b"\0")
        profile = inflated(rest[1:], PROFILE_MAX_BYTES) if name and rest[:1] == b"\0" else None
        if profile is None:
            self.unread.add(b"iCCP")
            self._notes.append(
                "the colour profile was dropped: it cannot be read, or is longer than "
                f"{PROFILE_MAX_BYTES:,} bytes"
            )
        return profile

    def _aspect(self) -> tuple[int, int] | None:
        """Return the proportions of pixels that are no squares; a resolution is left to Pillow."""
        body = self._body(b"pHYs")
        if body is None:
            return None
        if body[8] == _METRES:
            self._keep(b"pHYs")
            return None
        across, down = struct.unpack_from(">II", body)
        return (across, down) if across and down and across != down else None

    def _bits(self, header: Header) -> bytes | None:
        body = bytes(self._first.get(b"sBIT", b""))
        if not body:
            return None
        deep = 8 if header.colour == png_chunks.PALETTE else header.depth
        if len(body) != header.channels or not all(0 < bits <= deep for bits in body):
            self._unreadable(b"sBIT")
            return None
        # Of 16 bits in colour, 8 are left.
        there = deep if header.colour == png_chunks.GREY else 8
        return None if min(body) >= there else bytes(min(bits, there) for bits in body)

    def _ground(self, png: Png) -> tuple[int, int, int] | None:
        """Return the background colour as red, green and blue, 0 to 65,535."""
        body, header = bytes(self._first.get(b"bKGD", b"")), png.header
        if not body:
            return None
        top = (1 << header.depth) - 1
        samples = struct.unpack(f">{len(body) // 2}H", body[: len(body) // 2 * 2])
        colour = tuple((sample & top) * 65_535 // top for sample in samples)
        if header.colour == png_chunks.PALETTE:
            place = 3 * body[0]
            colour = tuple(value * 257 for value in png.palette[place : place + 3])
        elif header.channels < 3:
            colour *= 3
        if len(colour) != 3:
            self._unreadable(b"bKGD")
            return None
        return colour


def _words(name: str) -> str:
    return _WORDS.get(name, f"the chunk {name}")


def _is_text_of_exif(chunk: Chunk) -> bool:
    """Tell whether a chunk is a text that Pillow looks into for the orientation, and can be read."""
    if bytes(chunk.body[: len(_TEXT_OF_EXIF)]) != _TEXT_OF_EXIF:
        return False
    if chunk.name == b"tEXt":
        return len(chunk.body) <= _TEXT_MAX_BYTES
    rest = bytes(chunk.body[len(_TEXT_OF_EXIF) :])
    if chunk.name == b"zTXt":
        return rest[:1] == b"\0" and inflated(rest[1:], _TEXT_MAX_BYTES) is not None
    if rest[:1] == b"\0":
        return len(rest) <= _TEXT_MAX_BYTES
    # Behind a language and the keyword in it, each ended by a zero.
    text = rest[2:].split(b"\0", 2)
    return rest[1:2] == b"\0" and len(text) == 3 and inflated(text[2], _TEXT_MAX_BYTES) is not None
