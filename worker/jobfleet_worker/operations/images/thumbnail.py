"""The operation `thumbnail`: a small image to look at."""

from functools import partial

from jobfleet_worker.operations.images import resize
from jobfleet_worker.operations.images.resize import Size
from jobfleet_worker.operations.images.strip import strip
from jobfleet_worker.operations.imaging.picture import Picture


def thumbnail(picture: Picture, *, width: int = 256, height: int = 256) -> Picture:
    """Return `picture` within `width` and `height` in pixels, never enlarged, without its metadata."""
    return strip(picture.each(partial(resize.resize, width=width, height=height)))


def new_size(size: Size, *, width: int = 256, height: int = 256) -> Size:
    """Return the size in pixels that an image of `size` will have."""
    return resize.new_size(size, width=width, height=height)
