"""The operation `strip`: an image file without anything beside its pixels."""

import io
import sys
from dataclasses import replace

from jobfleet_jobs.errors import BadJob
from PIL import Image

from jobfleet_worker.operations.imaging.bare.file import bare_file
from jobfleet_worker.operations.imaging.decode import decode
from jobfleet_worker.operations.imaging.limits import pillows_limit
from jobfleet_worker.operations.imaging.picture import Picture

# Its pixels are those of a picture that was counted.
_ANY_SIZE = sys.maxsize
# Of these, damage is passed over here at which others stop, in a film of one frame too.
_FILMS_OF_OUR_OWN = frozenset({"GIF", "PNG"})


def strip(picture: Picture) -> Picture:
    """Return `picture` without EXIF, XMP, thumbnails, comments, times and the camera's notes.

    The colour profile, the resolution and what a PNG says of its colours stay: they say how the
    pixels are meant. Where the file can be written without decoding it, its pixels are those that
    came, in JPEG too.
    """
    file = bare_file(picture.source, picture.format) if picture.source else None
    return replace(picture, exif=b"", file=file if file and _is_read_again(file, picture) else None)


def _is_read_again(file: bytes, picture: Picture) -> bool:
    """Tell whether a file without its metadata is read as the same picture: damage may have stood beside it.

    Of a JPEG, only what decoders pass over was left out, and photos would take twice as long.
    """
    if picture.format == "JPEG":
        return True
    try:
        again = decode(file, _ANY_SIZE)
        if picture.format in _FILMS_OF_OUR_OWN:
            _play(file)
    except (BadJob, EOFError, OSError, SyntaxError, ValueError):
        return False
    return [frame.image.size for frame in again.frames] == [frame.image.size for frame in picture.frames]


def _play(film: bytes) -> None:
    """Decode all frames as another program does. Raises whatever Pillow meets damaged files with."""
    with pillows_limit(None), Image.open(io.BytesIO(film)) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            image.load()
