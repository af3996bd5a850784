"""What a model for images wants to be fed: from its own shape, its metadata, and the settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobfleet_jobs.careful_json import parse
from PIL import Image

# As most models for photos are trained: the shorter side at 256, of which the middle 224 are looked at,
# and the values of ImageNet's photos taken to a mean of 0 and a deviation of 1.
CROP = 0.875
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
SIZE_MAX = 4_096

KEYS = ("size", "layout", "colours", "fit", "crop", "mean", "std", "softmax")


@dataclass(frozen=True)
class Feeding:
    """How an image is turned into what the model takes.

    `size` is width and height in pixels. With `fit` "crop" the middle of the image is looked at, `crop` of
    what fits the proportions; with "stretch" all of it. Channel values from 0 to 1 lose `mean` and are
    divided by `std`. `softmax` says whether scores are turned into probabilities; None: where they are none.
    """

    size: tuple[int, int]
    channels: int
    layout: str = "NCHW"
    colours: str = "RGB"
    fit: str = "crop"
    crop: float = CROP
    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD
    softmax: bool | None = None

    def fed(self, image: Image.Image, kind: str) -> Any:
        """Return an image as an array of the numpy type `kind`; a model of bytes gets them as they are."""
        import numpy as np

        image = image.convert("L" if self.channels == 1 else "RGB")
        values = np.asarray(image.resize(self.size, Image.Resampling.BICUBIC, box=self._box(image.size)))
        values = values.reshape(self.size[1], self.size[0], self.channels)
        if kind != "uint8":
            values = (values / 255 - np.array(self.mean)) / np.array(self.std)
        if self.colours == "BGR":
            values = values[..., ::-1]
        if self.layout == "NCHW":
            values = values.transpose(2, 0, 1)
        return np.ascontiguousarray(values[None], dtype=kind)

    def _box(self, size: tuple[int, int]) -> tuple[float, float, float, float]:
        if self.fit == "stretch":
            return 0, 0, *size
        scale = min(size[0] / self.size[0], size[1] / self.size[1]) * self.crop
        width, height = self.size[0] * scale, self.size[1] * scale
        left, top = (size[0] - width) / 2, (size[1] - height) / 2
        return left, top, left + width, top + height


def feeding(shape: Sequence[Any], metadata: Mapping[str, str], settings: Mapping[str, Any]) -> Feeding:
    """Return what a model of this input's `shape` is fed; the settings go before its metadata.

    Metadata are texts: JSON, or a word. Raises `ValueError` that says what is missing or cannot be.
    """
    said = {name: _value(metadata[name]) for name in KEYS if name in metadata} | dict(settings)
    unknown = sorted(set(said) - set(KEYS))
    if unknown:
        raise ValueError(f"{unknown[0]!r} is unknown; there are {', '.join(KEYS)}")
    if len(shape) != 4:
        raise ValueError(f"its shape {list(shape)} is none of an image: there must be 4 dimensions")
    layout = _word(
        said, "layout", "NHWC" if shape[3] in (1, 3) and shape[1] not in (1, 3) else "NCHW", "NHWC"
    )
    channels, height, width = shape[1:] if layout == "NCHW" else (shape[3], shape[1], shape[2])
    if channels not in (1, 3):
        raise ValueError(
            f"its shape {list(shape)} as {layout} has {channels} channels, and 1 or 3 can be fed"
        )
    size = _size(said.get("size"), width, height)
    crop = said.get("crop", CROP)
    if isinstance(crop, bool) or not isinstance(crop, int | float) or not 0 < crop <= 1:
        raise ValueError(f"crop = {crop!r}: give a number above 0 and at most 1")
    softmax = said.get("softmax")
    if softmax is not None and not isinstance(softmax, bool):
        raise ValueError(f"softmax = {softmax!r}: give true or false, or leave it out")
    mean = _numbers(said, "mean", channels, MEAN)
    std = _numbers(said, "std", channels, STD)
    if not all(std):
        raise ValueError("std has a 0, by which nothing can be divided")
    colours, fit = _word(said, "colours", "RGB", "BGR"), _word(said, "fit", "crop", "stretch")
    return Feeding(size, channels, layout, colours, fit, float(crop), mean, std, softmax)


def _value(text: str) -> Any:
    try:
        return parse(text)
    except ValueError:
        return text


def _word(said: Mapping[str, Any], name: str, default: str, other: str) -> str:
    words = {default, other} | ({"NCHW"} if name == "layout" else set())
    value = said.get(name, default)
    if value not in words:
        raise ValueError(f"{name} = {value!r}: give {' or '.join(sorted(words))}")
    return str(value)


def _size(given: Any, width: Any, height: Any) -> tuple[int, int]:
    """Return width and height; those the shape fixes cannot be others."""
    wanted = [given, given] if isinstance(given, int) else given
    sides: list[Any] = [
        side
        if isinstance(side, int)
        else wanted[place]
        if isinstance(wanted, list) and len(wanted) == 2
        else None
        for place, side in enumerate((width, height))
    ]
    if not all(isinstance(side, int) and 0 < side <= SIZE_MAX for side in sides):
        raise ValueError(f"its size is open: give size as [width, height], each 1 to {SIZE_MAX:,}")
    if wanted is not None and wanted != sides:
        raise ValueError(f"size = {given!r}, and its shape fixes {sides}")
    return sides[0], sides[1]


def _numbers(
    said: Mapping[str, Any], name: str, channels: int, default: tuple[float, ...]
) -> tuple[float, ...]:
    value = said.get(name, list(default) if channels == 3 else [sum(default) / 3])
    values = [value] * channels if isinstance(value, int | float) else value
    if (
        not isinstance(values, list)
        or len(values) != channels
        or not all(isinstance(each, int | float) and not isinstance(each, bool) for each in values)
    ):
        raise ValueError(f"{name} = {value!r}: give a number for each of {channels} channels")
    return tuple(map(float, values))
