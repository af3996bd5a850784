"""HEIC and AVIF as they are written: what they keep, what that costs, and how much of a host they take."""

import io
import os
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_worker.operations.imaging.decode import decode
from jobfleet_worker.operations.imaging.heif import write
from jobfleet_worker.operations.imaging.heif.read_header import read_header
from PIL import ExifTags, Image, ImageCms

from tests.heif_files import avif
from tests.pictures import Pixels, do, noise, opened, pixels, saved, smooth

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
KINDS = ("heic", "avif")


def written(before: Pixels, kind: str, operation: str = "convert", **parameters: object) -> bytes:
    return do(operation, saved(before), f"outputs/x.{kind}", **parameters).data or b""


def seen(data: bytes, mode: str) -> Pixels:
    return np.asarray(decode(data, 10_000_000).frames[0].image.convert(mode))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sides", [(1, 1), (1, 2), (5, 7), (33, 17), (64, 64)])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_a_picture_of_any_size_comes_back_nearly(mode: str, sides: tuple[int, int], kind: str) -> None:
    before = smooth(*sides, len(mode))
    found = seen(written(before if len(mode) > 1 else before[..., 0], kind), mode)
    assert found.shape[:2] == sides
    assert abs(found.reshape(before.shape).astype(int) - before).mean() < 6


@pytest.mark.parametrize(
    ("ending", "kind", "content_type"),
    [("heic", "HEIC", "image/heic"), ("HEIF", "HEIC", "image/heic"), ("hif", "HEIC", "image/heic"),
     ("avif", "AVIF", "image/avif")],
)  # fmt: skip
def test_the_name_asks_for_the_format(ending: str, kind: str, content_type: str) -> None:
    outcome = do("greyscale", saved(smooth(20, 30)), f"outputs/x.{ending}")
    assert (outcome.result["format"], outcome.content_type) == (kind, content_type)
    assert (outcome.result["mode"], outcome.result["notes"]) == ("L", [])
    # And without an ending, the format that came in stays.
    assert do("rotate", outcome.data or b"", "outputs/x", degrees=90).result["format"] == kind


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_a_threshold_is_exact_in_heic(mode: str) -> None:
    before = noise(40, 50, len(mode)) if len(mode) > 1 else noise(40, 50)
    outcome = do("threshold", saved(before), "outputs/x.heic")
    colours = np.where(before <= 125, 0, 254)
    if mode == "RGBA":
        colours[..., 3] = before[..., 3]
    assert np.array_equal(pixels(outcome), colours)
    assert outcome.result["notes"] == []


def test_a_threshold_is_exact_in_avif_without_colours_and_near_with_them() -> None:
    grey = do("blackwhite", saved(noise(40, 50)), "outputs/x.avif")
    assert np.array_equal(pixels(grey), np.where(noise(40, 50) <= 125, 0, 254))
    assert grey.result["notes"] == []
    before = noise(40, 50, 3)
    colour = do("threshold", saved(before), "outputs/x.avif")
    assert abs(pixels(colour).astype(int) - np.where(before <= 125, 0, 254)).mean() < 4
    assert colour.result["notes"] == [
        "AVIF is lossy: values are only near those asked for; a name ending in .png keeps them exact"
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_exif_and_profile_stay_and_the_picture_is_turned_once(kind: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation], exif[ExifTags.Base.Artist] = 6, "A. Nonymous"
    before = smooth(40, 60)
    data = saved(before, "JPEG", exif=exif.tobytes(), icc_profile=PROFILE, quality=95)
    found = decode(do("convert", data, f"outputs/x.{kind}").data or b"", 10_000)
    assert found.icc_profile == PROFILE
    assert b"A. Nonymous" in found.exif
    off = abs(np.asarray(found.frames[0].image).astype(int) - np.rot90(before, -1))
    assert off.mean() < 6


@pytest.mark.parametrize("operation", ["strip", "thumbnail"])
@pytest.mark.parametrize("kind", ["heic", "avif", "jpg", "png", "webp", "tif", "gif", "bmp", "ppm"])
def test_no_word_of_the_file_that_came_is_in_one_that_is_to_have_none(kind: str, operation: str) -> None:
    """A picture that is small enough is handed on as it was opened, and still knows its file."""
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = "MarkOfExif"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSAreaInformation] = "MarkOfPlace"
    picture = Image.fromarray(smooth(20, 30))
    for source in ("JPEG", "PNG", "WEBP", "TIFF"):
        out = io.BytesIO()
        picture.save(out, source, exif=exif.tobytes(), xmp=b"<x>MarkOfXmp</x>", comment=b"MarkOfComment")
        assert b"MarkOfPlace" in out.getvalue()
        assert b"MarkOf" not in (do(operation, out.getvalue(), f"outputs/x.{kind}").data or b"")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_lost_is_said(kind: str) -> None:
    deep = do("convert", saved(noise(9, 9, high=65_536, dtype=np.uint16)), f"outputs/x.{kind}")
    assert deep.result["notes"] == ["16 bits a channel were scaled to 8"]
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "lime", "blue")]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=[100, 200, 300], loop=3)
    moving = do("convert", data, f"outputs/x.{kind}")
    if kind == "heic":
        assert moving.result["notes"] == ["HEIC holds one frame: the first of 3 was used"]
    else:
        assert moving.result["notes"] == []
        assert [frame.duration for frame in decode(moving.data or b"", 600).frames] == [100, 200, 300]


def test_a_quality_means_about_what_it_means_in_jpeg() -> None:
    # A threshold's edges in a smooth picture: what a coder has to work at.
    before = smooth(120, 160)

    def off(kind: str, quality: int) -> float:
        found = np.asarray(opened(do("convert", saved(before), format=kind, quality=quality)).convert("RGB"))
        return float(abs(found.astype(int) - before).mean())

    for kind in KINDS:
        errors = [off(kind, quality) for quality in (10, 50, 80, 95)]
        assert errors == sorted(errors, reverse=True)
        assert off(kind, 95) < 2 * off("jpeg", 95) + 1
    assert [write.x265_quality(quality) for quality in (1, 40, 95, 100)] == [5, 31, 68, 100]
    steps = [write.x265_quality(quality) for quality in range(1, 101)]
    assert steps == sorted(steps)


def test_a_large_picture_is_written_in_tiles_and_one_with_transparency_whole() -> None:
    large = Image.new("RGB", (9_000, 20), "red")
    header = read_header(written(np.asarray(large), "heic"))
    assert header.items[header.primary].kind == b"grid"
    assert {header.size(part) for part in header.made_of(header.primary)} == {(512, 512)}
    clear = read_header(written(np.asarray(Image.new("RGBA", (9_000, 40), "red")), "heic"))
    assert clear.items[clear.primary].kind == b"hvc1"


@pytest.mark.parametrize(
    ("sides", "mode", "kind"),
    [
        ((9_000, 3), "RGB", "heic"), ((8_000, 5), "L", "heic"), ((32_768, 2), "RGB", "avif"),
        ((9_000, 3), "RGBA", "avif"),
    ],
)  # fmt: skip
def test_long_pictures_come_back(sides: tuple[int, int], mode: str, kind: str) -> None:
    before = np.asarray(Image.new(mode, sides, (90, 120, 30, 200)[: len(mode)]))
    assert abs(seen(written(before, kind), mode).astype(int) - before).max() < 6


@pytest.mark.parametrize(
    ("sides", "mode", "kind", "why"),
    [
        ((32_769, 2), "RGB", "avif", "32,769 pixels long; AVIF holds at most 32,768"),
        ((65_536, 2), "RGB", "heic", "65,536 pixels long; HEIC holds at most 65,535"),
        ((9_000, 3), "RGBA", "heic", "no image of 9,000 x 3 pixels with transparency"),
        ((33_000, 3), "LA", "heic", "no image of 33,000 x 3 pixels with transparency"),
    ],
)  # fmt: skip
def test_what_no_file_can_hold_is_a_bad_job(sides: tuple[int, int], mode: str, kind: str, why: str) -> None:
    with pytest.raises(BadJob, match=why) as caught:
        written(np.asarray(Image.new(mode, sides)), kind)
    assert caught.value.code == "too-large-for-format"


@pytest.fixture
def little_memory() -> Iterator[None]:
    """What is left of the address space is 64 MiB, as if a job had taken the rest."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + 64 * 2**20, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize(("mode", "kind"), [("RGB", "avif"), ("L", "avif"), ("RGBA", "heic")])
def test_more_memory_than_there_is_is_a_bad_job_and_breaks_no_process(mode: str, kind: str) -> None:
    picture = Image.new(mode, (2_000, 1_900))
    way = write.write_heic if kind == "heic" else write.avif_options
    told = r"2,000 x 1,900 pixels as .* MiB of memory.*\(worker_job_memory_limit\)"
    with pytest.raises(BadJob, match=told):
        way(picture, lossless=False, quality=95)


def test_what_does_not_fit_in_full_colours_is_written_in_half_of_them(
    request: pytest.FixtureRequest,
) -> None:
    # 64 MiB are too little for 49 bytes a pixel, and enough for 31.
    picture = Image.new("RGB", (1_300, 1_200))
    request.getfixturevalue("little_memory")
    options, notes = write.avif_options(picture, lossless=False, quality=95)
    assert options["subsampling"] == "4:2:0"
    assert notes == ["the image is large: AVIF stores its colours at half the resolution"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_lack_of_memory_is_not_blamed_on_the_file(kind: str, request: pytest.FixtureRequest) -> None:
    picture = Image.new("L", (2_600, 2_500))
    data = (
        write.write_heic(picture, lossless=False, quality=20) if kind == "heic" else avif(picture, quality=20)
    )
    request.getfixturevalue("little_memory")
    with pytest.raises(MemoryError):
        decode(data, 10_000_000)


def threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


@contextmanager
def most_threads() -> Iterator[list[int]]:
    """Give the greatest number of threads more than now, once they have been watched."""
    stop, before, found = threading.Event(), threads() + 1, [0]

    def watch() -> None:
        while not stop.wait(0.001):
            found[0] = max(found[0], threads() - before)

    watching = threading.Thread(target=watch)
    watching.start()
    yield found
    stop.set()
    watching.join()


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_avif_takes_one_core_on_a_host_of_many(channels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    picture = smooth(400, 500, channels).squeeze()
    with most_threads() as most:
        decode(written(picture, "avif"), 1_000_000)
    assert most[0] <= 1


@pytest.mark.parametrize("channels", [1, 3])
def test_heic_takes_one_core(channels: int) -> None:
    picture = smooth(400, 500, channels).squeeze()
    with most_threads() as most:
        data = written(picture, "heic")
    assert most[0] <= 1  # that of x265, which the one that asks for it waits for
    with most_threads() as most:
        decode(data, 1_000_000)
    assert most[0] <= 2  # as of libde265


def test_an_alpha_plane_is_written_on_one_core_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    before, taken, give = os.sched_getaffinity(0), list[set[int]](), os.sched_setaffinity

    def note(process: int, cores: set[int]) -> None:
        taken.append(set(cores))
        give(process, cores)

    monkeypatch.setattr(os, "sched_setaffinity", note)
    written(smooth(40, 50, 4), "heic")
    assert [len(cores) for cores in taken] == [1, len(before)]
    assert os.sched_getaffinity(0) == before
