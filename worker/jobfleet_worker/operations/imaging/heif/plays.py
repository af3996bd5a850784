"""How often an animated AVIF plays: its film lasts as long as all plays of the part that it repeats.

ISO/IEC 14496-12:2022, 8.2.2, 8.3.2 and 8.6.6; as libavif reads and writes it:
https://github.com/AOMediaCodec/libavif/blob/main/include/avif/avif.h, `repetitionCount`.
"""

from jobfleet_worker.operations.imaging.heif.boxes import Box, BoxFields, boxes_within

_HOLDERS = (b"moov", b"trak", b"edts")
# What says how long a film and each of its tracks last. Behind two times stand the film's unit of time,
# or a track's number and a reserved one; times and durations have 4 bytes each or, in version 1, 8.
_LASTING = {b"mvhd": 4, b"tkhd": 8}
_EDITS = b"elst"
_REPEATS = 1
_FOR_EVER = 0

# libavif takes more for no end.
_PLAYS_MAX = 2**31 - 1


def plays_of(data: bytes) -> int:
    """Return how often an animation plays, 0 for ever: so it does without a count that makes sense."""
    try:
        found = {box.name: box for box in reversed(list(boxes_within(data, _HOLDERS)))}
        if b"tkhd" not in found or _EDITS not in found:
            return _FOR_EVER
        edits = BoxFields(data, found[_EDITS].start, found[_EDITS].end)
        wide, repeats = 8 if edits.number(1) else 4, edits.number(3) & _REPEATS
        edits.take(4)
        part = edits.number(wide)
        start, end = _duration(data, found[b"tkhd"])
    except ValueError:
        return _FOR_EVER
    if not repeats:
        return 1
    whole = int.from_bytes(data[start:end])
    endless = whole == 256 ** (end - start) - 1
    plays = -(-whole // part) if part and not endless else _FOR_EVER
    return plays if plays <= _PLAYS_MAX else _FOR_EVER


def with_plays(film: bytes, plays: int) -> bytes:
    """Return an AVIF that was just written to play for ever as one that plays so often, 0 for ever."""
    if plays == _FOR_EVER:
        return film
    found = list(boxes_within(film, _HOLDERS))
    edits = next(box for box in found if box.name == _EDITS)
    part = int.from_bytes(film[edits.start + 8 : edits.start + 16])
    changed = bytearray(film)
    for box in found:
        if box.name in _LASTING:
            start, end = _duration(film, box)
            changed[start:end] = min(part * plays, 256 ** (end - start) - 2).to_bytes(end - start)
    return bytes(changed)


def _duration(data: bytes, box: Box) -> tuple[int, int]:
    """Return the place of a duration, and that behind it."""
    if box.end - box.start < 32:
        raise ValueError(f"its part {box.name.decode('latin-1')!r} is too short")
    wide = 8 if data[box.start] == 1 else 4
    place = box.start + 4 + 2 * wide + _LASTING[box.name]
    return place, place + wide
