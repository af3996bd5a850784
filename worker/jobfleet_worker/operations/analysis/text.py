"""The operation `text`: the text in an image, read by Tesseract."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytesseract
from jobfleet_jobs.errors import BadJob
from PIL import Image

from jobfleet_worker.operations.engines.tesseract import PARENT_VARIABLE, TESSERACT
from jobfleet_worker.operations.faults import on_this_image
from jobfleet_worker.operations.imaging.channels import eight_bit, has_alpha, on_white, without_palette
from jobfleet_worker.operations.imaging.picture import Picture
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.outcome import Outcome

_CONTENT_TYPES = {".txt": "text/plain; charset=utf-8", ".pdf": "application/pdf", ".hocr": "text/html"}

# In Tesseract's table, a line whose level is this is a word.
_WORD = "5"

_FOLDERS = "jobfleet-text-"


def text(picture: Picture, output: str | None, limits: Limits, *, language: str | None = None) -> Outcome:
    """Return the text, each word with its place and confidence, and with `output` a file of it.

    `language` is one or several of `limits.text_languages`, joined by `+`; all of them if left out.
    Places are pixels from the upper left of the image held upright, confidences 0 to 100. Pages and
    frames are read one after the other, their texts parted by form feeds. Raises `BadJob`.
    """
    used = _checked(language, limits.text_languages)
    ending = output[output.rindex(".") :].lower() if output else ".txt"
    kinds = list(dict.fromkeys(["txt", "tsv", ending[1:]]))
    pytesseract.pytesseract.tesseract_cmd = str(TESSERACT)
    os.environ[PARENT_VARIABLE] = str(os.getpid())
    with _folder() as folder:
        pages = _saved(picture, folder)
        read = dict(
            zip(
                kinds,
                pytesseract.run_and_get_multiple_output(pages, kinds, lang="+".join(used), return_bytes=True),
                strict=True,
            )
        )
    words = list(_words(read["tsv"].decode()))
    sure = [word["confidence"] for word in words]
    facts = {
        "text": read["txt"].decode().rstrip("\f\n"),
        "confidence": round(sum(sure) / len(sure), 2) if sure else None,
        "words": words,
        "languages": used,
        "pages": len(picture.frames),
        "notes": list(dict.fromkeys((*picture.reading, *picture.notes))),
    }
    if output is None:
        return Outcome(facts)
    return Outcome(facts, read[ending[1:]], _CONTENT_TYPES[ending])


def _checked(language: str | None, there: tuple[str, ...]) -> list[str]:
    if language is None:
        return list(there)
    used = list(dict.fromkeys(language.split("+")))
    missing = [name for name in used if name not in there]
    if missing:
        raise BadJob(
            "bad-parameter", f"parameter language={language!r}: this worker reads {', '.join(there)}"
        )
    return used


def _saved(picture: Picture, folder: Path) -> str:
    """Write the frames as Tesseract reads them best; return the file, or one that lists them."""
    files = []
    for number, frame in enumerate(picture.frames):
        file = folder / f"{number}.png"
        options: dict[str, Any] = {"dpi": picture.dpi} if picture.dpi else {}
        with on_this_image("text"):
            plain = _plain(frame.image)
        plain.save(file, compress_level=1, **options)
        files.append(str(file))
    if len(files) == 1:
        return files[0]
    listed = folder / "pages.txt"
    listed.write_text("".join(f"{file}\n" for file in files))
    return str(listed)


def _plain(image: Image.Image) -> Image.Image:
    if has_alpha(image):
        image = on_white(image)
    image = without_palette(image)
    image = eight_bit(image)
    image.info = {}
    return image


def _words(table: str) -> Iterator[dict[str, Any]]:
    """Give the words in Tesseract's table."""
    for line in table.splitlines()[1:]:
        level, page, _, _, _, _, left, top, width, height, confidence, found = line.split("\t", 11)
        if level == _WORD and found.strip():
            yield {
                "text": found, "confidence": round(float(confidence), 2), "page": int(page),
                "left": int(left), "top": int(top), "width": int(width), "height": int(height),
            }  # fmt: skip


@contextmanager
def _folder() -> Iterator[Path]:
    """Make a folder for a job's files, its temporary ones too; remove those that killed processes left."""
    for left in Path(tempfile.gettempdir()).glob(f"{_FOLDERS}*"):
        if not Path("/proc", left.name.removeprefix(_FOLDERS).partition("-")[0]).exists():
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{_FOLDERS}{os.getpid()}-") as name:
        before, tempfile.tempdir = tempfile.tempdir, name
        try:
            yield Path(name)
        finally:
            tempfile.tempdir = before
