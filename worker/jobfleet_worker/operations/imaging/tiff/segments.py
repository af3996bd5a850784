"""The strips or tiles of a TIFF picture: where they lie, and whether they are all there."""

from collections.abc import Sequence

from jobfleet_jobs.errors import BadJob

from jobfleet_worker.operations.imaging.tiff.directory import Directory, Tag
from jobfleet_worker.operations.imaging.tiff.layout import JPEG, NONE, SampleLayout

Segment = tuple[int, int]  # where it begins, and how many bytes it has; (0, 0) if the file leaves it out

_JPEG_END = b"\xff\xd9"


def segments_of(page: Directory, layout: SampleLayout) -> tuple[list[Segment], list[str]]:
    """Return the strips or tiles of a picture, and notes.

    Raises `BadJob` if there are fewer than the picture needs, or if one is not all there.
    """
    name = "tiles" if layout.tiled else "strips"
    # Some writers name tiles as if they were strips, and libtiff reads them.
    at_tag, count_tag = Tag.STRIP_OFFSETS, Tag.STRIP_COUNTS
    if layout.tiled and Tag.TILE_OFFSETS in page:
        at_tag, count_tag = Tag.TILE_OFFSETS, Tag.TILE_COUNTS
    needed, there = layout.segments, page.count(at_tag)
    if there < needed:
        raise _broken(f"has {there:,} of the {needed:,} {name} that its picture needs")
    places = page.numbers(at_tag, needed)
    segments = list(zip(places, _counts(page, count_tag, layout, places), strict=True))
    for number, segment in enumerate(segments, 1):
        _check_there(segment, f"number {number:,} of its {needed:,} {name}", layout, page.form.data)
    more = f"the TIFF file has {there:,} {name}, and its picture needs {needed:,}: the rest were left out"
    return segments, [more] if there > needed else []


def _broken(what: str) -> BadJob:
    return BadJob("broken-image", f"the TIFF file {what}")


def _check_there(segment: Segment, name: str, layout: SampleLayout, data: bytes) -> None:
    at, count = segment
    if at + count > len(data):
        raise _broken(f"ends at byte {len(data):,}, but {name} ends at byte {at + count:,}: it is cut off")
    if layout.compression == JPEG and data.rfind(_JPEG_END, at, at + count) < 0:
        # The decoder would fill up with grey, and say nothing.
        raise _broken(f"is cut off: {name} has no end of its JPEG data")


def _counts(page: Directory, tag: Tag, layout: SampleLayout, places: Sequence[int]) -> list[int]:
    """Return the bytes of each segment: those of its pixels where nothing is compressed."""
    given, sizes, plain = page.numbers(tag, len(places)), _sizes(layout), layout.compression == NONE
    if plain and not any(given):
        return [size if at else 0 for size, at in zip(sizes, places, strict=True)]
    if len(given) < len(places):
        raise _broken(f"says of {len(given):,} of {len(places):,} parts how long they are ({tag.name})")
    if not plain:
        return list(given)
    for number, (count, size) in enumerate(zip(given, sizes, strict=True), 1):
        if 0 < count < size:
            raise _broken(
                f"has {count:,} bytes in part {number:,} of {len(sizes):,} of its picture; "
                f"the pixels there need {size:,}"
            )
    return [min(count, size) for count, size in zip(given, sizes, strict=True)]


def _sizes(layout: SampleLayout) -> list[int]:
    """Return how many bytes each segment has once it is unpacked: a last strip may have fewer rows."""
    across, down = -(-layout.width // layout.strip[0]), -(-layout.height // layout.strip[1])
    whole = layout.rows_bytes(layout.strip[1])
    last = whole if layout.tiled else layout.rows_bytes(layout.height - (down - 1) * layout.strip[1])
    return ([whole] * (across * (down - 1)) + [last] * across) * (layout.channels if layout.planar else 1)
