"""Text is read off images of known text; Tesseract is the one that scripts/system-packages installs."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.offers.offer import make_offer
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.outcome import Outcome
from jobfleet_worker.operations.run import run
from jobfleet_worker.settings import BadSettings, WorkerSettings, from_mapping
from PIL import Image, ImageDraw, ImageFont

from tests.abilities import need_program
from tests.patience import patience, wait_for
from tests.pictures import saved
from tests.places import REPOSITORY

TEXT = OPERATIONS["text"]
LINES = ("The quick brown fox jumps", "over 1234 lazy dogs.")
NAMES = ("stack", "region", "bucket", "request_queue", "response_queue", "dead_letter_queue")


GIVEN = {**dict.fromkeys(NAMES, "st"), "processes": 1, "text": True}


def settings(**more: Any) -> WorkerSettings:
    return from_mapping({**GIVEN, **more})


@pytest.fixture(autouse=True)
def tesseract() -> None:
    """The real program, which root installs."""
    need_program("tesseract")


def page(*lines: str, mode: str = "L") -> Image.Image:
    image = Image.new("L", (800, 60 + 70 * len(lines)), 255)
    for number, line in enumerate(lines):
        ImageDraw.Draw(image).text((40, 30 + 70 * number), line, fill=0, font=ImageFont.load_default(44))
    return image.convert(mode)


def read(data: bytes, output: str | None = None, **parameters: Any) -> Outcome:
    limits = Limits(10_000_000, 1, ("eng",))
    return run(TEXT, TEXT.check(parameters), data, output, limits)


def test_text_and_the_place_of_each_word_are_read() -> None:
    found = read(saved(page(*LINES))).result
    assert found["text"].split("\n") == list(LINES)
    assert [word["text"] for word in found["words"]] == " ".join(LINES).split()
    assert found["confidence"] > 80
    assert found["confidence"] == pytest.approx(
        np.mean([word["confidence"] for word in found["words"]]), abs=0.01
    )
    ink = np.asarray(page(LINES[0])) < 128
    quick = next(word for word in found["words"] if word["text"] == "quick")
    box = ink[quick["top"] : quick["top"] + quick["height"], quick["left"] : quick["left"] + quick["width"]]
    assert box.any(axis=0)[[0, 1, -2, -1]].any()
    assert 0.1 < box.mean() < 0.6
    assert (found["languages"], found["pages"], found["notes"]) == (["eng"], 1, [])


def deep(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(image).astype(np.uint16) * 257)


def on_glass(image: Image.Image) -> Image.Image:
    """Return black text on a ground that cannot be seen, and is black as well."""
    glass = Image.new("RGBA", image.size, (0, 0, 0, 0))
    glass.putalpha(image.point([255 - value for value in range(256)]))
    return glass


@pytest.mark.parametrize(
    "change", [deep, on_glass, lambda image: image.convert("P"), lambda image: image.convert("1")]
)
def test_text_is_read_in_every_mode(change: Any) -> None:
    assert read(saved(change(page(*LINES)))).result["text"].split("\n") == list(LINES)


def test_an_image_that_lies_on_its_side_is_read_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = page(*LINES).transpose(Image.Transpose.ROTATE_90)
    found = read(saved(lying, "JPEG", exif=exif.tobytes(), quality=95)).result
    assert found["text"].split("\n") == list(LINES)
    assert "turned upright" in found["notes"][0]
    assert max(word["left"] for word in found["words"]) > lying.width


def test_pages_are_read_one_after_the_other() -> None:
    data = saved(page("First page here"), "TIFF", save_all=True, append_images=[page("Second page there")])
    outcome = read(data, "outputs/x.pdf")
    found = outcome.result
    assert found["text"] == "First page here\n\fSecond page there"
    assert [word["page"] for word in found["words"]] == [1, 1, 1, 2, 2, 2]
    assert found["pages"] == 2
    assert (outcome.data or b"").count(b"/Type /Page\n") == 2


def test_an_image_without_text_has_none() -> None:
    found = read(saved(np.full((100, 100), 255, np.uint8))).result
    assert (found["text"], found["words"], found["confidence"]) == ("", [], None)


@pytest.mark.parametrize(
    ("ending", "begins", "content_type"),
    [
        (".txt", b"The quick brown", "text/plain; charset=utf-8"),
        (".PDF", b"%PDF", "application/pdf"),
        (".hocr", b"<?xml", "text/html"),
    ],
)
def test_a_file_is_made_as_its_ending_asks(ending: str, begins: bytes, content_type: str) -> None:
    assert TEXT.output_key(f"scan.v2{ending}")
    outcome = read(saved(page(*LINES)), f"outputs/scan.v2{ending}")
    assert (outcome.data or b"").startswith(begins)
    assert outcome.content_type == content_type
    assert outcome.result["text"].startswith(LINES[0])


def test_only_languages_that_the_worker_reads_are_taken() -> None:
    data = saved(page(*LINES))
    assert read(data, language="eng+eng").result["languages"] == ["eng"]
    with pytest.raises(BadJob, match=r"language='eng\+deu': this worker reads eng"):
        read(data, language="eng+deu")
    for bad in ("eng -c x", "../eng", "", "eng+"):
        with pytest.raises(BadJob, match="as Tesseract calls them"):
            TEXT.check({"language": bad})


def test_a_worker_offers_it_where_it_is_switched_on_and_all_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert make_offer(settings()).find("text") is TEXT
    assert "worker_text: true" in make_offer(settings(text=False)).lacking["text"]
    assert "lacks xyz" in make_offer(settings(text_languages=["eng", "xyz"])).lacking["text"]
    monkeypatch.setenv("PATH", "/nowhere")
    assert "tesseract-ocr" in make_offer(settings()).lacking["text"]


@pytest.mark.parametrize("languages", [[], ["eng;ls"], "eng", [1], ["../x"]])
def test_languages_that_cannot_be_are_refused_at_the_start(languages: Any) -> None:
    with pytest.raises(BadSettings, match="text_languages"):
        settings(text_languages=languages)


@pytest.fixture
def slow_tesseract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Put a Tesseract first that never ends; what it notes of itself lies in the file."""
    noted = tmp_path / "noted"
    fake = tmp_path / "bin/tesseract"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\necho $$ $(ulimit -v) $OMP_THREAD_LIMIT > {noted}\nexec sleep 600\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    yield noted
    if noted.exists() and is_alive(pid := int(noted.read_text().split()[0])):
        os.kill(pid, 9)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


# In a program of its own: the server that forks a pool's processes lives as long as the program, and one that
# an earlier test started would know another PATH.
ONE_JOB = """
import json, sys
from pathlib import Path
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.errors import BrokenAttempt
from jobfleet_worker.processes.pool import Pool
from jobfleet_worker.settings import from_mapping

pool = Pool(from_mapping(json.loads(sys.argv[1])))
pool.start()
try:
    pool.run(OPERATIONS["text"], {}, Path(sys.argv[2]).read_bytes(), None)
except BrokenAttempt as problem:
    print(problem)
finally:
    pool.stop()
"""


def test_tesseract_has_the_limits_of_its_job_and_dies_with_it(slow_tesseract: Path, tmp_path: Path) -> None:
    given = {**GIVEN, "job_time_limit": 8, "job_memory_limit": 1024**3}
    (tmp_path / "page.png").write_bytes(saved(page("x")))
    ran = subprocess.run(
        [sys.executable, "-c", ONE_JOB, json.dumps(given), str(tmp_path / "page.png")],
        capture_output=True, text=True, timeout=patience(120), check=True, cwd=REPOSITORY,
    )  # fmt: skip
    assert "longer than 8 s" in ran.stdout
    pid, memory, threads = slow_tesseract.read_text().split()
    assert (int(memory), threads) == (1024**2, "1")
    wait_for(lambda: not is_alive(int(pid)), seen="Tesseract outlived its job")


def test_what_a_killed_process_left_goes_with_the_next_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    gone, ours = tmp_path / "jobfleet-text-4194305-abc", tmp_path / f"jobfleet-text-{os.getpid()}-abc"
    for folder in (gone, ours):
        folder.mkdir()
        (folder / "0.png").write_bytes(b"x")
    assert read(saved(page("Hello there"))).result["text"] == "Hello there"
    assert [path.name for path in tmp_path.iterdir()] == [ours.name]


def test_a_damaged_image_is_a_bad_job_and_never_reaches_tesseract() -> None:
    data = saved(page(*LINES))
    with pytest.raises(BadJob, match="damaged"):
        read(data[: len(data) // 2])
    with pytest.raises(BadJob, match="no image"):
        read(io.BytesIO(b"text").getvalue())
