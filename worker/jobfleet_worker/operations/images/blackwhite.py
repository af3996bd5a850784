"""The operation `blackwhite`: an image of two shades."""

from PIL import Image

from jobfleet_worker.operations.images.greyscale import greyscale
from jobfleet_worker.operations.images.threshold import threshold


def blackwhite(image: Image.Image, *, level: int = 125, low: int = 0, high: int = 254) -> Image.Image:
    """Return `image` made grey, then two-valued: one channel, without alpha.

    A shade at most `level` becomes `low`, above it `high`, each 0 to 255. `image` is in one of the
    modes that `operations.imaging.decode` gives. Raises `BadJob` outside that range.
    """
    grey = greyscale(image)
    return threshold(grey.getchannel("L") if grey.mode == "LA" else grey, level=level, low=low, high=high)
