"""The optional parts of a worker on a real host: text and recognition, under the service's own sandbox."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.models import means
from tests.playbooks.conftest import Stack


@pytest.fixture
def parts(tmp_path: Path) -> dict[str, Any]:
    """The variables that switch both parts on."""
    model = means(tmp_path)
    return {
        "worker_text": True,
        "worker_classify_model": model.path,
        "worker_classify_sha256": model.sha256,
        "worker_classify_labels": model.labels,
        "worker_classify_input": {"crop": 1, "mean": 0, "std": 1, "softmax": False},
    }


def test_text_and_recognition_are_installed_once_work_and_go_again(
    stack: Stack, tmp_path: Path, parts: dict[str, Any]
) -> None:
    page = Image.new("L", (400, 120), 255)
    ImageDraw.Draw(page).text((30, 30), "Hello world", fill=0, font=ImageFont.load_default(44))
    page.save(tmp_path / "page.png")
    Image.new("RGB", (40, 20), (51, 204, 102)).save(tmp_path / "green.png")

    first = stack.deploy("--tags", "worker", **parts)
    assert {
        "Ensure Tesseract and its languages are installed",
        "Ensure what calls Tesseract is installed",
        "Ensure the model and its labels are on the host",
        "Ensure what runs models is installed",
        "Restart the worker",
    } <= set(first.changed)
    assert stack.deploy("--tags", "worker", **parts).changes == 0

    read = stack.jobfleet("--json", "--timeout", "120", "text", str(tmp_path / "page.png"), seconds=150)
    assert read.returncode == 0, read.stderr
    assert json.loads(read.stdout)["result"]["text"] == "Hello world"
    seen = stack.jobfleet("--json", "--timeout", "120", "classify", str(tmp_path / "green.png"), seconds=150)
    assert seen.returncode == 0, seen.stderr
    assert json.loads(seen.stdout)["result"]["labels"][0]["label"] == "green"

    other = hashlib.sha256(b"another model").hexdigest()
    stack.deploy("--tags", "worker", **{**parts, "worker_classify_sha256": other})
    refused = stack.jobfleet("--timeout", "60", "classify", str(tmp_path / "green.png"), seconds=90)
    assert refused.returncode != 0
    assert "checksum" in refused.stderr
    again = stack.jobfleet("--json", "--timeout", "120", "text", str(tmp_path / "page.png"), seconds=150)
    assert again.returncode == 0, again.stderr

    assert "Restart the worker" in stack.deploy("--tags", "worker").changed
    without = stack.jobfleet("text", str(tmp_path / "page.png"))
    assert without.returncode != 0
    assert "text" in without.stderr
