"""The operation `strip`: an image file without anything beside its pixels."""

from dataclasses import replace

from jobfleet_worker.operations.imaging.bare.file import bare_file
from jobfleet_worker.operations.imaging.picture import Picture


def strip(picture: Picture) -> Picture:
    """Return `picture` without EXIF, XMP, thumbnails, comments, times and the camera's notes.

    The colour profile, the resolution and what a PNG says of its colours stay: they say how the
    pixels are meant. Where the file can be written without decoding it, its pixels are those that
    came, in JPEG too.
    """
    file = bare_file(picture.source, picture.format) if picture.source else None
    return replace(picture, exif=b"", file=file)
