"""The optional parts of a worker: what some operations need and not every host has.

A declaration names its part (`jobfleet_jobs`, `Operation.part`); here stands how a worker finds out
whether it has it. A probe runs once, when the worker starts: it returns None if the part is there, and
otherwise a sentence that says what is missing and how to get it. A probe must not load what is large, nor
call what may hang.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib.util import find_spec
from shutil import which

from jobfleet_worker.operations.engines.tesseract import TESSERACT
from jobfleet_worker.operations.limits import model_of
from jobfleet_worker.settings import WorkerSettings

# Longer than this nothing here takes that does not hang.
_PATIENCE_SECONDS = 30.0


def _text(settings: WorkerSettings) -> str | None:
    if not settings.text:
        return "reading text is switched off here; worker_text: true in the inventory switches it on"
    if find_spec("pytesseract") is None or not TESSERACT.exists():
        return "the Python package pytesseract is not installed; deploy with worker_text: true"
    if which("tesseract") is None:
        return "tesseract is not installed (Debian: tesseract-ocr)"
    try:
        there = subprocess.run(
            ["tesseract", "--list-langs"],  # noqa: S607 - PATH says which, as for jobs
            capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=True,
        ).stdout.split()  # fmt: skip
    except (OSError, subprocess.SubprocessError) as problem:
        return f"tesseract does not say which languages it has: {problem}"
    missing = [language for language in settings.text_languages if language not in there]
    if missing:
        return f"tesseract lacks {', '.join(missing)} of text_languages (Debian: tesseract-ocr-<language>)"
    return None


def _classify(settings: WorkerSettings) -> str | None:
    model = model_of(settings)
    if model is None:
        return "no model is set here; worker_classify_model in the inventory names one"
    if find_spec("onnxruntime") is None:
        return "the Python package onnxruntime is not installed; deploy with worker_classify_model"
    # In a process of its own, within a job's limit of memory: nobody knows what a model does.
    asked = json.dumps({**asdict(model), "memory_limit": settings.job_memory_limit})
    try:
        tried = subprocess.run(
            [sys.executable, "-m", "jobfleet_worker.operations.engines.onnx_classifier"],
            input=asked, capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"the model in {model.path} was not loaded within {_PATIENCE_SECONDS:g} s"
    if tried.returncode:
        words = tried.stderr.strip()[-200:]
        return f"the model in {model.path} ended its process with code {tried.returncode}: {words}"
    return tried.stdout or None


PARTS: Mapping[str, Callable[[WorkerSettings], str | None]] = {"text": _text, "classify": _classify}
