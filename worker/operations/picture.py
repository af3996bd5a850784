"""An image as the operations see it: frames, and what is kept beside the pixels."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from PIL import Image

# The formats read and written, by Pillow's names, with the endings that ask for them. A named
# list: Pillow reads dozens more, whose readers few people test.
ENDINGS = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png", ".apng"),
    "GIF": (".gif",),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
    "BMP": (".bmp",),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
}

COLOURLESS = frozenset({"1", "L", "LA", "I;16"})


@dataclass(frozen=True)
class Frame:
    """One frame, in mode 1, L, LA, RGB, RGBA, P or I;16. `duration` is milliseconds, where there is one."""

    image: Image.Image
    duration: float | None = None


@dataclass(frozen=True)
class Picture:
    """A decoded image: upright, in a mode of `Frame`, with what is worth keeping beside the pixels.

    `drafted` says that the decoder has already made it grey. `notes` are sentences for the sender
    about what was changed without being asked for.
    """

    frames: tuple[Frame, ...]
    format: str
    exif: bytes = b""
    icc_profile: bytes | None = None
    dpi: tuple[float, float] | None = None
    loop: int | None = None
    drafted: bool = False
    notes: tuple[str, ...] = ()

    def each(self, change: Callable[[Image.Image], Image.Image]) -> "Picture":
        """Return the picture with `change` made to every frame, and notes on what that cost."""
        frames, notes = [], list(self.notes)
        for frame in self.frames:
            changed = change(frame.image)
            notes += _cost(frame.image, changed) if not self.drafted else []
            frames.append(replace(frame, image=changed))
        profile = self.icc_profile
        was_grey, is_grey = (f[0].image.mode in COLOURLESS for f in (self.frames, frames))
        if profile and (was_grey != is_grey or self.drafted):
            profile = None
            notes.append("the colour profile was dropped: it does not fit grey")
        return replace(self, frames=tuple(frames), icc_profile=profile, notes=tuple(dict.fromkeys(notes)))


def has_alpha(image: Image.Image) -> bool:
    """Tell whether `image` has any transparency to keep."""
    return image.mode in ("LA", "RGBA") or "transparency" in image.info


def _cost(before: Image.Image, after: Image.Image) -> list[str]:
    notes = []
    if after is before:
        notes.append("the image was grey already and is unchanged")
    if before.mode == "I;16" and after.mode != "I;16":
        notes.append("16 bits a channel were scaled to 8")
    if has_alpha(before) and not has_alpha(after):
        notes.append("the transparency was dropped: one channel goes out")
    return notes
