"""Colours to a palette, exactly wherever 256 places are enough."""

import sys
from typing import Any

from PIL import Image, ImageChops

from jobfleet_worker.operations.imaging.channels import eight_bit

# GIF knows transparent and opaque; what is at least half there counts as opaque.
OPAQUE_FROM = 128

_PLACES = 256


def to_palette(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """Return an L, LA, RGB, RGBA, P or I;16 image with a palette of at most 256 places, and what that cost.

    Colours come through exactly if there are no more than 256, or 255 and transparency; grey does with 256.
    """
    notes: list[str] = []
    if image.mode == "I;16":
        image = eight_bit(image)
        notes.append("16 bits a channel were scaled to 8")
    if image.mode == "P":
        image = image.convert("RGBA")
    clear = None
    if image.mode in ("LA", "RGBA"):
        opaque, notes = all_or_nothing(image.getchannel("A"))
        clear = ImageChops.invert(opaque) if opaque.getextrema() != (255, 255) else None
        image = _as_if_seen(image.convert("L" if image.mode == "LA" else "RGB"), opaque)
    most = _PLACES if clear is None else _PLACES - 1
    placed, colours = _grey(image) if image.mode == "L" else _colour(image, most, notes)
    if clear is not None:
        _make_room(placed, colours, notes)
        place = len(colours)
        colours.append((255, 255, 255))
        placed.paste(place, mask=clear)
        placed.info["transparency"] = place
    placed.putpalette([value for colour in colours for value in colour], "RGB")
    return placed, notes


def all_or_nothing(alpha: Image.Image) -> tuple[Image.Image, list[str]]:
    """Return the L image of a channel of alpha with 0 and 255 alone, and what that cost."""
    if not any(alpha.histogram()[1:255]):
        return alpha, []
    rounded = alpha.point([0 if value < OPAQUE_FROM else 255 for value in range(256)])
    return rounded, ["GIF holds no partial transparency: it was rounded to all or nothing"]


def _as_if_seen(image: Image.Image, opaque: Image.Image) -> Image.Image:
    """Return an image in which what cannot be seen has a colour that can: it needs no place of its own."""
    seen = opaque.getbbox()
    if seen is None:
        return Image.new(image.mode, image.size)
    row = opaque.crop((0, seen[1], image.width, seen[1] + 1)).getbbox() or seen
    ground = Image.new(image.mode, image.size, image.getpixel((row[0], seen[1])))
    ground.paste(image, mask=opaque)
    return ground


Colours = list[tuple[int, int, int]]


def _grey(image: Image.Image) -> tuple[Image.Image, Colours]:
    """Give each shade that occurs a place."""
    shades = [value for value, count in enumerate(image.histogram()) if count]
    place = {shade: number for number, shade in enumerate(shades)}
    return image.point([place.get(value, 0) for value in range(256)]), [(s, s, s) for s in shades]


def _colour(image: Image.Image, most: int, notes: list[str]) -> tuple[Image.Image, Colours]:
    bands = image.split()
    if all(ImageChops.difference(bands[0], band).getbbox() is None for band in bands[1:]):
        return _grey(bands[0])
    values = [[value for value, count in enumerate(band.histogram()) if count] for band in bands]
    if len(values[0]) * len(values[1]) * len(values[2]) >= _PLACES:
        there = image.getcolors(most)
        if there is not None:
            return _exact(image, [colour for _, colour in there])
        beside = "" if most == _PLACES else " beside transparency"
        notes.append(f"the colours were reduced to {most}, as GIF holds no more{beside}")
        reduced = image.quantize(most, dither=Image.Dither.NONE)
        flat = reduced.getpalette("RGB") or []
        colours = list(zip(flat[0::3], flat[1::3], flat[2::3], strict=True))
        return reduced.convert("L") if reduced.mode != "P" else _indices(reduced), colours
    # Every combination of the values that occur in each channel has a place: red + green + blue.
    steps = (len(values[1]) * len(values[2]), len(values[2]), 1)
    parts = []
    for band, known, step in zip(bands, values, steps, strict=True):
        place = {value: number * step for number, value in enumerate(known)}
        parts.append(band.point([place.get(value, 0) for value in range(256)]))
    placed = ImageChops.add(ImageChops.add(parts[0], parts[1]), parts[2])
    return placed, [(r, g, b) for r in values[0] for g in values[1] for b in values[2]]


def _exact(image: Image.Image, colours: list[Any]) -> tuple[Image.Image, Colours]:
    """Give each of an RGB image's colours, all of which are named, a place."""
    pixels = memoryview(image.convert("RGBA").tobytes()).cast("I")
    place = {
        int.from_bytes(bytes((*colour, 255)), sys.byteorder): number for number, colour in enumerate(colours)
    }
    return Image.frombytes("L", image.size, bytes(map(place.__getitem__, pixels))), colours


def _indices(image: Image.Image) -> Image.Image:
    """Return a palette image's places as an L image."""
    return Image.frombytes("L", image.size, image.tobytes())


def _make_room(placed: Image.Image, colours: Colours, notes: list[str]) -> None:
    """If all 256 places are taken, give up the last for its neighbour's."""
    if len(colours) < _PLACES:
        return
    colours.pop()
    placed.paste(_PLACES - 2, mask=placed.point([255 if value == _PLACES - 1 else 0 for value in range(256)]))
    notes.append("one shade was given up for transparency, as GIF holds 256 in all")
