"""The operation `classify`: what an image shows, by an ONNX model of the deployer's."""

from functools import lru_cache

from jobfleet_worker.operations.engines.onnx_classifier import load
from jobfleet_worker.operations.imaging.picture import Picture
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.outcome import Outcome


def classify(picture: Picture, output: str | None, limits: Limits, *, top: int = 5) -> Outcome:
    """Return the `top` labels with the highest scores, highest first.

    Of several frames the first is looked at. The model is loaded once in a process. Raises
    `operations.engines.onnx_classifier.BrokenModel`.
    """
    if limits.model is None:
        raise ValueError("no model is set")
    classifier = _loaded(limits.model)
    notes = [*picture.reading, *picture.notes]
    if len(picture.frames) > 1:
        notes.append(f"the first of {len(picture.frames)} frames was looked at")
    facts = {
        "labels": classifier.best(picture.frames[0].image, top),
        "model": limits.model.sha256[:12],
        "notes": list(dict.fromkeys(notes)),
    }
    return Outcome(facts)


_loaded = lru_cache(maxsize=1)(load)
