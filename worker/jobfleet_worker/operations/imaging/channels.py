"""Images in the modes that can be computed with."""

from PIL import Image

_PREMULTIPLIED = {"LA": "La", "RGBA": "RGBa"}
_STRAIGHT = {premultiplied: straight for straight, premultiplied in _PREMULTIPLIED.items()}


def has_alpha(image: Image.Image) -> bool:
    """Tell whether `image` has any transparency to keep."""
    return image.mode in ("LA", "RGBA") or "transparency" in image.info


def eight_bit(image: Image.Image) -> Image.Image:
    """Return 16-bit grey by its upper eight bits, and any other image as it is."""
    if image.mode != "I;16":
        return image
    return image.convert("I").point([value >> 8 for value in range(65_536)], "L")


def without_palette(image: Image.Image) -> Image.Image:
    """Return a `Frame`'s image as L, LA, RGB, RGBA or I;16: between places of a palette there is nothing."""
    if image.mode == "P":
        return image.convert("RGBA" if has_alpha(image) else "RGB")
    return image.convert("L") if image.mode == "1" else image


def premultiplied(image: Image.Image) -> Image.Image:
    """Return `image` with its colours times alpha, if it has alpha.

    Without that, the colours of what cannot be seen, often black, would come through where pixels
    are mixed.
    """
    return image.convert(_PREMULTIPLIED[image.mode]) if image.mode in _PREMULTIPLIED else image


def straight(image: Image.Image) -> Image.Image:
    """Undo `premultiplied`."""
    return image.convert(_STRAIGHT[image.mode]) if image.mode in _STRAIGHT else image


def on_white(image: Image.Image) -> Image.Image:
    """Return an image with transparency as L or RGB without, laid on white."""
    clear = image.convert("RGBA") if image.mode == "P" else image
    colours = clear.convert("L" if image.mode == "LA" else "RGB")
    ground = Image.new(colours.mode, image.size, "white")
    ground.paste(colours, mask=clear.getchannel("A"))
    return ground
