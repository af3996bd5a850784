"""An ONNX model that tells what images show: loaded, fed as it wants, and asked.

Run as a program with SETTINGS it loads a model in a process of its own and tries it once, so that a
broken one harms nothing else.
"""

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobfleet_jobs.credentials.redaction import cut
from PIL import Image

from jobfleet_worker.operations.engines.model_input import Feeding, feeding
from jobfleet_worker.operations.faults import on_this_image
from jobfleet_worker.operations.imaging.channels import eight_bit, has_alpha, on_white, without_palette
from jobfleet_worker.operations.limits import Model

_TYPES = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(uint8)": "uint8"}

# Scores that are probabilities already add up to 1, but for rounding.
_SUM_TOLERANCE = 0.001


class BrokenModel(Exception):
    """The model, its labels or what is said of its input cannot work."""


@dataclass(frozen=True)
class Classifier:
    """A loaded model."""

    session: Any
    labels: tuple[str, ...]
    feeding: Feeding
    kind: str

    def best(self, image: Image.Image, top: int) -> list[dict[str, Any]]:
        """Return the `top` labels of an image in a mode of `Frame`, highest score first."""
        scores = self.scores(image)
        order = sorted(range(len(scores)), key=lambda place: (-scores[place], place))[:top]
        return [
            {"label": self.labels[place], "score": round(scores[place], 6), "index": place} for place in order
        ]

    def scores(self, image: Image.Image) -> list[float]:
        """Return a score for each label. Raises `BrokenModel` for what is no score for each."""
        import numpy as np

        with on_this_image("classify"):
            fed = self.feeding.fed(_plain(image), self.kind)
        [answer, *_] = self.session.run(None, {self.session.get_inputs()[0].name: fed})
        found = np.asarray(answer, dtype=np.float64).ravel()
        if len(found) != len(self.labels):
            raise BrokenModel(
                f"the model gives {len(found):,} scores, and there are {len(self.labels):,} labels"
            )
        if not np.isfinite(found).all():
            raise BrokenModel("the model gives scores that are no numbers")
        if self._wants_softmax(found):
            powers = np.exp(found - found.max())
            found = powers / powers.sum()
        return [float(score) for score in found]

    def _wants_softmax(self, found: Any) -> bool:
        if self.feeding.softmax is not None:
            return self.feeding.softmax
        return bool((found < 0).any() or abs(found.sum() - 1) > _SUM_TOLERANCE)


def load(model: Model) -> Classifier:
    """Load a model whose checksum is right. Raises `BrokenModel`."""
    data = _read(model.path)
    digest = hashlib.sha256(data).hexdigest()
    if digest != model.sha256:
        raise BrokenModel(f"{model.path} has the checksum {digest}, not {model.sha256} as was set")
    # Nothing of what a worker does is anybody else's business. It is looked for when the library is loaded.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    # One core a process, as everything else; and no arena, which takes address space in advance.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as problem:
        raise BrokenModel(f"{model.path} cannot be loaded: {cut(str(problem), 300)}") from problem
    [first, *others] = session.get_inputs()
    if others or first.type not in _TYPES:
        wanted = f"{first.type} {first.shape}" + (f" and {len(others)} more" if others else "")
        raise BrokenModel(f"the model must take one image of {', '.join(_TYPES)}, and takes {wanted}")
    said = {
        name.removeprefix("jobfleet."): value
        for name, value in session.get_modelmeta().custom_metadata_map.items()
        if name.startswith("jobfleet.")
    }
    try:
        found = feeding(first.shape, said, json.loads(model.feeding))
    except ValueError as problem:
        raise BrokenModel(f"the model's input: {problem}") from problem
    return Classifier(session, _labels(model, said), found, _TYPES[first.type])


def _labels(model: Model, said: Mapping[str, str]) -> tuple[str, ...]:
    text = _read(model.labels).decode("utf-8", "replace") if model.labels else said.get("labels", "")
    labels = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not labels:
        raise BrokenModel("there are no labels: give a file with one a line, as worker_classify_labels")
    return labels


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as problem:
        raise BrokenModel(f"{path} cannot be read: {problem.strerror}") from problem


def _plain(image: Image.Image) -> Image.Image:
    if has_alpha(image):
        image = on_white(image)
    image = without_palette(image)
    return eight_bit(image)


def main() -> None:
    """Try the model that stdin says, within a limit of memory; say on stdout what is wrong with it."""
    import resource

    given = json.load(sys.stdin)
    limit = given.pop("memory_limit")
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    try:
        load(Model(**given)).best(Image.new("RGB", (64, 64), "grey"), 1)
    except BrokenModel as problem:
        sys.stdout.write(str(problem))
    except MemoryError:
        sys.stdout.write(f"the model needs more than the {limit:,} bytes of memory a job may have")
    except Exception as problem:  # noqa: BLE001 - whatever onnxruntime makes of it, it does not work
        sys.stdout.write(f"the model cannot be asked: {cut(str(problem), 300)}")


if __name__ == "__main__":
    main()
