"""An image that breaks an operation is a bad job at once; what another attempt may be spared is none."""

import errno
import io
from pathlib import Path
from typing import Any

import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.errors import BrokenAttempt
from jobfleet_worker.operations.analysis import text
from jobfleet_worker.operations.faults import on_this_image
from jobfleet_worker.operations.images import blur, convert
from jobfleet_worker.operations.imaging import encode
from jobfleet_worker.operations.imaging.picture import Frame, Picture
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.outcome import Outcome
from jobfleet_worker.operations.run import run
from PIL import Image

PICTURE = io.BytesIO()
Image.new("RGB", (3, 2)).save(PICTURE, "PNG")


def do(operation: str, **parameters: Any) -> Outcome:
    declared = OPERATIONS[operation]
    limits = Limits(max_pixels=100, max_numbers=1)
    return run(declared, declared.check(parameters), PICTURE.getvalue(), "outputs/x.png", limits)


def breaking(*_: Any, **__: Any) -> Any:
    return Image.new("L", (1, 1)).getchannel("A")


@pytest.mark.parametrize(
    ("module", "name", "what"),
    [(blur, "blur", "blur"), (convert, "convert", "convert"), (encode, "_save", "writing the output")],
)
def test_a_fault_is_told_with_its_place_and_not_tried_again(
    module: Any, name: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operation is replaced: no image is known that breaks one, or it would be mended."""
    monkeypatch.setattr(module, name, breaking)
    operation = "convert" if module is encode else name
    with pytest.raises(BadJob, match=f"{what} breaks on this image.*ValueError: .*PIL/Image.py, line") as bad:
        do(operation)
    assert bad.value.code == "breaks-the-code"


def test_of_several_steps_the_one_that_breaks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operation is replaced: no image is known that breaks one, or it would be mended."""
    monkeypatch.setattr(blur, "blur", breaking)
    steps = [{"operation": "greyscale", "parameters": {}}, {"operation": "blur", "parameters": {}}]
    with pytest.raises(BadJob, match=r"^blur breaks on this image"):
        do("pipeline", steps=steps)


def test_what_makes_an_image_ready_for_an_engine_is_looked_after_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step is replaced: no image is known that breaks it, or it would be mended."""
    monkeypatch.setattr(text, "_plain", breaking)
    with pytest.raises(BadJob, match=r"^text breaks on this image"):
        text._saved(Picture((Frame(Image.new("L", (1, 1))),), "PNG"), tmp_path)


@pytest.mark.parametrize(
    "problem",
    [
        MemoryError(), BrokenAttempt("x"), BadJob("bad-parameter", "x"), ModuleNotFoundError("numpy"),
        OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt(), SystemExit(1),
    ],
    ids=lambda problem: type(problem).__name__,
)  # fmt: skip
def test_what_may_go_well_another_time_goes_on_as_it_is(problem: BaseException) -> None:
    with pytest.raises(type(problem)) as raised, on_this_image("blur"):
        raise problem
    assert raised.value is problem


@pytest.mark.parametrize(
    "problem", [OSError("encoder error -2"), ValueError("x"), RecursionError(), KeyError()]
)
def test_what_the_code_stumbles_over_is_a_bad_job(problem: Exception) -> None:
    with pytest.raises(BadJob, match=type(problem).__name__), on_this_image("blur"):
        raise problem


def test_a_secret_in_the_words_of_a_fault_is_hidden_before_they_are_cut() -> None:
    secret = "FwoGZXIvYXdzE" + "Ab1" * 60
    with pytest.raises(BadJob) as caught, on_this_image("blur"):
        raise ValueError("x" * 150 + f" {secret}")

    assert secret[:13] not in caught.value.message


def test_bytes_of_a_file_in_the_words_of_a_fault_are_shown_in_print() -> None:
    with pytest.raises(BadJob, match=r"'au\\x04C' \\n of \\x1b\[31m") as caught, on_this_image("blur"):
        raise ValueError("'au\x04C' \n of \x1b[31m")

    assert caught.value.message.isprintable()
