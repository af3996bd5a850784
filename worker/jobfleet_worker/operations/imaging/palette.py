"""Colours to a palette, exactly wherever 256 places are enough."""

from PIL import Image, ImageChops

# GIF knows transparent and opaque; what is at least half there counts as opaque.
OPAQUE_FROM = 128

_PLACES = 256


def to_palette(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """Return an L, LA, RGB, RGBA, P or I;16 image with a palette of at most 256 places, and what that cost.

    Grey images and those with two values a channel come through exactly.
    """
    notes = []
    if image.mode == "I;16":
        image = image.convert("I").point([value >> 8 for value in range(65_536)], "L")
        notes.append("16 bits a channel were scaled to 8")
    if image.mode == "P":
        image = image.convert("RGBA")
    clear = None
    if image.mode in ("LA", "RGBA"):
        alpha = image.getchannel("A")
        if any(alpha.histogram()[1:255]):
            notes.append("GIF holds no partial transparency: it was rounded to all or nothing")
        clear = alpha.point([255 if value < OPAQUE_FROM else 0 for value in range(256)])
        image = image.convert("L" if image.mode == "LA" else "RGB")
    placed, colours = _grey(image) if image.mode == "L" else _colour(image, notes)
    if clear is not None and clear.getbbox():
        _make_room(placed, colours, notes)
        place = len(colours)
        colours.append((255, 255, 255))
        placed.paste(place, mask=clear)
        placed.info["transparency"] = place
    placed.putpalette([value for colour in colours for value in colour], "RGB")
    return placed, notes


Colours = list[tuple[int, int, int]]


def _grey(image: Image.Image) -> tuple[Image.Image, Colours]:
    """Give each shade that occurs a place."""
    shades = [value for value, count in enumerate(image.histogram()) if count]
    place = {shade: number for number, shade in enumerate(shades)}
    return image.point([place.get(value, 0) for value in range(256)]), [(s, s, s) for s in shades]


def _colour(image: Image.Image, notes: list[str]) -> tuple[Image.Image, Colours]:
    bands = image.split()
    values = [[value for value, count in enumerate(band.histogram()) if count] for band in bands]
    if len(values[0]) * len(values[1]) * len(values[2]) >= _PLACES:
        notes.append("the colours were reduced to 255, as GIF holds no more")
        reduced = image.quantize(_PLACES - 1, dither=Image.Dither.NONE)
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
