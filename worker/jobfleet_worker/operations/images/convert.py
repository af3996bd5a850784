"""The operation `convert`: an image in another format."""

from dataclasses import replace

from jobfleet_worker.operations.imaging.picture import Picture


def convert(picture: Picture, *, format: str | None = None, quality: int | None = None) -> Picture:  # noqa: A002 - as the parameter is called
    """Return `picture`, to be written as `format` (see `image_formats`) at `quality`, 1 to 100.

    Without a format, the output's name says which; a quality counts in JPEG, WEBP, HEIC and AVIF.
    The file is written anew, even where it could stay as it is.
    """
    wanted = format.upper() if format else picture.wanted
    return replace(picture, wanted=wanted, quality=quality, source=None, file=None)
