"""An image as the operations see it: frames, and what is kept beside the pixels."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from jobfleet_jobs.operations.image_formats import FORMATS
from PIL import Image

from jobfleet_worker.operations.imaging.channels import has_alpha
from jobfleet_worker.operations.imaging.exif import without_size
from jobfleet_worker.operations.imaging.png.marks import Marks

# The formats read and written, by Pillow's names, with the endings that ask for them. A named
# list: Pillow reads dozens more, whose readers few people test.
ENDINGS = {name.upper(): endings for name, endings in FORMATS.items()}

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
    about what was changed without being asked for, `reading` those on what decoding cost.

    `source` is the file it came in, as long as its pixels are those (`as_stored` says whether they
    were when it was read); `file`, if there is one, is a file to send in its place. `wanted` is the
    format that was asked for, and `quality` that of lossy ones, 1 to 100. `marks` is what a PNG says
    of its colours. `plays` is how often an animation plays, 0 for ever; None for a still picture and
    for pages.
    """

    frames: tuple[Frame, ...]
    format: str
    exif: bytes = b""
    icc_profile: bytes | None = None
    dpi: tuple[float, float] | None = None
    plays: int | None = None
    drafted: bool = False
    notes: tuple[str, ...] = ()
    reading: tuple[str, ...] = ()
    as_stored: bool = False
    source: bytes | None = None
    file: bytes | None = None
    wanted: str | None = None
    quality: int | None = None
    marks: Marks = field(default_factory=Marks)

    @property
    def pixels(self) -> int:
        """How many pixels all frames have together."""
        return sum(frame.image.width * frame.image.height for frame in self.frames)

    def each(
        self,
        change: Callable[[Image.Image], Image.Image],
        unchanged: str | None = None,
        *,
        turned: bool = False,
    ) -> "Picture":
        """Return the picture with `change` made to every frame, and notes on what that cost.

        `unchanged` is the note where `change` had nothing to do; `turned`: it is a quarter turn.
        """
        frames, notes = [], list(self.notes)
        for frame in self.frames:
            made = change(frame.image)
            notes += _cost(frame.image, made, unchanged) if not self.drafted else []
            frames.append(replace(frame, image=made))
        profile = self.icc_profile
        was_grey, is_grey = (f[0].image.mode in COLOURLESS for f in (self.frames, frames))
        if profile and (was_grey != is_grey or self.drafted):
            profile = None
            notes.append("the colour profile was dropped: it does not fit grey")
        resized = frames[0].image.size != self.frames[0].image.size
        same = all(old.image is new.image for old, new in zip(self.frames, frames, strict=True))
        changed = replace(
            self, frames=tuple(frames), icc_profile=profile, notes=tuple(dict.fromkeys(notes)),
            exif=without_size(self.exif) if resized else self.exif, drafted=False, source=None, file=None,
            marks=self.marks if same else self.marks.changed(resized=resized and not turned),
        )  # fmt: skip
        return changed.sides_swapped() if turned else changed

    def sides_swapped(self) -> "Picture":
        """Return the picture after a quarter turn of its frames: what is said of one side is of the other."""
        dpi = (self.dpi[1], self.dpi[0]) if self.dpi else None
        return replace(self, dpi=dpi, marks=self.marks.sides_swapped())


def _cost(before: Image.Image, after: Image.Image, unchanged: str | None) -> list[str]:
    notes = []
    if after is before and unchanged:
        notes.append(unchanged)
    if before.mode == "I;16" and after.mode != "I;16":
        notes.append("16 bits a channel were scaled to 8")
    if has_alpha(before) and not has_alpha(after):
        notes.append("the transparency was dropped: one channel goes out")
    return notes


def fitting_profile(profile: bytes | None, *, grey: bool, converted: bool) -> tuple[bytes | None, list[str]]:
    """Return a file's colour profile if it is one of the colours that were read, and what has to be said.

    None is, if the colours were `converted` into others.
    """
    if not profile:
        return None, []
    # The header says what colours the profile is for: https://www.color.org/specification/ICC.1-2022-05.pdf
    if converted or profile[16:20] != (b"GRAY" if grey else b"RGB "):
        return None, ["the colour profile was dropped: it is for other colours"]
    return profile, []
