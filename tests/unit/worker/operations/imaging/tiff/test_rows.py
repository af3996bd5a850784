"""What Pillow's own code does with rows of samples is what a loop over them would."""

import numpy as np
import pytest
from jobfleet_worker.operations.imaging.decode import decode
from jobfleet_worker.operations.imaging.tiff import samples
from jobfleet_worker.operations.imaging.tiff.layout import BLACK_IS_ZERO, CMYK, LZW
from jobfleet_worker.operations.imaging.tiff.rows import summed_rows, unpacked_twelve

from tests.unit.worker.operations.imaging.tiff.files import Layout, packed, tiff

DICE = np.random.default_rng(7)


@pytest.mark.parametrize("kind", ["u1", "<u2", ">u2"])
@pytest.mark.parametrize(("pixels", "step"), [(1, 1), (1, 5), (2, 3), (1_000, 1), (1_001, 5), (40_000, 2)])
def test_differences_are_summed_and_stay_within_their_bits(kind: str, pixels: int, step: int) -> None:
    whole = DICE.integers(0, 256 ** np.dtype(kind).itemsize, (3, pixels, step)).astype(kind)
    stored = np.diff(whole, axis=1, prepend=whole[:, :1] * 0).astype(kind)
    bits, order = 8 * np.dtype(kind).itemsize, ">" if kind[0] == ">" else "<"
    assert summed_rows(stored.tobytes(), pixels * step, step, bits=bits, order=order) == whole.tobytes()


@pytest.mark.parametrize("length", [1, 2, 3, 8, 1_001])
def test_twelve_bits_are_unpacked_row_by_row(length: int) -> None:
    values = DICE.integers(0, 4_096, (3, length)).astype("=u2")
    assert unpacked_twelve(packed(values, 12), length) == values.tobytes()


@pytest.mark.parametrize(
    ("layout", "most"),
    [
        (Layout(CMYK, extras=(0,), compression=LZW, predictor=2), 255),
        (Layout(CMYK, extras=(0,), bits=16, compression=LZW, predictor=2), 65_535),
        (Layout(BLACK_IS_ZERO, bits=12), 4_095),
    ],
)
def test_no_loop_in_python_goes_over_the_samples_of_layouts_that_printers_and_cameras_write(
    layout: Layout, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def looped(*_: object) -> None:
        raise AssertionError("a loop took the samples one by one")

    monkeypatch.setattr(samples, "accumulate", looped)
    monkeypatch.setattr(samples, "_bits", looped)
    channels = 5 if layout.photometric == CMYK else 1
    values = DICE.integers(0, most + 1, (6, 9, channels)).astype("u2" if most > 255 else "u1")
    assert decode(tiff(values, layout), 1_000).frames[0].image.size == (9, 6)
