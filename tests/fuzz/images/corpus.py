"""Small image files of every format and layout that the worker reads, and some that it refuses.

`MARK` stands in all metadata that files have here, so that it can be seen whether any of it stays.
"""

import functools
import io
import random
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.operations.imaging.picture import ENDINGS
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.run import run
from PIL import ExifTags, Image, PngImagePlugin

MARK = b"JobfleetMarkOfMetadata"
SIZES = ((1, 1), (7, 5), (16, 16), (33, 2), (3, 70), (61, 47))
MODES = ("1", "L", "LA", "RGB", "RGBA", "P", "CMYK", "I;16", "I", "F", "YCbCr", "LAB")
_XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + MARK + b"</x:xmpmeta>"
_PNG_START = b"\x89PNG\r\n\x1a\n"


@functools.cache
def files() -> dict[str, Sequence[bytes]]:
    """Return the files by the names of their formats, the same each time."""
    Image.init()  # or Pillow would not know yet what it can write
    return {kind: tuple(_of(kind) if kind in Image.SAVE else _converted(kind)) for kind in ENDINGS}


def picture(mode: str, size: tuple[int, int], seed: int = 0) -> Image.Image:
    """Return a picture with some structure: noise, and a square that is clear where the mode has that."""
    choose = random.Random(f"{mode} {size} {seed}")  # noqa: S311 - the same each time
    if mode in ("I;16", "I", "F"):
        image = Image.new("I", size)
        image.putdata([choose.choice((0, 255, 256, 40_000, 65_535)) for _ in range(size[0] * size[1])])
        return image.convert(mode) if mode != "I" else image
    if mode == "P":
        image = Image.frombytes("P", size, bytes(choose.randrange(8) for _ in range(size[0] * size[1])))
        image.putpalette(choose.randbytes(24))
        return image
    bands = {"1": 1, "L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4, "YCbCr": 3, "LAB": 3}[mode]
    if mode == "1":
        return picture("L", size, seed).convert("1")
    image = Image.frombytes(mode, size, choose.randbytes(size[0] * size[1] * bands))
    if mode in ("LA", "RGBA"):
        image.paste((0,) * bands, (0, 0, size[0] // 2, size[1] // 2))
    return image


def exif(orientation: int = 1) -> bytes:
    """Return EXIF data with the mark in a text, a place, and a thumbnail's place."""
    made = Image.Exif()
    made[ExifTags.Base.Orientation] = orientation
    made[ExifTags.Base.ImageDescription] = MARK.decode()
    made[ExifTags.IFD.Exif] = {ExifTags.Base.UserComment: MARK, ExifTags.Base.ExifImageWidth: 7}
    made[ExifTags.IFD.GPSInfo] = {1: "N", 2: (51.0, 30.0, 0.5)}
    return made.tobytes()


def profile(colours: bytes = b"RGB ") -> bytes:
    """Return what begins as a colour profile does."""
    return struct.pack(">I4sI4s4s4s", 144, b"test", 0x04200000, b"mntr", colours, b"XYZ ") + bytes(120)


def _saved(kind: str, image: Image.Image, **options: Any) -> Iterator[bytes]:
    """Yield a file, if the format holds such pictures."""
    out = io.BytesIO()
    try:
        image.save(out, kind, **options)
    except (OSError, ValueError):  # Pillow's words for a mode that the format does not hold
        return
    yield out.getvalue()


def _of(kind: str) -> Iterator[bytes]:
    for number, mode in enumerate(MODES):
        yield from _saved(kind, picture(mode, SIZES[number % len(SIZES)]))
    yield from _saved(kind, picture("RGB", (61, 47)))
    yield from _MORE[kind]() if kind in _MORE else _usual(kind)


def _converted(kind: str) -> Iterator[bytes]:
    """Yield files of a format that Pillow does not write, as the worker writes them."""
    operation, limits = OPERATIONS["convert"], Limits(1_000_000, 1)
    more = {"exif": exif(6), "icc_profile": profile(), "xmp": _XMP}
    for mode, size in (("RGB", (61, 47)), ("RGBA", (33, 20)), ("L", (16, 16))):
        for data in _saved("WEBP", picture(mode, size), **more):
            made = run(operation, {}, data, f"outputs/x{ENDINGS[kind][0]}", limits)
            yield made.data or b""


def _usual(kind: str) -> Iterator[bytes]:
    for turn in (1, 6):
        yield from _saved(kind, picture("RGB", (33, 20)), exif=exif(turn), icc_profile=profile())


def _jpeg() -> Iterator[bytes]:
    colour, grey = picture("RGB", (61, 47)), picture("L", (33, 20))
    for turn in range(1, 9):
        yield from _saved("JPEG", colour, exif=exif(turn), comment=MARK, icc_profile=profile(), dpi=(72, 300))
    for image in (colour, grey):
        yield from _saved("JPEG", image, progressive=True, quality=30, xmp=_XMP)
        yield from _saved("JPEG", image, restart_marker_blocks=2, quality=100, subsampling=0)
    yield from _saved("JPEG", picture("CMYK", (16, 16)), icc_profile=profile(b"CMYK"))
    yield from _saved("MPO", colour, save_all=True, append_images=[grey.convert("RGB")], exif=exif(3))
    whole = next(_saved("JPEG", colour, exif=exif()))
    yield whole + bytes(100)
    yield whole + b"\0\0\0\x18ftypmp42" + bytes(50)


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk of PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(colour: int, depth: int, size: tuple[int, int], before: bytes = b"", behind: bytes = b"") -> bytes:
    """Return a PNG of one of the colour types and depths, with chunks before and behind its pixels."""
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = (size[0] * samples * depth + 7) // 8
    pixels = b"".join(
        bytes([n % 5 if n else 0]) + picture("L", (row, 1), n).tobytes() for n in range(size[1])
    )
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, 0))
    palette = chunk(b"PLTE", bytes(range(3 * 2 ** min(depth, 6)))) if colour == 3 else b""
    parts = (head, before, palette, chunk(b"IDAT", zlib.compress(pixels)), behind, chunk(b"IEND", b""))
    return _PNG_START + b"".join(parts)


def _png() -> Iterator[bytes]:
    for colour, depths in (
        (0, (1, 2, 4, 8, 16)),
        (2, (8, 16)),
        (3, (1, 2, 4, 8)),
        (4, (8, 16)),
        (6, (8, 16)),
    ):
        for depth in depths:
            clear = {0: b"\0\x01", 2: bytes(6), 3: b""}.get(colour)
            yield png(colour, depth, SIZES[depth % len(SIZES)])
            if clear:
                yield png(colour, depth, (7, 5), chunk(b"tRNS", clear))
    yield png(3, 4, (7, 5)).replace(chunk(b"IEND", b""), chunk(b"tRNS", b"\0\x80") + chunk(b"IEND", b""))
    said = chunk(b"tEXt", b"Comment\0" + MARK) + chunk(b"zTXt", b"x\0\0" + zlib.compress(MARK * 9))
    said += (
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + _XMP)
        + chunk(b"tIME", bytes(7))
        + chunk(b"eXIf", exif(6)[6:])
    )
    colours = chunk(b"gAMA", struct.pack(">I", 45_455)) + chunk(b"pHYs", struct.pack(">IIB", 2_835, 2_835, 1))
    yield png(2, 8, (16, 9), said + colours)
    yield png(6, 8, (16, 9), colours + chunk(b"cICP", b"\x09\x10\0\x01"), said)
    yield png(
        0, 8, (9, 4), chunk(b"iCCP", b"x\0\0" + zlib.compress(profile(b"GRAY"))) + chunk(b"bKGD", b"\0\1")
    )
    yield png(2, 8, (4, 4), chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(1_500_000))))
    info = PngImagePlugin.PngInfo()
    info.add_itxt("k", MARK.decode(), zip=True)
    yield from _saved("PNG", picture("P", (33, 20)), transparency=0, pnginfo=info)
    yield from _animations("PNG")


def _animations(kind: str) -> Iterator[bytes]:
    for mode in ("RGBA", "RGB", "P", "L"):
        some = [picture(mode, (20, 15), n) for n in range(3)]
        options: dict[str, Any] = {"save_all": True, "append_images": some[1:]}
        yield from _saved(kind, some[0], **options, duration=[0, 40, 70_000], loop=0)
        yield from _saved(kind, some[0], **options, duration=100, loop=3, disposal=2)
        yield from _saved(
            kind, some[0], save_all=True, append_images=[some[0], some[1]], duration=50, disposal=1
        )
        yield from _saved(kind, some[0], **options, default_image=True)


def _gif() -> Iterator[bytes]:
    yield from _animations("GIF")
    yield from _saved("GIF", picture("P", (33, 20)), transparency=2, comment=MARK, interlace=1)
    yield from _saved("GIF", picture("RGBA", (33, 20)), comment=MARK * 20)


def _webp() -> Iterator[bytes]:
    more = {"exif": exif(6), "xmp": _XMP, "icc_profile": profile()}
    for mode in ("RGB", "RGBA"):
        for lossless in (True, False):
            yield from _saved("WEBP", picture(mode, (33, 20)), lossless=lossless)
            yield from _saved("WEBP", picture(mode, (33, 20)), lossless=lossless, **more)
    yield from _animations("WEBP")


def _tiff() -> Iterator[bytes]:
    for mode in ("1", "L", "RGB", "RGBA", "CMYK", "I;16", "P"):
        for squeezed in ("raw", "tiff_lzw", "packbits", "tiff_adobe_deflate", "tiff_deflate"):
            yield from _saved("TIFF", picture(mode, (33, 20)), compression=squeezed)
    for mode, squeezed in (
        ("1", "group3"),
        ("1", "group4"),
        ("L", "jpeg"),
        ("RGB", "jpeg"),
        ("CMYK", "jpeg"),
    ):
        yield from _saved("TIFF", picture(mode, (33, 20)), compression=squeezed)
    for more in (
        {"tiffinfo": {270: MARK.decode(), 274: 6}},
        {"big_tiff": True},
        {"exif": exif(5), "dpi": (72, 72)},
    ):
        yield from _saved("TIFF", picture("RGB", (33, 20)), **more)
    pages = [picture("L", (16, 9)), picture("RGB", (9, 16))]
    yield from _saved("TIFF", picture("1", (33, 20)), save_all=True, append_images=pages)


def _bmp() -> Iterator[bytes]:
    yield from _saved("BMP", picture("RGB", (7, 5)), dpi=(96, 96))
    pixels = b"\x05\x01\x00\x02\x01\x00\0\0\0\0\x03\1\2\3\0\0\1\0\1"  # run lengths, as 8 bits have them
    head = struct.pack("<IiiHHIIiiII", 40, 7, 4, 1, 8, 1, len(pixels), 0, 0, 4, 4)
    start = 14 + 40 + 16
    yield b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + head + bytes(range(16)) + pixels


def _ppm() -> Iterator[bytes]:
    for head, data in (
        (b"P1 3 2\n", b"101 010\n"),
        (b"P2 3 2 300\n", b"1 2 3 200 300 5\n"),
        (b"P3 2 1 255\n", b"1 2 3 4 5 6 # end\n"),
        (b"P4\n# a remark\n9 2\n", b"\xff\x80\x01\0"),
        (b"P5 3 2 65535\n", bytes(12)),
        (b"P6 2 2 1023 ", bytes(24)),
    ):
        yield head + data


_MORE = {
    "JPEG": _jpeg,
    "PNG": _png,
    "GIF": _gif,
    "WEBP": _webp,
    "TIFF": _tiff,
    "BMP": _bmp,
    "PPM": _ppm,
}
