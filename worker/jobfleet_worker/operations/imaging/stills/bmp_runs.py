"""The runs in which a BMP may hold its pixels: https://learn.microsoft.com/en-us/windows/win32/gdi/bitmap-compression."""

_END_OF_ROW, _END, _MOVE = 0, 1, 2


def unpacked_runs(data: bytes, place: int, width: int, height: int, *, four: bool) -> bytes | None:
    """Return a byte for each pixel, the lowest row first; None if the file ends before the picture does.

    Pixels that are passed over are 0. `four`: a pixel has four bits, eight otherwise.
    """
    pixels = bytearray(width * height)
    x = y = 0
    while place + 2 <= len(data):
        count, value = data[place], data[place + 1]
        place += 2
        if count:
            run = _four_bits(bytes([value]) * ((count + 1) // 2)) if four else bytes([value]) * count
        elif value > _MOVE:
            length = (value + 1) // 2 if four else value
            stored = data[place : place + length]
            if len(stored) < length:
                return None
            run, count = _four_bits(stored) if four else stored, value
            place += length + length % 2
        else:
            if value == _END:
                return bytes(pixels)
            if value == _MOVE:
                if place + 2 > len(data):
                    return None
                x, y = x + data[place], y + data[place + 1]
                place += 2
            else:
                x, y = 0, y + 1
            continue
        # What reaches over the end of its row is cut off.
        shown = max(0, min(count, width - x))
        if y < height and shown:
            pixels[y * width + x : y * width + x + shown] = run[:shown]
        x += count
    # Some writers leave out the end where the last row is full.
    return bytes(pixels) if y >= height or (y == height - 1 and x >= width) else None


def _four_bits(data: bytes) -> bytes:
    return bytes(half for value in data for half in (value >> 4, value & 15))
