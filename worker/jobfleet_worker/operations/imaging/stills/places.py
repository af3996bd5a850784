"""Pixels that point past the end of their palette, as PNG, GIF and BMP files can have them."""

from PIL import Image

PAST_THE_END = "some pixels point past the end of the palette: they were read as black"


def with_all_places(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """Return an image of mode P with a colour for each place that is used, and what has to be said.

    Written with the palette as it is, such pixels would become others. The colour is black, as most
    viewers show it; of a place that stands for transparent, nothing is seen.
    """
    palette = bytes(image.getpalette("RGB") or [])
    used = [place for place, count in enumerate(image.histogram()) if count]
    missing = [place for place in used if place >= len(palette) // 3]
    if not missing:
        return image, []
    image = image.copy()
    transparency = image.info.get("transparency")
    image.putpalette(palette + bytes(3 * (missing[-1] + 1) - len(palette)))
    return image, [PAST_THE_END] if any(place != transparency for place in missing) else []
