"""EXIF's blocks in TIFF files.

Pillow compresses TIFF by libtiff, and hands it the EXIF and GPS blocks as numbers that they are not, so that
no file is written (https://github.com/python-pillow/Pillow/blob/13.0.0/src/PIL/TiffImagePlugin.py, `_save`).
They are directories of their own (EXIF 2.32, 4.6.3), and are added to the written file here.
"""

import struct

from PIL import ExifTags, Image, TiffImagePlugin

_BLOCKS = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)

# TIFF 6.0, section 2: a count of two bytes, entries of twelve, and the place of the next directory.
_COUNT, _ENTRY, _PLACE = 2, 12, 4
_LONG = 4


def without_blocks(exif: bytes) -> bytes:
    """Return EXIF data without the directories in it; an empty text if nothing is left."""
    left = _loaded(exif)
    for tag in _BLOCKS:
        if tag in left:
            del left[tag]
    return left.tobytes() if len(left) else b""


def with_blocks(tiff: bytes, exif: bytes) -> bytes:
    """Return a TIFF file, as Pillow wrote it, whose first directory has the directories of EXIF data too."""
    loaded = _loaded(exif)
    order, head = (">", b"MM\0*\0\0\0\x08") if tiff[:2] == b"MM" else ("<", b"II*\0\x08\0\0\0")
    made = bytearray(tiff + bytes(len(tiff) % 2))
    added = {}
    for tag in _BLOCKS:
        if not (entries := dict(loaded.get_ifd(tag))):
            continue
        if ExifTags.IFD.Interop in entries:  # a place in that data, of a block in a block
            entries[ExifTags.IFD.Interop] = loaded.get_ifd(ExifTags.IFD.Interop)
        block = TiffImagePlugin.ImageFileDirectory_v2(head, group=tag)
        for name, value in entries.items():
            block[name] = value
        added[int(tag)] = struct.pack(f"{order}HHII", tag, _LONG, 1, len(made))
        made += block.tobytes(len(made))
        made += bytes(len(made) % 2)
    if not added:
        return tiff
    (first,) = struct.unpack_from(f"{order}I", made, 4)
    (count,) = struct.unpack_from(f"{order}H", made, first)
    start = first + _COUNT
    end = start + count * _ENTRY
    there = [bytes(made[place : place + _ENTRY]) for place in range(start, end, _ENTRY)]
    by_tag = {struct.unpack_from(f"{order}H", entry)[0]: entry for entry in there} | added
    # The directory as it was stays where it is, and nothing leads there any more.
    struct.pack_into(f"{order}I", made, 4, len(made))
    entries_now = b"".join(by_tag[tag] for tag in sorted(by_tag))
    made += struct.pack(f"{order}H", len(by_tag)) + entries_now + tiff[end : end + _PLACE]
    return bytes(made)


def _loaded(exif: bytes) -> Image.Exif:
    found = Image.Exif()
    found.load(exif)
    return found
