"""What stands behind the end of an image: what devices write there passes, anything else is refused."""

import io
import struct
from collections.abc import Callable
from typing import Any

import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.outcome import Outcome
from jobfleet_worker.operations.run import run
from PIL import Image

PHOTO = Image.effect_noise((60, 40), 70).convert("RGB")
GARBAGE = b"trailing garbage" * 100
FILM = struct.pack(">I", 24) + b"ftypmp42" + bytes(12) + b"\0\0\1\0mdat" + b"\xff\xd9 frames " * 300
SAMSUNG = b"\0\0\1\x0a\x0e\0\0\0Image_UTC_Data1700000000000SEFH\x6a\0\0\0\x24\0\0\0SEFT"


def saved(kind: str, image: Image.Image = PHOTO, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def several(kind: str) -> bytes:
    """Pictures or frames in one file."""
    return saved(kind, save_all=True, append_images=[PHOTO.rotate(180), PHOTO.rotate(180).convert("L")])


def rle_bmp() -> bytes:
    """A picture of 4 x 2 in Windows' run-length coding, each row one run, which Pillow does not write."""
    rows = b"\4\1\0\0\4\2\0\1"
    header = struct.pack("<IiiHHIIiiII", 40, 4, 2, 1, 8, 1, len(rows), 2835, 2835, 256, 0)
    offset = 14 + len(header) + 1024
    return struct.pack("<2sIII", b"BM", 0, 0, offset) + header + bytes(1024) + rows


def os2_bmp() -> bytes:
    header = struct.pack("<IHHHH", 12, 3, 2, 1, 24)
    return struct.pack("<2sIII", b"BM", 0, 0, 26) + header + bytes(2 * 12)


IMAGES: dict[str, Callable[[], bytes]] = {
    "JPEG": lambda: saved("JPEG"),
    "JPEG with a thumbnail that ends too": lambda: saved("JPEG", exif=Image.Exif().tobytes() + saved("JPEG")),
    "JPEG in several scans": lambda: saved("JPEG", progressive=True),
    "JPEG with restart markers": lambda: saved("JPEG", restart_marker_blocks=2),
    "PNG": lambda: saved("PNG"),
    "PNG with frames": lambda: several("PNG"),
    "GIF": lambda: saved("GIF"),
    "GIF with frames": lambda: several("GIF"),
    "WEBP": lambda: saved("WEBP"),
    "WEBP without loss": lambda: saved("WEBP", lossless=True),
    "WEBP with frames": lambda: several("WEBP"),
    "BMP": lambda: saved("BMP"),
    "BMP of one bit": lambda: saved("BMP", PHOTO.convert("1")),
    "BMP that does not say its size": lambda: saved("BMP")[:2] + bytes(4) + saved("BMP")[6:],
    "BMP by run lengths": rle_bmp,
    "BMP as OS/2 wrote it": os2_bmp,
    "PPM": lambda: saved("PPM"),
    "PPM with words in its head": lambda: saved("PPM").replace(b"\n", b"\n# made by hand\n", 1),
    "PGM of 16 bits": lambda: saved("PPM", PHOTO.convert("I;16")),
    "PBM": lambda: saved("PPM", PHOTO.convert("1")),
}  # fmt: skip


def do(data: bytes) -> Outcome:
    declared = OPERATIONS["greyscale"]
    return run(declared, declared.check({}), data, "outputs/x.png", Limits(200_000, 1))


def notes(data: bytes) -> str:
    return " ".join(do(data).result["notes"])


@pytest.mark.parametrize("kind", IMAGES)
def test_garbage_behind_an_image_is_a_bad_job_and_the_image_alone_is_none(kind: str) -> None:
    image = IMAGES[kind]()
    assert "behind" not in notes(image)
    with pytest.raises(BadJob) as caught:
        do(image + GARBAGE)
    assert caught.value.code == "trailing-data"
    assert caught.value.message.startswith("1,600 bytes stand behind the end of the ")
    assert f"at byte {len(image):,}, and begin with b'trailing garbage'" in caught.value.message


@pytest.mark.parametrize("kind", IMAGES)
def test_one_byte_of_garbage_is_enough(kind: str) -> None:
    with pytest.raises(BadJob, match="1 bytes stand behind"):
        do(IMAGES[kind]() + b"x")


@pytest.mark.parametrize("kind", IMAGES)
@pytest.mark.parametrize("padding", [b"\0", b"\xff" * 512, b"\r\n", b"\0" * 65_536])
def test_padding_passes_and_is_not_worth_a_word(kind: str, padding: bytes) -> None:
    assert "dropped" not in notes(IMAGES[kind]() + padding)


def test_padding_without_end_is_garbage_too() -> None:
    with pytest.raises(BadJob, match="65,537 bytes stand behind"):
        do(saved("JPEG") + b"\0" * 65_537)


@pytest.mark.parametrize("between", [b"", b"\0" * 8, b"\xff" * 3])
@pytest.mark.parametrize("film", [FILM, FILM + b"\0\0SEFT", FILM + b"LIVE_1234567  "])
def test_a_motion_photo_passes_and_the_sender_hears_that_the_film_is_gone(
    between: bytes, film: bytes
) -> None:
    assert "film behind the picture" in notes(saved("JPEG") + between + film)


@pytest.mark.parametrize("padding", [b"", b"\0\0\xff", b"\xff" * 300])
def test_the_further_pictures_that_a_jpeg_names_pass_and_a_film_behind_them_too(padding: bytes) -> None:
    photo = several("MPO")
    assert "only the main picture" in notes(photo + padding)
    assert "film behind the picture" in notes(photo + padding + FILM)
    with pytest.raises(BadJob, match="stand behind the end of the JPEG"):
        do(photo + padding + GARBAGE)


def test_a_jpeg_that_names_further_ones_in_its_xmp_passes_with_them() -> None:
    told = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta><Container:Directory/></x:xmpmeta>"
    photo = saved("JPEG")
    naming = photo[:2] + b"\xff\xe1" + (len(told) + 2).to_bytes(2) + told + photo[2:]

    assert "only the main picture" in notes(naming + saved("JPEG"))
    with pytest.raises(BadJob, match="stand behind the end of the JPEG"):
        do(naming + GARBAGE)


def test_a_jpeg_behind_one_that_names_none_is_garbage() -> None:
    with pytest.raises(BadJob, match="stand behind the end of the JPEG"):
        do(saved("JPEG") + saved("JPEG"))


@pytest.mark.parametrize(
    "block",
    [
        SAMSUNG,
        SAMSUNG + b"\0" * 100,
        b"vivo{}" + b"\xff\xff\xff\xff\x1b*9HWfu\x84\x93\xa2\xb1",
        b"blocks" * 90 + b"jxrsabc\0",
        b"blocks" * 90 + b"8db42d694ccc418790edff439fe026bf",
        b"CANON OPTIONAL DATA\0" + b"recipe" * 90,
    ],
)
def test_the_blocks_that_devices_write_pass_and_the_sender_hears_of_it(block: bytes) -> None:
    assert "what the camera wrote behind the picture was dropped" in notes(saved("JPEG") + block)


def test_raw_pictures_may_follow_each_other_and_the_first_is_used() -> None:
    assert "only the main picture" in notes(saved("PPM") + saved("PPM", PHOTO.convert("L")))


def test_words_behind_a_picture_in_text_pass_as_its_format_says() -> None:
    assert do(b"P2 2 1 255 0 200\nwords\n").result["width"] == 2
