"""Colour profiles for pictures that tell their colours by numbers alone, as HEIC and AVIF may.

The numbers are ITU-T H.273's. Most formats hold no such numbers but a profile, so one is made that
says the same (https://www.color.org/specification/ICC.1-2022-05.pdf): three primaries and a curve.
"""

import struct
from collections.abc import Sequence
from functools import lru_cache

_XY = tuple[float, float]
_Matrix = tuple[tuple[float, float, float], ...]

_D65: _XY = (0.3127, 0.3290)
# H.273, table 2: BT.709 as sRGB has them, BT.2020, and P3 with the white of screens.
_PRIMARIES: dict[int, tuple[_XY, _XY, _XY]] = {
    1: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
_NAMES = {1: "BT.709", 9: "BT.2020", 12: "Display P3"}

# H.273, table 3. Viewers show BT.709 and its likes by sRGB's curve.
_SRGB = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_CURVES = {1: _SRGB, 2: _SRGB, 6: _SRGB, 13: _SRGB, 14: _SRGB, 15: _SRGB, 4: (2.2,), 5: (2.8,), 8: (1.0,)}

# Bradford's matrix from D65 to the white of profiles, as ICC's own sRGB profile has it.
_TO_D50: _Matrix = (
    (1.0478112, 0.0228866, -0.0501270),
    (0.0295424, 0.9904844, -0.0170491),
    (-0.0092345, 0.0150436, 0.7521316),
)
_D50 = (0.9642, 1.0, 0.8249)


@lru_cache
def profile_of(primaries: int, transfer: int) -> bytes | None:
    """Return a profile for colours by their numbers in H.273.

    None for sRGB, which is what is taken without a profile, and for what no such profile can say:
    unknown numbers, and the curves of HDR.
    """
    curve = _CURVES.get(transfer)
    if primaries not in _PRIMARIES or curve is None or (primaries == 1 and curve == _SRGB):
        return None
    columns = _columns(_PRIMARIES[primaries])
    kind = 0 if len(curve) == 1 else 3
    tone = b"para" + struct.pack(">4xH2x", kind) + b"".join(map(_fixed, curve))
    tags = {
        b"desc": _text(f"{_NAMES[primaries]}, H.273 transfer {transfer}"),
        b"cprt": _text("No copyright"),
        b"wtpt": _xyz(_D50),
        b"chad": b"sf32" + bytes(4) + b"".join(_fixed(value) for row in _TO_D50 for value in row),
        b"rXYZ": _xyz(columns[0]), b"gXYZ": _xyz(columns[1]), b"bXYZ": _xyz(columns[2]),
        b"rTRC": tone, b"gTRC": tone, b"bTRC": tone,
    }  # fmt: skip
    return _file(tags)


def _columns(primaries: Sequence[_XY]) -> list[tuple[float, ...]]:
    """Return each primary as X, Y, Z under D50, so that all together are white."""
    points = [_xyz_of(point) for point in primaries]
    white = _xyz_of(_D65)
    whole = _determinant(points)
    # Cramer's rule: how much of each primary makes white.
    amounts = [
        _determinant([white if place == number else points[place] for place in range(3)]) / whole
        for number in range(3)
    ]
    return [
        tuple(
            amount * sum(factor * value for factor, value in zip(row, point, strict=True)) for row in _TO_D50
        )
        for amount, point in zip(amounts, points, strict=True)
    ]


def _xyz_of(point: _XY) -> tuple[float, float, float]:
    x, y = point
    return x / y, 1.0, (1 - x - y) / y


def _determinant(columns: Sequence[tuple[float, float, float]]) -> float:
    (a, d, g), (b, e, h), (c, f, i) = columns
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65_536))


def _xyz(values: Sequence[float]) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(map(_fixed, values))


def _text(words: str) -> bytes:
    encoded = words.encode("utf-16-be")
    return b"mluc" + struct.pack(">4xII2s2sII", 1, 12, b"en", b"US", len(encoded), 28) + encoded


def _file(tags: dict[bytes, bytes]) -> bytes:
    table, body, places = b"", b"", dict[bytes, int]()
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        if content not in places:
            places[content] = start + len(body)
            body += content + bytes(-len(content) % 4)
        table += struct.pack(">4sII", name, places[content], len(content))
    header = struct.pack(
        ">I4sI4s4s4s12s4s",
        start + len(body),
        bytes(4),
        0x04000000,
        b"mntr",
        b"RGB ",
        b"XYZ ",
        bytes(12),
        b"acsp",
    )
    header += bytes(28) + b"".join(map(_fixed, _D50))
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body
