"""The operation `greyscale`: an image without its colour."""

from PIL import Image

# Modes that hold no colour; 16-bit grey keeps its depth.
_GREY = frozenset({"1", "L", "LA", "I;16"})


def greyscale(image: Image.Image) -> Image.Image:
    """Return `image` in shades of grey: 0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601), rounded.

    Alpha is kept. An image that holds no colour is returned as it is. `image` is in one of the
    modes that `operations.imaging.decode` gives.
    """
    if image.mode in _GREY:
        return image
    if image.mode == "P":
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    return image.convert("LA" if image.mode == "RGBA" else "L")
