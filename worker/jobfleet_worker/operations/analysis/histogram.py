"""The operation `histogram`: how often each value occurs in an image."""

from collections.abc import Mapping
from typing import Any

from PIL import Image

from jobfleet_worker.operations.images.greyscale import greyscale
from jobfleet_worker.operations.imaging.channels import has_alpha, without_palette
from jobfleet_worker.operations.imaging.picture import Picture
from jobfleet_worker.operations.outcome import Outcome

BINS = 256

_NAMES: Mapping[str, tuple[str, ...]] = {
    "L": ("grey",),
    "I;16": ("grey",),
    "LA": ("grey", "alpha"),
    "RGB": ("red", "green", "blue"),
    "RGBA": ("red", "green", "blue", "alpha"),
}

# For each 16-bit value, its upper and its lower eight bits.
_UPPER = [value >> 8 for value in range(65_536)]
_LOWER = [value & 255 for value in range(65_536)]


class _Counts:
    """How often each value occurs in one channel of all frames."""

    def __init__(self) -> None:
        self.counts = [0] * BINS
        self.pixels = 0
        self._sum = 0
        self._extrema: list[int] = []

    def add(self, band: Image.Image, seen: Image.Image | None) -> None:
        """Count the values of an L or I;16 image, where `seen`, an L image, is not 0."""
        upper, lower = band, None
        if band.mode == "I;16":
            wide = band.convert("I")
            upper, lower = wide.point(_UPPER, "L"), wide.point(_LOWER, "L")
        found = upper.histogram(seen)
        self.counts = [before + count for before, count in zip(self.counts, found, strict=True)]
        self.pixels += sum(found)
        if not any(found):
            return
        if lower is None:
            self._sum += _total(found)
            self._extrema += (value for value, count in enumerate(found) if count)
        else:
            self._sum += 256 * _total(found) + _total(lower.histogram())
            self._extrema += (int(value) for value in band.getextrema() if not isinstance(value, tuple))

    def facts(self) -> dict[str, Any]:
        """Return counts, and what of them people ask for first; None of it where nothing was counted."""
        found = self._extrema
        return {
            "min": min(found) if found else None,
            "max": max(found) if found else None,
            "mean": self._sum / self.pixels if found else None,
            "counts": self.counts,
        }


def histogram(picture: Picture, output: str | None) -> Outcome:
    """Return how often each value occurs in each channel and in the luma, and with `output` a plot (PNG).

    All frames are counted together. Palettes count as the colours they stand for, and single bits as
    0 and 255. Of 16-bit grey each of the 256 bins holds 256 values; `min`, `max` and `mean` are of
    the values themselves. Colours that cannot be seen (alpha 0) are left out, but for `alpha`, which
    counts all pixels. Luma is that of `greyscale`.
    """
    channels: dict[str, _Counts] = {}
    luma, pixels, notes = _Counts(), 0, [*picture.reading, *picture.notes]
    sixteen = all(frame.image.mode == "I;16" for frame in picture.frames)
    for frame in picture.frames:
        image = without_palette(frame.image)
        if image.mode == "I;16" and not sixteen:
            image = image.convert("I").point(_UPPER, "L")
            notes.append("16 bits a channel were scaled to 8, as not all frames have them")
        pixels += image.width * image.height
        seen = image.getchannel("A") if has_alpha(image) else None
        for name, band in zip(_NAMES[image.mode], image.split(), strict=True):
            channels.setdefault(name, _Counts()).add(band, None if name == "alpha" else seen)
        grey = greyscale(image)
        luma.add(grey.getchannel("L") if grey.mode == "LA" else grey, seen)
    facts = {
        "width": picture.frames[0].image.width,
        "height": picture.frames[0].image.height,
        "frames": len(picture.frames),
        "pixels": pixels,
        "seen": luma.pixels,
        "values": 65_536 if sixteen else BINS,
        "channels": {name: counts.facts() for name, counts in channels.items()},
        "luma": luma.facts(),
        "notes": list(dict.fromkeys(notes)),
    }
    if output is None:
        return Outcome(facts)
    from jobfleet_worker.operations.imaging.plot import plot

    return Outcome(facts, plot(facts), "image/png")


def _total(counts: list[int]) -> int:
    return sum(value * count for value, count in enumerate(counts))
