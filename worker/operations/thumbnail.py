"""Make a small image to look at."""

from functools import partial

from worker.operations import resize as resizing
from worker.operations.picture import Picture
from worker.operations.resize import Size
from worker.operations.strip import strip


def thumbnail(picture: Picture, *, width: int = 256, height: int = 256) -> Picture:
    """Return `picture` within `width` and `height` in pixels, never enlarged, without its metadata."""
    return strip(picture.each(partial(resizing.resize, width=width, height=height)))


def new_size(size: Size, *, width: int = 256, height: int = 256) -> Size:
    """Return the size in pixels that an image of `size` will have."""
    return resizing.new_size(size, width=width, height=height)
