"""What an input is that is no image this worker reads, by its content, and the way out.

Names lie, so nobody asks for them. The marks of formats come from their specifications, as
https://www.nationalarchives.gov.uk/PRONOM/ and the Linux command `file` collect them.
"""

import re
from typing import NamedTuple

from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.image_formats import FORMATS

_SAVE = "save it as JPEG or PNG, and send that"
_DEVELOP = "develop it with the camera's program, and send the JPEG or TIFF"
_DRAW = "export it as PNG in the size that you need, and send that"
_EXPORT = "open it in its program, export it as PNG, and send that"
_STILL = "save one picture of it as JPEG, and send that"
_PAGES = "save the page that you need as PNG, and send that"
_UNPACK = "unpack it, and send the pictures in it"
_FETCH_AGAIN = "fetch the picture again, and look at it before you send it"


class _Known(NamedTuple):
    """What begins with `mark`, a regular expression of bytes, is `what`; `way_out` says what to do."""

    mark: bytes
    what: str
    way_out: str = _SAVE


_KNOWN = (
    _Known(rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL image"),
    _Known(rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51", "a JPEG 2000 image"),
    _Known(rb"II\xbc", "a JPEG XR image"),
    _Known(rb"FUJIFILMCCD-RAW", "a camera's raw image (Fujifilm RAF)", _DEVELOP),
    _Known(rb".{4}ftypcrx ", "a camera's raw image (Canon CR3)", _DEVELOP),
    _Known(rb"II.{4}HEAPCCDR", "a camera's raw image (Canon CRW)", _DEVELOP),
    _Known(rb"\0MRM", "a camera's raw image (Minolta MRW)", _DEVELOP),
    _Known(rb"FOVb", "a camera's raw image (Sigma X3F)", _DEVELOP),
    _Known(rb"8BP[SB]", "a Photoshop document (PSD)", _EXPORT),
    _Known(rb"gimp xcf", "a GIMP document (XCF)", _EXPORT),
    _Known(rb"BC?\x9c\x03|AC10\d\d", "a drawing of AutoCAD (DWG)", _EXPORT),
    _Known(rb"%!PS|\xc5\xd0\xd3\xc6|\x04%!PS", "a PostScript document (EPS)", _DRAW),
    _Known(rb"(?s:.{0,1024}?)%PDF-", "a PDF document", _PAGES),
    _Known(rb"\x01\0\0\0.{36} EMF|\xd7\xcd\xc6\x9a", "a Windows metafile (EMF or WMF)", _DRAW),
    _Known(rb"\0\0\x01\0[^\0]\0|\0\0\x02\0[^\0]\0", "an icon or a cursor of Windows (ICO or CUR)"),
    _Known(rb"icns", "an icon of macOS (ICNS)"),
    _Known(rb"v/1\x01", "an OpenEXR image"),
    _Known(rb"#\?(?:RADIANCE|RGBE)", "a Radiance HDR image"),
    _Known(rb"(?s:.{128})DICM", "a DICOM image", "export it as PNG with the viewer, and send that"),
    _Known(rb"SIMPLE  =", "an image of astronomy (FITS)"),
    _Known(rb"DDS \x7c", "a texture (DDS)"),
    _Known(rb"\xabKTX [12]", "a texture (KTX)"),
    _Known(rb"qoif", "a QOI image"),
    _Known(rb"farbfeld", "a farbfeld image"),
    _Known(rb"P7\n", "a PAM image", "save it as PNG or PPM, and send that"),
    _Known(rb"BPG\xfb", "a BPG image"),
    _Known(rb"FLIF", "a FLIF image"),
    _Known(rb"AT&TFORM", "a DjVu document", _PAGES),
    _Known(rb"\x0a[\0-\x05]\x01[\x01\x02\x04\x08]", "a PCX image"),
    _Known(rb"\x01\xda[\0\x01][\x01\x02]\0", "an SGI image"),
    _Known(rb"\x59\xa6\x6a\x95", "a Sun raster image"),
    _Known(rb"\x1a\x45\xdf\xa3", "a film (WebM or Matroska)", _STILL),
    _Known(rb"RIFF.{4}AVI ", "a film (AVI)", _STILL),
    _Known(rb"FLV\x01|\0\0\x01[\xba\xb3]|\x30\x26\xb2\x75\x8e\x66\xcf\x11|.{4}(?:moov|mdat|wide)",
           "a film", _STILL),
    _Known(rb"RIFF.{4}WAVE|ID3|fLaC|OggS|\xff[\xfb\xf3]|.{4}ftypM4[AB] ", "a sound file", "send a picture"),
    _Known(rb"RIFX?.{4}(?!WEBP)", "a RIFF file that is no picture", "send a picture"),
    _Known(rb"Rar!\x1a|7z\xbc\xaf\x27\x1c|\x1f\x8b|BZh[1-9]|\xfd7zXZ\0|\x28\xb5\x2f\xfd", "an archive",
           _UNPACK),
    _Known(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document of Office or a list of thumbnails",
           "send the picture itself"),
    _Known(rb"\{\\rtf", "a document (RTF)", "send the picture itself"),
    _Known(rb"\0\x05\x16[\0\x07]", "what macOS puts beside a file (its name begins with ._)",
           "send the file of that name without ._"),
    _Known(rb"bplist|SQLite format 3\0|\x7fELF|MZ", "a program or its data", "send a picture"),
)  # fmt: skip

_ZIPS = (
    (b"word/", "a document of Word"), (b"xl/", "a workbook of Excel"), (b"ppt/", "slides of PowerPoint"),
    (b"mimetypeapplication/vnd.oasis", "a document of LibreOffice"),
    (b"mimetypeapplication/epub", "a book (EPUB)"), (b"mimetypeimage/openraster", "an OpenRaster document"),
    (b"maindoc.kra", "a Krita document"),
)  # fmt: skip

# Films by their first brand. https://mp4ra.org/registered-types/brands has them all.
_FILM_BRANDS = re.compile(
    rb"isom|iso\d|mp4\d|mp71|M4[VPH] |avc1|3g[p2srg].|mmp4|qt  |f4v |dash|MSNV|XAVC|NDX.|dv.{2}"
)

_TEXTS = (
    (rb"<!doctype html|<html|<head|<body", "a web page",
     "it is often what a server answers in place of a picture: " + _FETCH_AGAIN),
    (rb"(?:<\?xml[^>]*>\s*)?(?:<!--(?s:.*?)-->\s*|<!DOCTYPE svg[^>]*>\s*)*<(?:\w+:)?svg\b",
     "an SVG drawing", _DRAW),
    (rb"(?:<\?xml[^>]*>\s*)?<Error>", "an error that a server answered", _FETCH_AGAIN),
    (rb"<\?xml", "an XML file", "send the picture itself"),
    (rb"data:image/|iVBORw0KGgo|/9j/[A-Za-z0-9+/]{4}|R0lGOD[dl]|UklGR", "a picture as text (base64)",
     "decode it, and send the bytes"),
    (rb"version https://git-lfs", "a pointer of Git LFS in place of the file",
     "run `git lfs pull`, and send the file then"),
    (rb"[{\[]", "JSON", _FETCH_AGAIN),
    (rb"HTTP/\d", "an answer over HTTP with its head", "send what comes after the head alone"),
)  # fmt: skip

# As much as shows whether a file is words.
_LOOKED_AT_BYTES = 4_096
_SHOWN_CHARACTERS = 40


def is_film(data: bytes) -> bool:
    """Tell whether a file laid out in boxes says that it is a film, a sound or a camera's raw image."""
    brand = data[8:12]
    return brand in (b"crx ", b"M4A ", b"M4B ") or _FILM_BRANDS.fullmatch(brand) is not None


def not_read(what: str, way_out: str) -> BadJob:
    """Return the refusal of what is known and not read."""
    return BadJob("not-an-image", f"the input is no image this worker reads, but {what}; {way_out}")


def not_an_image(data: bytes) -> BadJob:
    """Return the refusal of an input that is no image this worker reads, by name if it is known."""
    for name_it in (_known, _boxed, _zip, _empty, _text):
        if named := name_it(data):
            return not_read(*named)
    formats = ", ".join(map(str.upper, FORMATS))
    return BadJob(
        "not-an-image",
        f"the input is no image this worker reads ({formats}), but something that begins with "
        + shown(data[:_LOOKED_AT_BYTES], _SHOWN_CHARACTERS),
    )


_Named = tuple[str, str] | None


def _known(data: bytes) -> _Named:
    found = next((one for one in _KNOWN if re.match(one.mark, data, re.DOTALL)), None)
    if found is None and data.endswith(b"TRUEVISION-XFILE.\0"):
        return "a TGA image", _SAVE
    return (found.what, found.way_out) if found else None


def _boxed(data: bytes) -> _Named:
    return ("a film (MP4 or QuickTime)", _STILL) if data[4:8] == b"ftyp" and is_film(data) else None


def _zip(data: bytes) -> _Named:
    if not data.startswith((b"PK\3\4", b"PK\5\6", b"PK\7\b")):
        return None
    head = data[:_LOOKED_AT_BYTES]
    what = next((what for mark, what in _ZIPS if mark in head), None)
    return (what, "export its picture as PNG, and send that") if what else ("a ZIP archive", _UNPACK)


def _empty(data: bytes) -> _Named:
    if data.strip(b"\0\xff"):
        return None
    return "nothing but fill bytes", f"it was not written to its end: {_FETCH_AGAIN}"


def _text(data: bytes) -> _Named:
    head = data[:_LOOKED_AT_BYTES]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head[: len(head) // 2 * 2].decode("utf-16", "replace").encode()
    words = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for mark, what, way_out in _TEXTS:
        if re.match(mark, words, re.IGNORECASE):
            return what, way_out
    odd = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in words)
    return ("text", "send a picture") if words and not odd and _is_utf8(words) else None


def _is_utf8(words: bytes) -> bool:
    try:
        words[:-4].decode()
    except UnicodeDecodeError:
        return False
    return True
