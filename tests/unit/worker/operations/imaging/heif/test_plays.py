"""How often an animated AVIF plays, as libavif and browsers understand its film."""

import pytest
from jobfleet_worker.operations.imaging.decode import decode
from jobfleet_worker.operations.imaging.heif.plays import plays_of
from PIL import Image

from tests.made_films import as_apng, film
from tests.pictures import do, frames, saved

MAX_PIXELS = 1_000_000


def moving(plays: int) -> bytes:
    data = as_apng(film(3), [50, 70, 90], plays)
    outcome = do("convert", data, "outputs/x.avif")
    assert outcome.result["notes"] == []
    return outcome.data or b""


@pytest.mark.parametrize("plays", [0, 1, 2, 3, 2**31 - 1])
def test_an_avif_plays_as_often_as_what_it_was_made_of(plays: int) -> None:
    data = moving(plays)
    assert decode(data, MAX_PIXELS).plays == plays_of(data) == plays
    assert len(frames(data)) == 3
    for ending in ("png", "avif"):
        again = do("greyscale", data, f"outputs/x.{ending}")
        assert decode(again.data or b"", MAX_PIXELS).plays == plays
        assert not [note for note in again.result["notes"] if "play" in note]


def test_all_tracks_last_as_long_as_the_film() -> None:
    """An alpha plane is a track of its own; a film of 1,000 ms that is played 3 times lasts 3,000."""
    image = Image.new("RGBA", (20, 10), (255, 0, 0, 90))
    other = Image.new("RGBA", (20, 10), (0, 255, 0, 200))
    data = saved(image, "WEBP", save_all=True, append_images=[other], duration=[400, 600], loop=3)
    made = do("convert", data, "outputs/x.avif").data or b""
    assert made.count(b"tkhd") == 2
    assert made.count((3_000).to_bytes(8)) == 3
    assert made.count((1_000).to_bytes(8)) >= 2


def without(data: bytes, name: bytes) -> bytes:
    assert name in data
    return data.replace(name, b"free")


def test_what_says_nothing_plays_for_ever() -> None:
    """Browsers show it so, and libavif calls the count unknown."""
    data = moving(3)
    assert plays_of(without(data, b"elst")) == plays_of(without(data, b"tkhd")) == 0
    assert plays_of(saved(Image.new("RGB", (8, 8)), "AVIF")) == 0


def test_a_part_that_is_not_repeated_plays_once() -> None:
    data = moving(3)
    place = data.index(b"elst") + 4
    assert data[place : place + 4] == b"\1\0\0\1"
    assert plays_of(data[:place] + b"\1\0\0\0" + data[place + 4 :]) == 1


@pytest.mark.parametrize("part", [0, 1])
def test_a_part_of_no_time_or_of_next_to_none_plays_for_ever(part: int) -> None:
    data = moving(2**31 - 1)
    place = data.index(b"elst") + 12
    data = data[:place] + part.to_bytes(8) + data[place + 8 :]
    assert plays_of(data) == 0


def test_a_file_that_is_cut_in_its_description_plays_for_ever() -> None:
    data = moving(3)
    assert plays_of(data[: data.index(b"elst") + 6]) == 0
