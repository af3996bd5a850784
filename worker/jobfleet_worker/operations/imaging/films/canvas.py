"""The screen on which an animation's frames are drawn, one over the other."""

from enum import Enum

from PIL import Image

from jobfleet_worker.operations.imaging.channels import has_alpha

Place = tuple[int, int]


class After(Enum):
    """What happens to a frame's own rectangle once its time is over."""

    STAYS = "stays"
    CLEARED = "cleared"
    TAKEN_BACK = "taken back"


class Canvas:
    """A screen of `size` in pixels, transparent at first, as browsers have it."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._shown = Image.new("RGBA", size)

    def show(self, image: Image.Image, at: Place, after: After, *, over: bool) -> Image.Image:
        """Draw an RGBA image that lies within the screen, and return all that is seen then.

        With `over`, its transparency shows what lay there; else it takes its place.
        """
        box = (*at, at[0] + image.width, at[1] + image.height)
        before = self._shown.crop(box) if after is After.TAKEN_BACK else None
        if over:
            self._shown.alpha_composite(image, at)
        else:
            self._shown.paste(image, at)
        seen = self._shown.copy()
        if after is After.CLEARED:
            before = Image.new("RGBA", image.size)
        if before is not None:
            self._shown.paste(before, at)
        return seen


def covers(size: tuple[int, int], at: Place, whole: tuple[int, int]) -> bool:
    """Tell whether an image of `size` at this place hides all of a screen."""
    return at == (0, 0) and size == whole


def without_unused_alpha(images: list[Image.Image], *, grey: bool) -> list[Image.Image]:
    """Return RGBA images as RGB if none shows any transparency, and as L or LA if they are `grey`."""
    clear = any(image.getchannel("A").getextrema() != (255, 255) for image in images)
    mode = ("LA" if clear else "L") if grey else ("RGBA" if clear else "RGB")
    return [image if image.mode == mode else image.convert(mode) for image in images]


def to_rgba(image: Image.Image) -> Image.Image:
    """Return a `Frame`'s image of at most 8 bits a channel with colours and alpha."""
    return image if image.mode == "RGBA" else image.convert("RGBA")


def is_opaque(image: Image.Image) -> bool:
    """Tell whether nothing could show through an image."""
    return not has_alpha(image)
