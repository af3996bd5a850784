"""The channels of a TIFF picture put together as one image in a mode of `Frame`."""

from collections.abc import Sequence

from jobfleet_jobs.errors import BadJob
from PIL import Image, ImageCms

from jobfleet_worker.operations.imaging.tiff.directory import Directory, Tag
from jobfleet_worker.operations.imaging.tiff.layout import (
    CIELAB,
    CMYK,
    ICCLAB,
    NONE,
    PALETTE,
    SIGNED,
    WHITE_IS_ZERO,
    SampleLayout,
)
from jobfleet_worker.operations.imaging.tiff.samples import channel_images, inverted
from jobfleet_worker.operations.imaging.tiff.segments import Segment

_LAB = "{} was converted to sRGB"
_SIGN = bytes(value ^ 128 for value in range(256))
_SPARSE = "parts of the picture that the TIFF file leaves out are black"
_AS_THEY_ARE = "the values of {}-bit samples were used as they are: 0 is black, {} white"


def own_reading(
    page: Directory, layout: SampleLayout, segments: Sequence[Segment]
) -> tuple[Image.Image, list[str]]:
    """Read a picture that Pillow does not read as it is meant, as stored. Raises `BadJob`."""
    one = layout.colours == 1 and layout.alpha is None
    deep = one and (layout.bits > 8)
    wanted = [*range(layout.colours), *([] if layout.alpha is None else [layout.alpha])]
    channels = channel_images(page.form, layout, segments, wanted, deep=deep)
    notes = [_SPARSE] if layout.compression == NONE and any(not count for _, count in segments) else []
    if layout.bits > 16 or layout.sample_format == SIGNED:
        notes.append(_AS_THEY_ARE.format(layout.bits, "65,535" if deep else 255))
    alpha = channels.pop() if layout.alpha is not None else None
    if alpha is not None and layout.associated:
        channels = [_divided(channel, alpha) for channel in channels]
    image, said = _in_colour(page, layout, channels)
    if alpha is not None:
        image.putalpha(alpha)
    return image, notes + said


def _divided(channel: Image.Image, alpha: Image.Image) -> Image.Image:
    """Undo the multiplication with alpha."""
    return Image.merge("La", (channel, alpha)).convert("LA").getchannel("L")


def _in_colour(
    page: Directory, layout: SampleLayout, channels: Sequence[Image.Image]
) -> tuple[Image.Image, list[str]]:
    if layout.photometric == PALETTE:
        return _with_palette(page, layout, channels[0]), []
    if layout.photometric in (CIELAB, ICCLAB):
        return lab_to_srgb(channels, signed=layout.photometric == CIELAB)
    if layout.photometric == CMYK:
        return Image.merge("CMYK", channels).convert("RGB"), ["CMYK was converted to RGB"]
    if layout.colours == 3:
        return Image.merge("RGB", channels), []
    grey = inverted(channels[0]) if layout.photometric == WHITE_IS_ZERO else channels[0]
    return (grey.convert("1") if layout.bits == 1 and layout.alpha is None else grey), []


def lab_to_srgb(channels: Sequence[Image.Image], *, signed: bool) -> tuple[Image.Image, list[str]]:
    """Return L*, a* and b* as sRGB; white is D50. Neutral is 0 if a* and b* are `signed`, else 128."""
    lightness, *opponents = channels
    if signed:
        opponents = [Image.frombytes("L", one.size, one.tobytes().translate(_SIGN)) for one in opponents]
    lab = Image.merge("LAB", (lightness, *opponents))
    to = ImageCms.createProfile("sRGB")
    # Its shortcut is off by up to three steps in dark colours.
    exactly = ImageCms.Flags.NOOPTIMIZE
    rgb = ImageCms.profileToProfile(lab, ImageCms.createProfile("LAB"), to, outputMode="RGB", flags=exactly)
    if rgb is None:  # it returns an image unless it is told to change the one it got
        raise TypeError("no image came back from the colour conversion")
    return rgb, [_LAB.format("CIELab" if signed else "ICCLab")]


def palette_of(page: Directory, layout: SampleLayout) -> bytes:
    """Return the colours of a palette, each as red, green and blue of 8 bits. Raises `BadJob`."""
    places = 2**layout.bits
    values = page.numbers(Tag.COLOUR_MAP, 3 * places)
    if len(values) < 3 * places:
        raise BadJob("broken-image", f"the TIFF file's palette has {len(values):,} values of {3 * places:,}")
    # Some writers put 8-bit values there, as libtiff knows:
    # https://gitlab.com/libtiff/libtiff/-/blob/master/libtiff/tif_getimage.c
    shift = 8 if max(values) > 255 else 0
    return bytes(values[place + channel * places] >> shift for place in range(places) for channel in range(3))


def _with_palette(page: Directory, layout: SampleLayout, scaled: Image.Image) -> Image.Image:
    most = 2**layout.bits - 1
    image = scaled.point([(value * most + 127) // 255 for value in range(256)])
    image.putpalette(palette_of(page, layout), "RGB")
    return image.convert("RGB") if layout.alpha is not None else image
