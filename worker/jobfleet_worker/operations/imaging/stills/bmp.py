"""BMP files, read by what their headers say.

Layouts and masks: https://learn.microsoft.com/en-us/windows/win32/gdi/bitmap-storage; OS/2's own:
https://www.fileformat.info/format/os2bmp/egff.htm.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from jobfleet_jobs.errors import BadJob
from PIL import Image

from jobfleet_worker.operations.imaging.stills.bmp_runs import unpacked_runs

START = b"BM"

_FILE_HEADER = 14
_OS2 = (12, 16, 64)
_HEADERS = (*_OS2, 40, 52, 56, 108, 124)
_PLAIN, _RUNS_8, _RUNS_4, _MASKS, _MASKS_AND_ALPHA = 0, 1, 2, 3, 6
_UNREAD = {4: "a JPEG inside", 5: "a PNG inside", 11: "CMYK", 12: "CMYK", 13: "CMYK"}
_UNREAD_OF_OS2 = {3: "the coding of fax machines", 4: "runs of 24 bits"}

_BYTE_MASKS = (0xFF0000, 0xFF00, 0xFF, 0)
_USUAL_MASKS = {16: (0x7C00, 0x3E0, 0x1F, 0), 24: _BYTE_MASKS, 32: _BYTE_MASKS}
_METRES_PER_INCH = 0.0254
_EMBEDDED = b"DEBM"  # PROFILE_EMBEDDED, in the header's byte order
ALL_CLEAR = "the alpha channel is zero everywhere, as some programs leave it: the image was read as opaque"


@dataclass(frozen=True)
class _Header:
    size: int
    width: int
    height: int
    depth: int
    coding: int
    colours: int
    pixels_at: int
    upside_down: bool

    @property
    def stride(self) -> int:
        """Bytes from one row to the next."""
        return (self.width * self.depth + 31) // 32 * 4


def open_bmp(data: bytes, check: Callable[[int], None]) -> tuple[Image.Image, list[str]]:
    """Return a BMP's picture and what has to be said of it; `check` is told the number of its pixels.

    The picture is in mode 1, L, P, RGB or RGBA, with `dpi` and `icc_profile` where the file has them. Raises
    `BadJob`.
    """
    try:
        header = _header(data)
        check(header.width * header.height)
        image, notes = (_on_places(data, header), []) if header.depth <= 8 else _in_colours(data, header)
        image.info = _told(data, header)
    except struct.error:
        raise _broken(f"the file ends at byte {len(data):,}, in the middle of its header") from None
    image.format = "BMP"
    return image, notes


def _header(data: bytes) -> _Header:
    (pixels_at, size) = struct.unpack_from("<II", data, 10)
    if size not in _HEADERS:
        raise _unread(f"has a header of {size:,} bytes")
    coding = colours = 0
    if size == 12:
        width, height, _, depth = struct.unpack_from("<HHHH", data, 18)
    else:
        width, height, _, depth = struct.unpack_from("<iiHH", data, 18)
        if size > 16:
            (coding,), (colours,) = struct.unpack_from("<I", data, 30), struct.unpack_from("<I", data, 46)
    if width <= 0 or not height:
        raise _broken(f"its header says that it is {width:,} x {height:,} pixels large")
    unread = _UNREAD_OF_OS2 if size == 64 else _UNREAD
    if coding in unread:
        raise _unread(f"has {unread[coding]}")
    fitting = {
        _PLAIN: (1, 2, 4, 8, 16, 24, 32),
        _RUNS_8: (8,),
        _RUNS_4: (4,),
        _MASKS: (16, 32),
        _MASKS_AND_ALPHA: (16, 32),
    }
    if depth not in fitting.get(coding, ()):
        raise _unread(f"has {depth} bits a pixel in the coding {coding}")
    return _Header(size, width, abs(height), depth, coding, colours, pixels_at, height > 0)


def _on_places(data: bytes, header: _Header) -> Image.Image:
    """Return a picture of which each pixel points to a place of a palette."""
    start = _FILE_HEADER + header.size
    each = 3 if header.size == 12 else 4
    count = min(header.colours or 256, 1 << header.depth)
    if header.pixels_at > start:
        count = min(count, (header.pixels_at - start) // each)
    table = data[start : start + count * each]
    palette = b"".join(table[place : place + 3][::-1] for place in range(0, len(table) - 2, each))
    pixels_at = header.pixels_at if header.pixels_at > start else start + len(table)
    if header.coding in (_RUNS_8, _RUNS_4):
        body = unpacked_runs(data, pixels_at, header.width, header.height, four=header.coding == _RUNS_4)
        if body is None:
            raise _ends_early(data)
        layout, stride = "P", header.width
    else:
        body, layout, stride = _body(data, header, pixels_at), _P_LAYOUTS[header.depth], header.stride
    direction = -1 if header.upside_down else 1
    image = Image.frombytes("P", (header.width, header.height), body, "raw", layout, stride, direction)
    return _simpler(image, palette)


_P_LAYOUTS = {1: "P;1", 2: "P;2", 4: "P;4", 8: "P"}


def _simpler(image: Image.Image, palette: bytes) -> Image.Image:
    """Return the picture without a palette that names shades of grey in their order."""
    grey = Image.frombytes("L", image.size, image.tobytes())
    if palette == bytes(shade for shade in range(256) for _ in range(3)):
        return grey
    if palette == bytes(3) + b"\xff" * 3:
        return grey.point([0, 255] + [0] * 254, "1")
    image.putpalette(palette)
    return image


def _in_colours(data: bytes, header: _Header) -> tuple[Image.Image, list[str]]:
    """Return a picture of which each pixel holds its colours."""
    masks, start = _USUAL_MASKS[header.depth], _FILE_HEADER + header.size
    if header.coding in (_MASKS, _MASKS_AND_ALPHA):
        given = 4 if header.coding == _MASKS_AND_ALPHA or header.size >= 56 else 3
        found = struct.unpack_from(f"<{given}I", data, _FILE_HEADER + 40)
        start += given * 4 if header.size == 40 else 0
        masks = (found[0], found[1], found[2], found[3] if given == 4 else 0)
    body = _body(data, header, max(start, header.pixels_at))
    if masks == _BYTE_MASKS:
        size, direction = (header.width, header.height), -1 if header.upside_down else 1
        layout = "BGR" if header.depth == 24 else "BGRX"
        return Image.frombytes("RGB", size, body, "raw", layout, header.stride, direction), []
    bands = _of_sixteen(body, header, masks) if header.depth == 16 else _of_bytes(body, header, masks)
    if len(bands) == 4 and bands[3].getextrema() == (0, 0):
        return Image.merge("RGB", bands[:3]), [ALL_CLEAR]
    return Image.merge("RGBA" if len(bands) == 4 else "RGB", bands), []


_Masks = tuple[int, int, int, int]


def _of_sixteen(body: bytes, header: _Header, masks: _Masks) -> list[Image.Image]:
    direction = -1 if header.upside_down else 1
    size = header.width, header.height
    whole = Image.frombytes("I;16", size, body, "raw", "I;16", header.stride, direction).convert("I")
    bands = []
    for mask in masks:
        if mask and mask < 65_536:
            shift = (mask & -mask).bit_length() - 1
            top = mask >> shift
            scaled = [((value & mask) >> shift) * 255 / top for value in range(65_536)]
            bands.append(whole.point([int(value + 0.5) for value in scaled], "L"))
    return _three_or_four(bands, masks)


def _of_bytes(body: bytes, header: _Header, masks: _Masks) -> list[Image.Image]:
    direction, size = -1 if header.upside_down else 1, (header.width, header.height)
    mode = "RGB" if header.depth == 24 else "RGBA"
    bytes_of = Image.frombytes(mode, size, body, "raw", mode, header.stride, direction).split()
    places = {0xFF << 8 * place: band for place, band in enumerate(bytes_of)}
    return _three_or_four([places[mask] for mask in masks if mask in places], masks)


def _three_or_four(bands: list[Image.Image], masks: _Masks) -> list[Image.Image]:
    if len(bands) != (4 if masks[3] else 3):
        raise _unread(f"has its colours at the bits {', '.join(f'{mask:#x}' for mask in masks)}")
    return bands


def _body(data: bytes, header: _Header, start: int) -> bytes:
    """Return the rows; what fills up the last one may be missing."""
    needed = header.stride * header.height
    body = data[start : start + needed]
    if len(body) < needed - header.stride + (header.width * header.depth + 7) // 8:
        raise _ends_early(data)
    return body + bytes(needed - len(body))


def _told(data: bytes, header: _Header) -> dict[str | tuple[int, int], object]:
    told: dict[str | tuple[int, int], object] = {}
    if header.size >= 40:
        across, down = struct.unpack_from("<ii", data, 38)
        if across > 0 and down > 0:
            told["dpi"] = (across * _METRES_PER_INCH, down * _METRES_PER_INCH)
    if header.size == 124 and data[70:74] == _EMBEDDED:
        place, length = struct.unpack_from("<II", data, 126)
        profile = data[_FILE_HEADER + place : _FILE_HEADER + place + length]
        told["icc_profile"] = profile if len(profile) == length else None
    return told


def _ends_early(data: bytes) -> BadJob:
    return _broken(f"the file ends at byte {len(data):,}, in the middle of its pixels")


def _broken(what: str) -> BadJob:
    return BadJob("broken-image", f"the BMP image is damaged: {what}")


def _unread(what: str) -> BadJob:
    return BadJob("unsupported-mode", f"this BMP {what}, which this worker does not read: save it as a PNG")
