"""When an animated AVIF was written is not in it: the same picture becomes the same file."""

import pytest

from tests.made_films import as_gif, film
from tests.pictures import do, frames


@pytest.mark.parametrize("operation", ["convert", "strip"])
def test_a_film_holds_no_time_of_its_writing(operation: str) -> None:
    outcome = do(operation, as_gif(film(3), [50] * 3, 0), "outputs/x.avif")

    data = outcome.data or b""
    for name in (b"mvhd", b"tkhd", b"mdhd"):
        place = data.index(name) + 4
        times = 16 if data[place] == 1 else 8
        assert data[place + 4 : place + 4 + times] == bytes(times)
    assert outcome.result["frames"] == len(frames(data)) == 3
