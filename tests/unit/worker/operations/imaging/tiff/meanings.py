"""What samples in a TIFF mean, computed plainly from the specification."""

import numpy as np

from tests.unit.worker.operations.imaging.tiff.files import CMYK, RGB, WHITE_IS_ZERO, Array, Layout

ASSOCIATED, UNASSOCIATED = 1, 2


def colours_of(photometric: int) -> int:
    """Return how many channels a photometric interpretation has."""
    return {RGB: 3, CMYK: 4}.get(photometric, 1)


def meant(samples: Array, layout: Layout) -> Array:
    """Return samples as whole numbers of 8 bits, or of 16 for grey of more than 8 without transparency."""
    bits, colours = layout.bits or samples.dtype.itemsize * 8, colours_of(layout.photometric)
    extra = layout.extras[0] if layout.extras else 0
    most, alone = 2**bits - 1, colours == 1 and extra not in (ASSOCIATED, UNASSOCIATED)
    whole = samples.reshape(*samples.shape[:2], -1).astype(np.int64)
    full = 65_535 if alone and bits > 8 else 255
    if bits > 8 and not alone:
        values = whole >> (bits - 8)
    else:
        values = (whole * 2 * full // most + 1) // 2 if bits < 9 else whole * full // most
    shown = values[..., :colours]
    if extra == ASSOCIATED:
        shown = np.minimum(255, shown * 255 // np.maximum(1, values[..., [colours]]))
    if layout.photometric == WHITE_IS_ZERO:
        shown = full - shown
    if layout.photometric == CMYK:
        shown = (255 - shown[..., :3]) * (255 - shown[..., 3:]) // 255
    if extra in (ASSOCIATED, UNASSOCIATED):
        shown = np.concatenate([shown, values[..., [colours]]], axis=2)
    return shown


def ycbcr_to_rgb(luma: Array, blue: Array, red: Array) -> Array:
    """Return full-range YCbCr as RGB: https://www.itu.int/rec/T-REC-T.871."""
    y, cb, cr = (part.astype(float) for part in (luma, blue - 128.0, red - 128.0))
    rgb = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], axis=-1)
    return np.clip(np.round(rgb), 0, 255)


def lab_to_srgb(lightness: Array, a: Array, b: Array) -> Array:
    """Return CIELAB (L* 0 to 100) under D50 as sRGB of 0 to 255: https://www.color.org/chardata/rgb/srgb.xalter."""
    fy = (lightness + 16) / 116
    ratios = [fy + a / 500, fy, fy - b / 200]
    xyz = [np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) for f in ratios]
    x, y, z = (part * white for part, white in zip(xyz, (0.9642, 1.0, 0.8249), strict=True))
    # From XYZ under D50 (Bradford): http://www.brucelindbloom.com/Eqn_RGB_XYZ_Matrix.html
    linear = np.stack(
        [
            3.1338561 * x - 1.6168667 * y - 0.4906146 * z,
            -0.9787684 * x + 1.9161415 * y + 0.0334540 * z,
            0.0719453 * x - 0.2289914 * y + 1.4052427 * z,
        ],
        axis=-1,
    )
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
