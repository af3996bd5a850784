"""The histogram of images against numpy's counts."""

import io

import numpy as np
import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_worker.operations.imaging.plot import plot
from PIL import Image

from tests.pictures import Pixels, do, noise, opened, saved


def counts(values: Pixels) -> list[int]:
    return [int(count) for count in np.bincount(values.ravel(), minlength=256)]


def test_each_channel_and_the_luma_are_counted() -> None:
    image = noise(60, 90, 3)
    found = do("histogram", saved(image), None).result
    assert list(found["channels"]) == ["red", "green", "blue"]
    for number, channel in enumerate(found["channels"].values()):
        values = image[..., number]
        assert channel["counts"] == counts(values)
        assert (channel["min"], channel["max"]) == (values.min(), values.max())
        assert channel["mean"] == pytest.approx(values.mean(), rel=1e-12)
    exact = image.astype(float) @ (0.299, 0.587, 0.114)
    assert found["luma"]["mean"] == pytest.approx(exact.mean(), abs=0.1)
    luma = np.rint(exact)
    # Pillow's luma is right to one; so many pixels lie at most one bin away.
    assert np.abs(np.cumsum(found["luma"]["counts"]) - np.cumsum(counts(luma.astype(int)))).max() < 60
    assert {name: found[name] for name in ("width", "height", "frames", "pixels", "seen", "values")} == {
        "width": 90, "height": 60, "frames": 1, "pixels": 5400, "seen": 5400, "values": 256,
    }  # fmt: skip


def test_grey_is_one_channel_and_single_bits_are_black_and_white() -> None:
    image = noise(60, 90)
    found = do("histogram", saved(image), None).result
    assert found["channels"]["grey"]["counts"] == found["luma"]["counts"] == counts(image)
    bits = noise(60, 90, high=2).astype(bool)
    found = do("histogram", saved(bits), None).result["channels"]["grey"]
    assert (found["counts"][0], found["counts"][255]) == ((~bits).sum(), bits.sum())
    assert sum(found["counts"]) == bits.size


def test_sixteen_bits_have_bins_of_256_values_and_exact_facts() -> None:
    image = noise(60, 90, high=60_000, dtype=np.uint16) + np.uint16(123)
    found = do("histogram", saved(image), None).result
    grey = found["channels"]["grey"]
    assert found["values"] == 65_536
    assert grey["counts"] == counts(image >> 8)
    assert (grey["min"], grey["max"]) == (image.min(), image.max())
    assert grey["mean"] == pytest.approx(image.mean(dtype=float), rel=1e-12)


def test_colours_that_cannot_be_seen_do_not_count_and_alpha_does() -> None:
    image = noise(60, 90, 4)
    image[:30, :, 3] = 0
    found = do("histogram", saved(image), None).result
    seen = image[image[..., 3] > 0]
    assert found["seen"] == len(seen) < found["pixels"] == 5400
    for number, name in enumerate(("red", "green", "blue")):
        assert found["channels"][name]["counts"] == counts(seen[:, number])
    assert found["channels"]["alpha"]["counts"] == counts(image[..., 3])


def test_nothing_to_see_has_no_facts_and_still_a_plot() -> None:
    outcome = do("histogram", saved(np.zeros((5, 5, 4), np.uint8)), "outputs/x.png")
    red = outcome.result["channels"]["red"]
    assert (red["min"], red["max"], red["mean"], sum(red["counts"])) == (None, None, None, 0)
    assert opened(outcome).format == "PNG"


def test_a_palette_counts_as_its_colours() -> None:
    places = noise(60, 90, high=4)
    image = Image.fromarray(places, "P")
    colours = np.array([(10, 20, 30), (200, 20, 30), (10, 220, 30), (0, 0, 0)], np.uint8)
    image.putpalette(colours.tobytes())
    found = do("histogram", saved(image), None).result["channels"]
    for number, name in enumerate(("red", "green", "blue")):
        assert found[name]["counts"] == counts(colours[places][..., number])


def test_all_frames_are_counted_together() -> None:
    pages = [noise(20, 30), noise(40, 30) // 2, noise(7, 9, high=3)]
    first, *others = map(Image.fromarray, pages)
    found = do("histogram", saved(first, "TIFF", save_all=True, append_images=others), None).result
    assert found["frames"] == 3
    assert found["channels"]["grey"]["counts"] == [
        sum(each) for each in zip(*map(counts, pages), strict=True)
    ]


def test_pages_of_eight_and_sixteen_bits_meet_at_eight() -> None:
    eight, deep = noise(20, 30), noise(20, 30, high=65_536, dtype=np.uint16)
    out = io.BytesIO()
    Image.fromarray(eight).save(out, "TIFF", save_all=True, append_images=[Image.fromarray(deep)])
    found = do("histogram", out.getvalue(), None).result
    assert found["values"] == 256
    assert found["channels"]["grey"]["counts"] == [
        a + b for a, b in zip(counts(eight), counts(deep >> 8), strict=True)
    ]
    assert any("scaled to 8" in note for note in found["notes"])


def heights(image: Image.Image, top: int, colour: tuple[int, int, int]) -> list[int]:
    """Return how many pixels of `colour` each bin has in the panel that begins at `top`."""
    panel = np.asarray(image)[top + 24 : top + 150, 20 : 20 + 256 * 3]
    return [int(count) for count in (panel == colour).all(axis=-1).sum(axis=0)[::3]]


def test_the_plot_has_a_panel_for_each_channel_with_bars_as_high_as_the_counts() -> None:
    ramp = np.repeat(np.arange(256), np.arange(1, 257)).astype(np.uint8)[None]
    image = np.stack([ramp, ramp[:, ::-1], np.full_like(ramp, 7)], axis=-1)
    outcome = do("histogram", saved(image), "outputs/plot.png")
    assert outcome.content_type == "image/png"
    plotted = opened(outcome).convert("RGB")
    red = heights(plotted, 44 + 184, (210, 60, 60))
    assert red == pytest.approx([126 * (value + 1) / 256 for value in range(256)], abs=1.01)
    blue = heights(plotted, 44 + 3 * 184, (58, 102, 204))
    assert [value for value, height in enumerate(blue) if height] == [7]


def test_a_bar_that_towers_above_the_others_is_cut_off_and_they_can_be_seen() -> None:
    page = np.full((200, 300), 255, np.uint8)
    page[:50, :256] = np.arange(256)
    outcome = do("histogram", saved(page), "outputs/plot.png")
    luma = heights(opened(outcome).convert("RGB"), 44, (85, 85, 85))
    assert min(luma[:255]) > 100


@pytest.mark.parametrize("name", ["plot.jpg", "plot", "plot.png.txt"])
def test_a_plot_is_a_png_and_nothing_else(name: str) -> None:
    from jobfleet_jobs.operations.catalogue import OPERATIONS

    with pytest.raises(BadJob, match=r"\.png"):
        OPERATIONS["histogram"].output_key(name)


def test_the_plot_of_sixteen_bits_names_its_values() -> None:
    deep = noise(20, 30, high=65_536, dtype=np.uint16)
    whole = do("histogram", saved(deep), None).result
    assert plot(whole) != plot({**whole, "values": 256})
