"""Image files without what they say beside the pixels, and without a change to those.

What is kept is named and everything else goes, so what nobody here has heard of goes too.
"""

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping

from jobfleet_jobs.errors import BadJob

from jobfleet_worker.operations.imaging.bare.bmp import bare_bmp
from jobfleet_worker.operations.imaging.bare.gif import bare_gif
from jobfleet_worker.operations.imaging.bare.jpeg import bare_jpeg
from jobfleet_worker.operations.imaging.bare.png import bare_png
from jobfleet_worker.operations.imaging.bare.pnm import bare_pnm
from jobfleet_worker.operations.imaging.bare.webp import bare_webp
from jobfleet_worker.operations.imaging.heif.bare_file import bare_heif

_PARTS: Mapping[str, Callable[[bytes], Iterator[bytes] | None]] = {
    "JPEG": bare_jpeg,
    "PNG": bare_png,
    "WEBP": bare_webp,
    "GIF": bare_gif,
    "BMP": bare_bmp,
    "PPM": bare_pnm,
    "HEIC": bare_heif,
    "AVIF": bare_heif,
}


def bare_file(data: bytes, kind: str) -> bytes | None:
    """Return the file of a readable image without metadata, and without anything behind its end.

    None for a format of which that is not done, or a file laid out as none is known to be: it must
    be decoded and written anew.
    """
    parts = _PARTS.get(kind)
    try:
        found = parts(data) if parts else None
        return None if found is None else b"".join(found)
    except (BadJob, IndexError, ValueError, struct.error, zlib.error):
        return None
