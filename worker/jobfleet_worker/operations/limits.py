"""The largest inputs that operations take, and what the optional parts of this worker have."""

import json
from dataclasses import dataclass

from jobfleet_worker.settings import WorkerSettings


@dataclass(frozen=True)
class Model:
    """A model for images: files in the ONNX format and of labels, one a line, and how it is fed, as JSON."""

    path: str
    sha256: str
    labels: str | None = None
    feeding: str = "{}"


@dataclass(frozen=True)
class Limits:
    """The largest inputs taken, and what the optional parts have.

    `max_pixels` counts all frames of an image. `text_languages` are those that text can be read in,
    `model` is what recognises images.
    """

    max_pixels: int
    max_numbers: int
    text_languages: tuple[str, ...] = ()
    model: Model | None = None


def limits_of(settings: WorkerSettings) -> Limits:
    """Return what operations are told of the settings."""
    return Limits(settings.max_pixels, settings.max_numbers, settings.text_languages, model_of(settings))


def model_of(settings: WorkerSettings) -> Model | None:
    """Return the model that the settings name, or None."""
    if not settings.classify_model:
        return None
    labels, feeding = settings.classify_labels or None, json.dumps(dict(settings.classify_input))
    return Model(settings.classify_model, settings.classify_sha256, labels, feeding)
