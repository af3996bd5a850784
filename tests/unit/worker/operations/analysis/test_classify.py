"""Recognition by tiny models of known answers, which `onnx` makes here."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.offers.offer import make_offer
from jobfleet_worker.operations.analysis import classify
from jobfleet_worker.operations.engines import onnx_classifier
from jobfleet_worker.operations.engines.model_input import Feeding, feeding
from jobfleet_worker.operations.engines.onnx_classifier import BrokenModel, load
from jobfleet_worker.operations.limits import Limits, Model
from jobfleet_worker.operations.run import run
from jobfleet_worker.processes.pool import Pool
from jobfleet_worker.settings import BadSettings, WorkerSettings, from_mapping
from PIL import Image

from tests.models import means
from tests.pictures import saved

CLASSIFY = OPERATIONS["classify"]
NAMES = ("stack", "region", "bucket", "request_queue", "response_queue", "dead_letter_queue")
RAW = {"mean": 0, "std": 1, "crop": 1}


def fed(model: Model, **settings: Any) -> Model:
    return Model(model.path, model.sha256, model.labels, json.dumps(settings))


def plain(red: int, green: int, blue: int, size: tuple[int, int] = (40, 20)) -> Image.Image:
    return Image.new("RGB", size, (red, green, blue))


def scores(model: Model, image: Image.Image) -> dict[str, float]:
    found = load(model).best(image, 9)
    return {each["label"]: each["score"] for each in found}


def test_labels_come_with_the_highest_score_first(tmp_path: Path) -> None:
    model = fed(means(tmp_path), **RAW, softmax=False)
    limits = Limits(1_000_000, 1, model=model)
    outcome = run(CLASSIFY, CLASSIFY.check({"top": 2}), saved(plain(51, 204, 102)), None, limits)
    assert outcome.result["labels"] == [
        {"label": "green", "score": 0.8, "index": 1},
        {"label": "blue", "score": 0.4, "index": 2},
    ]
    assert outcome.result["model"] == model.sha256[:12]
    assert outcome.data is None
    whole = run(CLASSIFY, CLASSIFY.check({}), saved(plain(51, 204, 102)), None, limits)
    assert [each["label"] for each in whole.result["labels"]] == ["green", "blue", "red"]


def test_scores_become_probabilities_where_they_are_none_or_as_is_said(tmp_path: Path) -> None:
    image = plain(51, 204, 102)
    raw = np.array([0.2, 0.8, 0.4])
    softmax = np.exp(raw) / np.exp(raw).sum()
    model = means(tmp_path)
    for asked, wanted in ((None, softmax), (True, softmax), (False, raw)):
        given = {} if asked is None else {"softmax": asked}
        assert list(scores(fed(model, **RAW, **given), image).values()) == pytest.approx(
            sorted(wanted, reverse=True), abs=1e-5
        )
    sums_to_one = plain(51, 153, 51)
    assert scores(fed(model, **RAW), sums_to_one)["green"] == pytest.approx(0.6, abs=1e-5)
    assert scores(fed(model, **RAW, softmax=True), sums_to_one)["green"] < 0.5
    large = means(tmp_path, times=10_000)
    assert scores(fed(large, **RAW), image)["green"] == pytest.approx(1)


def test_values_are_fed_as_numpy_would_prepare_them(tmp_path: Path) -> None:
    image = Image.fromarray(np.random.default_rng(3).integers(0, 256, (8, 8, 3), np.uint8))
    values = np.asarray(image) / 255
    by_default = feeding([1, 3, 8, 8], {}, {"crop": 1}).fed(image, "float32")
    wanted = (values - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    assert by_default.shape == (1, 3, 8, 8)
    assert by_default.dtype == np.float32
    np.testing.assert_allclose(by_default[0], wanted.transpose(2, 0, 1), atol=1e-5)
    given = {"crop": 1, "mean": [0, 0, 1], "std": 2, "colours": "BGR"}
    turned = feeding(["batch", 8, 8, 3], {}, given).fed(image, "float16")
    np.testing.assert_allclose(turned[0], ((values - [0, 0, 1]) / 2)[..., ::-1], atol=1e-3)
    raw = feeding([1, 8, 8, 3], {}, {"crop": 1}).fed(image, "uint8")
    np.testing.assert_array_equal(raw[0], np.asarray(image))
    grey = feeding([1, 1, 8, 8], {}, {"crop": 1, "mean": 0, "std": 1}).fed(image.convert("L"), "float32")
    np.testing.assert_allclose(grey[0, 0], np.asarray(image.convert("L")) / 255, atol=1e-6)


@pytest.mark.parametrize("crop", [1, 0.5])
def test_the_middle_is_looked_at_or_all_of_it(crop: float) -> None:
    image = Image.new("RGB", (400, 100))
    image.paste((128, 128, 128), (150, 0, 250, 100))
    image.paste((255, 255, 255), (0, 0, 100, 100))
    cut = Feeding((8, 8), 3, fit="crop", crop=crop).fed(image, "uint8")[0].mean(axis=0)
    assert (abs(cut[:, 2:6] - 128) <= 1).all()
    assert Feeding((8, 8), 3, fit="crop", crop=0.25)._box((400, 100)) == (187.5, 37.5, 212.5, 62.5)
    whole = Feeding((8, 8), 3, fit="stretch", crop=crop).fed(image, "uint8")[0].mean(axis=0)
    assert whole[:, 0].min() > 240
    assert whole[:, 6:].max() < 10


@pytest.mark.parametrize(
    ("shape", "given", "words"),
    [
        ([1, 3], {}, "must be 4 dimensions"),
        ([1, 4, 8, 8], {}, "4 channels"),
        ([1, 3, "h", "w"], {}, "give size"),
        ([1, 3, "h", "w"], {"size": [8]}, "give size"),
        ([1, 3, 8, 8], {"size": [9, 8]}, "shape fixes"),
        ([1, 3, 8, 8], {"mean": [1, 2]}, "mean"),
        ([1, 3, 8, 8], {"std": [1, 0, 1]}, "std has a 0"),
        ([1, 3, 8, 8], {"layout": "HWC"}, "layout"),
        ([1, 3, 8, 8], {"crop": 0}, "crop"),
        ([1, 3, 8, 8], {"colours": "GRB"}, "colours"),
        ([1, 3, 8, 8], {"softmax": "yes"}, "softmax"),
        ([1, 3, 8, 8], {"scale": 1}, "'scale' is unknown"),
    ],
)
def test_what_cannot_be_fed_is_said(shape: list[Any], given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        feeding(shape, {}, given)


def test_the_model_s_metadata_say_how_it_is_fed_and_the_settings_go_before(tmp_path: Path) -> None:
    metadata = {
        "jobfleet.mean": "[0, 0, 0]", "jobfleet.std": "1", "jobfleet.crop": "1", "jobfleet.softmax": "false",
        "jobfleet.colours": "BGR", "jobfleet.size": "[6, 4]", "jobfleet.labels": "one\ntwo\nthree",
        "author": "somebody else's business",
    }  # fmt: skip
    model = means(tmp_path, shape=(1, 3, "h", "w"), metadata=metadata)
    labelled = Model(model.path, model.sha256)
    assert scores(labelled, plain(255, 51, 0)) == {"three": 1.0, "two": 0.2, "one": 0.0}
    assert load(labelled).feeding.size == (6, 4)
    assert scores(fed(model, colours="RGB"), plain(255, 51, 0))["red"] == 1.0


def test_alpha_lies_on_white_palettes_are_colours_and_the_first_frame_counts(tmp_path: Path) -> None:
    limits = Limits(1_000_000, 1, model=fed(means(tmp_path), **RAW, softmax=False))
    glass = Image.new("RGBA", (9, 9), (0, 0, 0, 0))
    data = saved(plain(255, 0, 0), "GIF", save_all=True, append_images=[plain(0, 0, 255)])
    for image, label in (
        (saved(glass), "red"),
        (saved(plain(0, 255, 0).convert("P")), "green"),
        (data, "red"),
    ):
        found = run(CLASSIFY, {"top": 1}, image, None, limits).result
        assert found["labels"][0]["label"] == label
        assert found["labels"][0]["score"] == pytest.approx(1, abs=0.01)
    assert "the first of 2 frames was looked at" in found["notes"]


def test_a_process_loads_the_model_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits(1_000_000, 1, model=means(tmp_path))
    data = saved(plain(1, 2, 3))
    run(CLASSIFY, {"top": 1}, data, None, limits)
    monkeypatch.setattr(onnx_classifier, "_read", lambda path: pytest.fail("it was read again"))
    assert run(CLASSIFY, {"top": 1}, data, None, limits).result["labels"]
    assert classify._loaded.cache_info().hits >= 1


def settings(model: Model, **more: Any) -> WorkerSettings:
    said = {"classify_model": model.path, "classify_sha256": model.sha256, "classify_labels": model.labels}
    given = {**dict.fromkeys(NAMES, "st"), "processes": 1, **said, **more}
    return from_mapping({name: value for name, value in given.items() if value is not None})


def test_a_worker_offers_it_with_a_model_that_works_in_the_memory_of_a_job(tmp_path: Path) -> None:
    good = settings(means(tmp_path), classify_input={"crop": 1})
    assert make_offer(good).find("classify") is CLASSIFY
    pool = Pool(good)
    pool.start()
    try:
        found = pool.run(CLASSIFY, {"top": 1}, saved(plain(0, 0, 255)), None).result
    finally:
        pool.stop()
    assert found["labels"][0]["label"] == "blue"


def test_without_a_model_it_is_not_offered_and_the_rest_is() -> None:
    offer = make_offer(from_mapping(dict.fromkeys(NAMES, "st")))
    assert "worker_classify_model" in offer.lacking["classify"]
    assert offer.find("stats")


def spoilt(model: Model, how: str) -> WorkerSettings:
    path = Path(model.path)
    if how == "checksum":
        path.write_bytes(path.read_bytes() + b"\0")
    elif how == "damaged":
        path.write_bytes(b"no model at all")
        model = Model(model.path, hashlib.sha256(path.read_bytes()).hexdigest(), model.labels)
    elif how == "labels":
        Path(model.labels or "").write_text("red\ngreen\n")
    elif how == "gone":
        path.unlink()
    elif how == "input":
        return settings(model, classify_input={"mean": [1, 2]})
    elif how == "memory":
        return settings(model, job_memory_limit=256 * 1024**2)
    return settings(model)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("checksum", "has the checksum"), ("damaged", "cannot be loaded"), ("gone", "cannot be read"),
        ("labels", "3 scores, and there are 2 labels"), ("input", "mean"),
    ],
)  # fmt: skip
def test_a_broken_model_is_told_with_its_reason_and_the_rest_is_offered(
    tmp_path: Path, how: str, words: str
) -> None:
    offer = make_offer(spoilt(means(tmp_path), how))
    assert words in offer.lacking["classify"]
    assert offer.find("classify") is None
    assert offer.find("stats")


def test_what_was_changed_since_the_worker_started_is_not_used(tmp_path: Path) -> None:
    model = means(tmp_path)
    Path(model.path).write_bytes(Path(model.path).read_bytes() + b"\0")
    with pytest.raises(BrokenModel, match="checksum"):
        load(model)


@pytest.mark.parametrize("sha256", ["", "abc", "G" * 64])
def test_a_model_without_its_checksum_is_refused_at_the_start(sha256: str) -> None:
    with pytest.raises(BadSettings, match="classify_sha256"):
        settings(Model("/models/x.onnx", sha256))
