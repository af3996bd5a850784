"""The size that an AV1 picture is coded in, whatever the file around it claims.

AV1 Bitstream & Decoding Process Specification (https://aomediacodec.github.io/av1-spec/av1-spec.pdf),
5.3 and 5.5: the picture begins with its sequence header.
"""

_TEMPORAL_DELIMITER, _SEQUENCE_HEADER = 2, 1

# No sequence header is longer.
_LOOKED_AT_BYTES = 256


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data), 8 * len(data)

    def take(self, count: int) -> int:
        if count > self._left:
            raise ValueError("the picture ends in the midst of its description")
        self._left -= count
        return self._value >> self._left & (1 << count) - 1


def coded_size(picture: bytes) -> tuple[int, int] | None:
    """Return the greatest width and height that a picture's frames may have.

    None if it does not begin with a sequence header of a still picture's kind: then the decoder
    says what is wrong. Raises `ValueError` for one that is cut off.
    """
    place = 0
    while place < len(picture):
        header = picture[place]
        kind, extended, sized = header >> 3 & 15, header >> 2 & 1, header >> 1 & 1
        place += 1 + extended
        length, place = _length(picture, place) if sized else (len(picture) - place, place)
        if kind == _SEQUENCE_HEADER:
            return _size(_Bits(picture[place : place + min(length, _LOOKED_AT_BYTES)]))
        if kind != _TEMPORAL_DELIMITER:
            return None
        place += length
    return None


def _length(data: bytes, place: int) -> tuple[int, int]:
    """Return a number of seven bits a byte (`leb128`), and where it ends."""
    value = 0
    for count, byte in enumerate(data[place : place + 8]):
        value |= (byte & 127) << 7 * count
        if byte < 128:
            return value, place + count + 1
    raise ValueError("the picture ends in the midst of its description")


def _size(bits: _Bits) -> tuple[int, int] | None:
    bits.take(4)  # profile, still picture
    if bits.take(1):  # a header reduced to what a still picture needs
        bits.take(5)
    elif not _skip_operating_points(bits):
        return None
    wide, high = bits.take(4) + 1, bits.take(4) + 1
    return bits.take(wide) + 1, bits.take(high) + 1


def _skip_operating_points(bits: _Bits) -> bool:
    if bits.take(1):  # times of a film's frames
        return False
    delays = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:  # level
            bits.take(1)
        if delays and bits.take(1):
            bits.take(4)
    return True
