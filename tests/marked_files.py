"""Image files with a word in every place that is no picture, kind by kind."""

import contextlib
import io
import struct
import warnings
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import ExifTags, Image, ImageCms

from tests import apng_film, gif_film, webp_film
from tests.marked_raw_files import FILM, MARK, PICTURE, bmps, pnms, segment, thumbnail, tiffs
from tests.pictures import Pixels, saved

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def everything_in(data: bytes) -> bytes:
    """Return a file's bytes, and all that is deflated anywhere in them."""
    found, at = [data], data.find(b"\x78")
    while at >= 0:
        with contextlib.suppress(zlib.error):  # none begins here
            found.append(zlib.decompressobj().decompress(data[at:], 1 << 20))
        at = data.find(b"\x78", at + 1)
    return b"|".join(found)


def exif(*, thumbnail: bytes = b"", notes: bytes = b"", artist: bytes = b"") -> bytes:
    """Return EXIF data, with a thumbnail in their second directory and a maker's notes in the first."""
    made = Image.Exif()
    made[ExifTags.Base.Orientation] = 1
    if artist:
        made[ExifTags.Base.Artist] = artist.decode()
        made[ExifTags.IFD.GPSInfo] = {1: "N", 2: (52.0, 31.0, 12.0), 27: artist}
    if notes:
        made[ExifTags.IFD.Exif] = {ExifTags.Base.MakerNote: notes, ExifTags.Base.FNumber: 2.8}
    data = bytearray(made.tobytes()[6:])
    if thumbnail:
        order = "<" if data[:2] == b"II" else ">"
        first = struct.unpack_from(order + "I", data, 4)[0]
        behind = first + 2 + 12 * struct.unpack_from(order + "H", data, first)[0]
        struct.pack_into(order + "I", data, behind, len(data))
        entries = ((0x103, 3, 6), (0x201, 4, len(data) + 2 + 36 + 4), (0x202, 4, len(thumbnail)))
        data += struct.pack(order + "H", 3)
        for tag, kind, value in entries:
            data += struct.pack(order + ("HHIHxx" if kind == 3 else "HHII"), tag, kind, 1, value)
        data += bytes(4) + thumbnail
    return b"Exif\0\0" + bytes(data)


JPEG = saved(PICTURE, "JPEG", quality=80, icc_profile=PROFILE, progressive=True, dpi=(300, 300))


def jpegs() -> Iterator[tuple[str, bytes]]:
    plain = JPEG
    head, jfif, rest = plain[:20], plain[6:20], plain[20:]
    small = MARK.ljust(30, b"!")
    photoshop = b"".join(
        b"8BIM" + struct.pack(">HHI", number, 0, len(body)) + body + bytes(len(body) % 2)
        for number, body in (
            (1036, bytes(28) + thumbnail()),
            (1028, b"\x1c\x02\x50" + struct.pack(">H", 5) + MARK),
        )
    )
    xmp = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + MARK
    inserted = {
        "JFXX thumbnail": segment(0xE0, b"JFXX\0\x10" + thumbnail()),
        "EXIF": segment(0xE1, exif(artist=MARK)),
        "EXIF thumbnail": segment(0xE1, exif(thumbnail=thumbnail())),
        "maker's notes": segment(0xE1, exif(notes=thumbnail())),
        "XMP": segment(0xE1, xmp),
        "extended XMP": segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(40) + MARK),
        "multi-picture format": segment(0xE2, b"MPF\0" + MARK),
        "FlashPix": segment(0xE2, b"FPXR\0" + MARK),
        "Photoshop's thumbnail and IPTC": segment(0xED, b"Photoshop 3.0\0" + photoshop),
        "behind the colour transform": segment(0xEE, b"Adobe\0\x64\0\0\0\0\1" + MARK),
        "comment": segment(0xFE, MARK),
        **{f"application segment {n}": segment(0xE0 + n, MARK) for n in range(16)},
    }
    for place, part in inserted.items():
        yield place, head + part + rest
    sized = jfif[:-2] + bytes([5, 2]) + small
    yield "JFIF thumbnail", plain[:2] + segment(0xE0, sized) + rest
    yield "second JFIF", head + segment(0xE0, sized) + rest
    yield "between segments", head + MARK + rest
    scan = plain.rindex(b"\xff\xda")
    yield "between scans", plain[:scan] + segment(0xFE, MARK) + plain[scan:]
    yield "film behind", plain + FILM
    out = io.BytesIO()
    Image.fromarray(PICTURE).save(out, "MPO", save_all=True, append_images=[Image.fromarray(PICTURE[:8])])
    second = out.getvalue().rindex(b"\xff\xd8\xff") + 2
    yield "second picture behind", out.getvalue()[:second] + segment(0xFE, MARK) + out.getvalue()[second:]


def pngs() -> Iterator[tuple[str, bytes]]:
    chunk = apng_film.chunk
    kept = b"".join([
        chunk(b"gAMA", struct.pack(">I", 45455)), chunk(b"sBIT", b"\x08\x08\x08"),
        chunk(b"pHYs", struct.pack(">IIB", 11811, 11811, 1)),
    ])  # fmt: skip
    data = apng_film.packed(PICTURE)
    rows = zlib.decompress(data)

    def png(before: bytes = b"", coded: bytes = data, behind: bytes = b"") -> bytes:
        head = chunk(b"IHDR", struct.pack(">IIBBBBB", 30, 20, 8, 2, 0, 0, 0))
        return b"".join([
            apng_film.SIGNATURE, head, kept, before, chunk(b"IDAT", coded), behind, chunk(b"IEND", b"")
        ])  # fmt: skip

    flat = zlib.compress(MARK)
    profile = zlib.compress(PROFILE)
    parts = {
        "tEXt": chunk(b"tEXt", b"Comment\0" + MARK),
        "zTXt": chunk(b"zTXt", b"Comment\0\0" + flat),
        "iTXt": chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + MARK),
        "iTXt, deflated": chunk(b"iTXt", b"Comment\0\1\0\0\0" + flat),
        "eXIf": chunk(b"eXIf", exif(artist=MARK)[6:]),
        "thumbnail in eXIf": chunk(b"eXIf", exif(thumbnail=thumbnail())[6:]),
        "tIME": chunk(b"tIME", bytes([7, 232, 1, 1, 1, 1, 1]) + MARK),
        "private chunk": chunk(b"prVt", MARK),
        "caBX": chunk(b"caBX", MARK),
        "suggested palette": chunk(b"sPLT", MARK + b"\0\x08"),
        "name of the profile": chunk(b"iCCP", MARK + b"\0\0" + profile),
        "in the profile's data": chunk(b"iCCP", b"x\0\0" + zlib.compress(PROFILE + MARK)),
        "behind the profile": chunk(b"iCCP", b"x\0\0" + profile + MARK),
        "palette of a colour picture": chunk(b"PLTE", MARK),
    }
    for place, part in parts.items():
        yield place, png(part)
        if place not in ("palette of a colour picture",) and "profile" not in place:
            yield f"{place}, behind the picture", png(behind=part)
    yield "behind the rows", png(coded=zlib.compress(rows + MARK))
    yield "behind the deflated data", png(coded=data + MARK)
    yield "film behind", png() + FILM
    parts_of_film = [apng_film.ApngPart(PICTURE), apng_film.ApngPart(PICTURE[:4], 0, 2)]
    film = apng_film.apng((30, 20), parts_of_film, plays=3)
    place = film.rindex(b"fcTL") - 4
    yield "between frames", film[:place] + chunk(b"tEXt", b"Comment\0" + MARK) + film[place:]
    whole = list(apng_film.chunks(film))
    longer = [(n, b + MARK if number == len(whole) - 2 else b) for number, (n, b) in enumerate(whole)]
    yield "behind a frame's data", apng_film.SIGNATURE + b"".join(chunk(*one) for one in longer)


def webps() -> Iterator[tuple[str, bytes]]:
    chunk = webp_film.chunk
    for how, options in (("lossy", {"quality": 80}), ("lossless", {"lossless": True})):
        plain = saved(PICTURE, "WEBP", icc_profile=PROFILE, exif=exif(artist=MARK), xmp=MARK, **options)
        yield f"EXIF and XMP, {how}", plain
        for place, part in (("unknown chunk", b"seCr"), ("second profile", b"ICCP")):
            yield f"{place}, {how}", _riff(plain[12:] + chunk(part, MARK))
        yield f"film behind, {how}", plain + FILM
    alpha = np.dstack([PICTURE, np.full((20, 30), 255, np.uint8)])
    film = webp_film.webp((30, 20), [webp_film.WebpPart(alpha), webp_film.WebpPart(alpha[:4], 0, 2)], plays=3)
    parts = list(webp_film.chunks(film))
    for number, (name, body) in enumerate(parts):
        if name == b"ANMF":
            longer = [*parts[:number], (name, body + chunk(b"seCr", MARK)), *parts[number + 1 :]]
            yield f"in frame {number}", _riff(b"".join(chunk(*one) for one in longer))
    yield "still picture of an animation", _riff(film[12:] + chunk(b"EXIF", exif(artist=MARK)[6:]))


def _riff(body: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def gifs() -> Iterator[tuple[str, bytes]]:
    dice = np.random.default_rng(1)
    palette = dice.integers(0, 256, (16, 3))
    parts = [
        gif_film.GifPart(dice.integers(0, 16, (6, 8)).astype(np.uint8), n, 0, 7, 2, 3, palette if n else None)
        for n in (0, 1)
    ]
    block = bytes([len(MARK)]) + MARK + b"\0"
    xmp = b"!\xff\x0bXMP DataXMP" + MARK + b"\1" + bytes(range(255, -1, -1)) + b"\0"
    for place, part in {
        "comment": b"!\xfe" + block,
        "XMP": xmp,
        "application": b"!\xff\x0bSOMEONE 1.0" + block,
        "colour profile": b"!\xff\x0bICCRGBG1012" + block,
        "plain text": b"!\x01\x0c" + bytes(12) + block,
        "unknown extension": b"!\x99" + block,
        "behind the control": b"!\xf9\x04\0\1\0\0" + block,
        "second loop": b"!\xff\x0bNETSCAPE2.0\x03\x01\x07\x00" + block,
    }.items():
        yield place, gif_film.gif((9, 6), parts, palette, repeats=3, between=part)
    plain = gif_film.gif((9, 6), parts, palette, repeats=3)
    at = plain.index(b"NETSCAPE2.0") + 15
    yield "in the loop", plain[:at] + block + plain[at + 1 :]
    yield "film behind", plain + FILM


MAKERS = {
    "JPEG": jpegs, "PNG": pngs, "WEBP": webps, "GIF": gifs, "BMP": bmps, "PPM": pnms, "TIFF": tiffs,
}  # fmt: skip


def pixels_of(data: bytes) -> list[Pixels]:
    """Return all frames of a file in RGBA, as Pillow reads them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pictures behind a JPEG's first, it may not find one
        opened = Image.open(io.BytesIO(data))
    with opened as image:
        found = []
        for number in range(1 if image.format == "MPO" else getattr(image, "n_frames", 1)):
            image.seek(number)
            found.append(np.asarray(image.convert("RGBA")))
        return found
