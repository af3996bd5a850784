"""Images through the installed commands, as a person would type them."""

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jobfleet.errors import Exit
from jobfleet_jobs.protocol.ids import new_job_id
from PIL import Image

from tests.client_run import Run, fails, talk
from tests.heif_files import avif, heic
from tests.pictures import open_image


@pytest.mark.parametrize("operation", ["greyscale", "threshold", "blackwhite"])
def test_an_image_is_sent_done_and_brought_back(
    run: Run, worker: Any, photo: Path, stack: Any, operation: str
) -> None:
    ran = run(operation, "photo.png", "-o", "out.png")
    assert (ran.returncode, talk(ran)) == (0, "")
    assert "file    out.png" in ran.stdout
    [key] = re.findall(rf"^bucket  s3://{stack.bucket}/(outputs/[0-9a-f-]{{36}}/out.png)$", ran.stdout, re.M)
    assert "size    60 x 40" in ran.stdout
    assert (photo.parent / "out.png").read_bytes() == stack.object(key)
    values = set(np.unique(np.asarray(Image.open(io.BytesIO(stack.object(key))))))
    assert values == {0, 254} or operation == "greyscale"


@pytest.mark.parametrize(
    ("arguments", "size"),
    [
        (("resize", "--width", "30"), (30, 20)), (("resize", "--height", "80", "--enlarge"), (120, 80)),
        (("thumbnail", "--width", "6"), (6, 4)), (("convert", "--quality", "9"), (60, 40)),
        (("rotate", "--degrees", "-90"), (40, 60)), (("blur", "--radius", "0.5"), (60, 40)),
        (("edges",), (60, 40)), (("strip",), (60, 40)),
    ],
)  # fmt: skip
def test_an_image_is_changed_as_the_options_say(
    run: Run, worker: Any, photo: Path, arguments: tuple[str, ...], size: tuple[int, int]
) -> None:
    ran = run(*arguments, "photo.png")
    assert (ran.returncode, "file " in ran.stdout) == (0, True), ran.stderr
    with Image.open(photo.parent / f"photo-{arguments[0]}.png") as image:
        assert image.size == size


def test_outputs_of_convert_are_called_after_their_format(run: Run, worker: Any, photo: Path) -> None:
    found = json.loads(run("convert", "photo.png", "--format", "jpeg", "--json").stdout)
    assert (found["file"], found["output"]["key"].rpartition("/")[2]) == (
        "photo-convert.jpg",
        "photo-convert.jpg",
    )
    (photo.parent / "in").mkdir()
    (photo.parent / "in/a.png").write_bytes(photo.read_bytes())
    ran = run("convert", "in", "--format", "webp", "-o", "out", "--name", "n", "--json")
    assert json.loads(ran.stdout)["output"]["key"] == "outputs/n/a.webp"
    with Image.open(photo.parent / "out/a.webp") as image:
        assert image.format == "WEBP"


def test_a_phones_heic_becomes_a_jpeg_and_a_folder_of_both_is_taken_whole(
    run: Run, worker: Any, photo: Path, stack: Any
) -> None:
    folder = photo.parent / "in"
    folder.mkdir()
    with Image.open(photo) as image:
        (folder / "IMG_1.HEIC").write_bytes(heic(image))
        (folder / "IMG_2.avif").write_bytes(avif(image.convert("RGB")))
    ran = run("convert", "in/IMG_1.HEIC", "-o", "out.jpg")
    assert (ran.returncode, talk(ran)) == (0, "")
    with Image.open(photo.parent / "out.jpg") as image:
        assert (image.format, image.size) == ("JPEG", (60, 40))
    # Without another wish, each keeps its name and format.
    assert run("greyscale", "in", "-o", "out").returncode == 0
    assert {open_image(path.read_bytes()).format for path in (photo.parent / "out").iterdir()} == {
        "HEIC", "AVIF",
    }  # fmt: skip
    (photo.parent / "x.jpg").write_bytes(b"\xff\x0a\xfa\x1f\x00")
    fails(run("greyscale", "x.jpg"), Exit.JOB_FAILED, "but a JPEG XL image; save it as JPEG or PNG")


def test_options_that_no_worker_could_follow_never_leave_the_machine(
    run: Run, photo: Path, stack: Any
) -> None:
    fails(run("resize", "photo.png"), Exit.BAD_INPUT, "resize needs width or height")
    fails(run("rotate", "photo.png", "--degrees", "1", "--background", "x"), Exit.BAD_INPUT, "background='x'")
    fails(
        run("blur", "photo.png", "--radius", "nan"),
        Exit.BAD_INPUT,
        "radius=nan: give a number from 0.1 to 1000",
    )
    for arguments in (("rotate", "photo.png"), ("resize", "photo.png", "--width", "0"),
                      ("convert", "photo.png", "--format", "svg")):  # fmt: skip
        assert run(*arguments).returncode == Exit.USAGE, arguments
    assert stack.front.calls == []


def test_parameters_and_names_reach_the_worker(run: Run, worker: Any, photo: Path, stack: Any) -> None:
    ran = run(
        "threshold",
        "photo.png",
        "--level",
        "9",
        "--low",
        "1",
        "--high",
        "2",
        "--name",
        "a/b.gif",
        "-o",
        "c.gif",
        "--json",
    )
    found = json.loads(ran.stdout)
    assert (found["output"]["key"], found["file"], found["result"]["format"]) == (
        "outputs/a/b.gif",
        "c.gif",
        "GIF",
    )
    with Image.open(photo.parent / "c.gif") as image:
        assert set(np.unique(np.asarray(image.convert("RGB")))) == {1, 2}
    assert run("greyscale", "photo.png").returncode == 0
    assert (photo.parent / "photo-greyscale.png").exists()


def test_notes_go_to_stderr_and_can_be_silenced(run: Run, worker: Any, photo: Path) -> None:
    assert "note: JPEG is lossy" in run("threshold", "photo.png", "-o", "x.jpg").stderr
    assert run("threshold", "photo.png", "-o", "x.jpg", "--quiet").stderr == ""


def test_a_result_can_be_fetched_later(run: Run, worker: Any, photo: Path) -> None:
    found = json.loads(run("greyscale", "photo.png", "--json").stdout)
    ran = run("result", found["id"], "--json", "-o", "again.png")
    assert {**json.loads(ran.stdout), "file": ""} == {**found, "file": ""}
    assert (photo.parent / "again.png").read_bytes() == (photo.parent / "photo-greyscale.png").read_bytes()
    # A file that is there already is none of the input, and replaced.
    (photo.parent / "again.png").write_bytes(b"older")
    assert run("result", found["id"], "-o", "again.png").returncode == 0
    assert (photo.parent / "again.png").read_bytes() == (photo.parent / "photo-greyscale.png").read_bytes()
    fails(run("result", new_job_id()), Exit.NO_ANSWER, "there is no result of job")
    fails(run("result", "../../x"), Exit.BAD_INPUT, "is no job id")
