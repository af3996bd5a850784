"""Several operations in one job come to the same as one job for each, without what lies between."""

import io
from typing import Any

import numpy as np
import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.pipeline_steps import PipelineSteps
from jobfleet_worker.operations import run
from jobfleet_worker.operations.imaging import decode, encode
from jobfleet_worker.operations.outcome import Outcome
from PIL import Image

from tests.pictures import MAX_PIXELS, do, frames, noise, opened, pixels, saved, smooth

STEPS = OPERATIONS["pipeline"].parameters[0]


def pipeline(data: bytes, typed: str, output: str = "outputs/x.png") -> Outcome:
    assert isinstance(STEPS, PipelineSteps)
    return do("pipeline", data, output, steps=STEPS.parse(typed))


def one_by_one(data: bytes, typed: str, output: str = "outputs/x.png") -> Outcome:
    """Do each step as a job of its own, each on the lossless output of the one before."""
    assert isinstance(STEPS, PipelineSteps)
    for step in STEPS.parse(typed):
        outcome = do(step["operation"], data, output, **step["parameters"])
        data = outcome.data or b""
    return outcome


def gif() -> bytes:
    stack = [Image.fromarray(noise(40, 60, 3, high=4) * 60) for _ in range(1)]
    stack += [Image.fromarray(np.roll(noise(40, 60, 3, high=4) * 60, turn, 1)) for turn in (5, 11)]
    out = io.BytesIO()
    stack[0].save(out, "GIF", save_all=True, append_images=stack[1:], duration=[100, 200, 300], loop=0)
    return out.getvalue()


def turned() -> bytes:
    """Return a JPEG that EXIF says lies on its side."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "described"
    return saved(smooth(50, 80), "JPEG", exif=exif.tobytes())


IMAGES = {
    "colour": saved(smooth(50, 80)), "grey": saved(smooth(50, 80, 1)[..., 0]),
    "alpha": saved(noise(50, 80, 4)),
    "deep": saved(noise(50, 80, high=65_536, dtype=np.uint16)), "bits": saved(noise(50, 80, high=2) > 0),
    "jpeg": saved(smooth(50, 80), "JPEG"), "turned": turned(), "gif": gif(),
}  # fmt: skip


@pytest.mark.parametrize("kind", IMAGES)
@pytest.mark.parametrize(
    "typed",
    [
        "greyscale | threshold level=100",
        "resize width=30 | rotate degrees=90 | greyscale",
        "rotate degrees=10 | resize width=40 height=40 fit=fill | edges",
        "edges | blur radius=1.5 | blackwhite",
        "strip | thumbnail width=20 | threshold | strip",
        "blur | convert format=png | resize height=20",
    ],
)
def test_the_pixels_are_those_of_the_operations_one_by_one(kind: str, typed: str) -> None:
    whole, parts = pipeline(IMAGES[kind], typed), one_by_one(IMAGES[kind], typed)
    for fact in ("format", "mode", "width", "height", "frames"):
        assert whole.result[fact] == parts.result[fact], fact
    found, wanted = frames(whole.data or b""), frames(parts.data or b"")
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_image_is_read_and_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def counted(name: str, real: Any) -> Any:
        def call(*args: Any, **more: Any) -> Any:
            calls.append(name)
            return real(*args, **more)

        return call

    monkeypatch.setattr(decode, "decode", counted("decode", decode.decode))
    monkeypatch.setattr(encode, "encode", counted("encode", encode.encode))
    pipeline(IMAGES["jpeg"], "resize width=30 | blur | greyscale | strip")
    assert calls == ["decode", "encode"]


@pytest.mark.parametrize(
    "typed", ["greyscale | resize width=2000 enlarge", "resize width=2000 enlarge | strip"]
)
def test_pixels_are_counted_before_each_step(typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    monkeypatch.setattr(Image.Image, "resize", lambda *args, **more: made.append(args))
    with pytest.raises(BadJob, match="would become 2,000 x 1,250") as told:
        pipeline(IMAGES["jpeg"], typed)
    assert told.value.code == "too-many-pixels"
    assert made == []
    assert MAX_PIXELS < 2_000 * 1_250


def test_sizes_are_those_the_steps_before_have_made() -> None:
    grown = "resize width=900 enlarge"
    assert pipeline(IMAGES["jpeg"], grown).result["width"] == 900
    with pytest.raises(BadJob, match="would become 1,300 x 813"):
        pipeline(IMAGES["jpeg"], f"{grown} | resize width=1300 enlarge")
    assert pipeline(IMAGES["jpeg"], f"{grown} | thumbnail | resize width=300 enlarge").result["width"] == 300


@pytest.mark.parametrize(
    ("typed", "exact"),
    [
        ("resize width=40 | threshold", True),
        ("threshold | resize width=40", False),
        ("threshold | strip", True),
        ("threshold | convert format=webp", True),
        ("threshold | convert format=webp quality=90", False),
        ("resize width=40 | strip", False),
        ("strip", True),
        ("convert format=webp", False),
    ],
)
def test_the_last_step_that_changes_pixels_says_whether_values_are_exact(typed: str, exact: bool) -> None:
    outcome = pipeline(IMAGES["colour"], typed, "outputs/x.webp")
    lossless = b"VP8L" in (outcome.data or b"")[:40]
    assert lossless is exact
    if "threshold" in typed and "quality" in typed:
        assert any("WEBP is lossy" in note for note in outcome.result["notes"])


def test_a_quality_holds_whatever_else_the_steps_are() -> None:
    data = saved(smooth(200, 300), "JPEG", quality=95)
    small = pipeline(data, "convert quality=20", "outputs/x.jpg").data or b""
    for typed in ("strip | convert quality=20", "convert quality=20 | strip"):
        assert (pipeline(data, typed, "outputs/x.jpg").data or b"") == small
    assert len(small) < len(data) / 3


def test_only_strip_takes_metadata_off_and_where_it_alone_is_asked_for_pixels_are_not_touched() -> None:
    described = opened(pipeline(IMAGES["turned"], "greyscale | blur", "outputs/x.jpg"))
    assert described.getexif()[0x010E] == "described"
    assert described.size == (50, 80)
    assert dict(opened(pipeline(IMAGES["turned"], "strip | greyscale", "outputs/x.jpg")).getexif()) == {}
    data = saved(smooth(50, 80), "JPEG", comment=b"secret")
    stripped = pipeline(data, "strip", "outputs/x.jpg")
    assert stripped.data == do("strip", data, "outputs/x.jpg").data
    assert b"secret" not in (stripped.data or b"")


def test_what_each_step_has_to_say_is_said_once() -> None:
    notes = pipeline(IMAGES["grey"], "greyscale | greyscale | resize width=5000").result["notes"]
    assert notes == [
        "the image was grey already and is unchanged",
        "the image has that size, or is smaller, and is unchanged",
    ]


def test_a_pipeline_of_one_step_is_that_operation() -> None:
    alone = do("threshold", IMAGES["colour"], "outputs/x.png", level=90)
    assert pixels(pipeline(IMAGES["colour"], "threshold level=90")).tolist() == pixels(alone).tolist()
    assert run.steps_of(OPERATIONS["threshold"], {"level": 90}) == [(OPERATIONS["threshold"], {"level": 90})]
