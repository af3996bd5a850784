"""PPM, PGM and PBM of every range of samples, against the rule of proportions."""

import io
from typing import Any

import numpy as np
import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.outcome import Outcome
from jobfleet_worker.operations.run import run
from numpy.typing import NDArray
from PIL import Image

LIMITS = Limits(max_pixels=100_000, max_numbers=1)
TOPS = [1, 2, 15, 100, 254, 255, 256, 1_000, 1_023, 4_095, 65_534, 65_535]
SIZES = [(1, 1), (7, 5), (16, 3)]


def do(data: bytes, operation: str = "convert", output: str = "outputs/x.png", **parameters: Any) -> Outcome:
    declared = OPERATIONS[operation]
    return run(declared, declared.check(parameters), data, output, LIMITS)


def read(outcome: Outcome) -> NDArray[Any]:
    with Image.open(io.BytesIO(outcome.data or b"")) as image:
        return np.asarray(image)


def written(samples: NDArray[np.integer[Any]], top: int, *, plain: bool) -> bytes:
    height, width, channels = samples.shape
    number = {1: 2, 3: 3}[channels] + (0 if plain else 3)
    head = f"P{number}\n# written by hand\n{width} {height}\n{top}\n".encode()
    if plain:
        return head + b"\n".join(b" ".join(b"%d" % value for value in row.flat) for row in samples)
    return head + samples.astype(">u2" if top > 255 else "u1").tobytes()


@pytest.mark.parametrize("plain", [False, True], ids=["raw", "plain"])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("top", TOPS)
def test_samples_are_scaled_by_the_highest_there_may_be(
    top: int, channels: int, size: tuple[int, int], plain: bool
) -> None:
    samples = np.random.default_rng(top).integers(0, top + 1, (size[1], size[0], channels))
    samples.flat[0] = top
    outcome = do(written(samples, top, plain=plain))
    deep = top > 255 and channels == 1
    expected = samples * (65_535 if deep else 255) / top
    found = read(outcome).reshape(samples.shape)
    # Halves may fall either way.
    assert abs(found - expected).max() <= 0.5 + 1e-9
    assert found.flat[0] == (65_535 if deep else 255)
    reduced = top > 255 and channels == 3
    assert outcome.result["notes"] == (["16 bits a channel were read as 8"] if reduced else [])


@pytest.mark.parametrize("operation", ["histogram", "greyscale", "threshold", "edges", "blur"])
def test_every_operation_says_that_colours_were_reduced(operation: str) -> None:
    samples = np.random.default_rng(1).integers(0, 65_536, (5, 7, 3))
    notes = do(written(samples, 65_535, plain=False), operation).result["notes"]
    assert "16 bits a channel were read as 8" in notes


@pytest.mark.parametrize("plain", [False, True])
def test_bits_are_black_where_they_are_set(plain: bool) -> None:
    bits = np.random.default_rng(1).integers(0, 2, (5, 9))
    body = "".join(map(str, bits.flat)).encode() if plain else np.packbits(bits, axis=1).tobytes()
    found = read(do((b"P1" if plain else b"P4") + b"\n9 5\n" + body))
    assert (found == (bits == 0)).all()


@pytest.mark.parametrize("top", [100, 255, 1_023, 65_535])
@pytest.mark.parametrize("channels", [1, 3])
def test_missing_samples_are_damage(channels: int, top: int) -> None:
    data = written(np.ones((5, 7, channels), dtype=int), top, plain=False)
    with pytest.raises(BadJob) as refused:
        do(data[:-1])
    assert refused.value.code == "broken-image"


def test_samples_are_scaled_by_the_million_in_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """One by one they would take longer than a job may: no sample may pass through Python."""
    monkeypatch.setattr("PIL.PpmImagePlugin.PpmDecoder.decode", lambda *_: 1 / 0)
    samples = np.random.default_rng(1).integers(0, 1_024, (5, 7, 3))
    assert read(do(written(samples, 1_023, plain=False))).shape == (5, 7, 3)
