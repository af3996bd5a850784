"""GIF files without metadata (https://www.w3.org/Graphics/GIF/spec-gif89a.txt)."""

from collections.abc import Iterator

_EXTENSION, _IMAGE, _END, _NOTHING = 0x21, 0x2C, 0x3B, 0x00
_CONTROL, _APPLICATION = 0xF9, 0xFF
_LOOPS = (b"\x0bNETSCAPE2.0", b"\x0bANIMEXTS1.0")


def bare_gif(data: bytes) -> Iterator[bytes]:
    """Yield the frames, what says how they are shown, and how often. Raises `IndexError`."""
    at = 13 + _colours(data[10])
    yield data[:at]
    while data[at] != _END:
        start = at
        if data[at] == _IMAGE:
            at = _blocks_end(data, at + 10 + _colours(data[at + 9]) + 1)
            yield data[start:at]
        elif data[at] == _EXTENSION:
            at = _blocks_end(data, at + 2)
            if data[start + 1] == _CONTROL:
                yield b"!\xf9\x04" + data[start + 3 : start + 7] + b"\0"
            elif data[start + 1] == _APPLICATION:
                yield _loop(data[start + 2 : at])
        elif data[at] == _NOTHING:
            at += 1  # some writers end a block twice
        else:
            raise IndexError
    yield b";"


def _loop(blocks: bytes) -> bytes:
    """Return the extension that tells the count of plays, without what else may stand in it."""
    if not blocks.startswith(_LOOPS):
        return b""
    at = 12
    while blocks[at]:
        if blocks[at] >= 3 and blocks[at + 1] & 7 == 1:
            return b"!\xff" + blocks[:12] + b"\x03\x01" + blocks[at + 2 : at + 4] + b"\0"
        at += 1 + blocks[at]
    return b""


def _colours(flags: int) -> int:
    """Return the length in bytes of the colour table that a descriptor's flags tell of."""
    return 3 * 2 ** ((flags & 0b111) + 1) if flags & 0b1000_0000 else 0


def _blocks_end(data: bytes, at: int) -> int:
    while data[at]:
        at += 1 + data[at]
    return at + 1
