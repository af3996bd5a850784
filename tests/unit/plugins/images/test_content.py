"""An image's hash: the same for what is the same, whatever machine asks, and another for whatever differs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.plugins.actions import action

action("in_process")  # from then on plugins/module_utils can be imported from

from ansible.module_utils.images.content import content_hash, image_hash  # noqa: E402

FILES = {
    "roles/worker/tasks/main.yml": "- name: Ensure",
    "roles/worker/templates/unit.j2": "[Service]",
    "roles/worker/README.md": "# worker",
    "roles/worker/meta/argument_specs.yml": "main:",
    "roles/image/tasks/bake.yml": "- name: Bake",
    "roles/image/tasks/finish.yml": "- name: Finish",
    "roles/image/files/clean": "rm",
}
UNIMPORTANT = {
    "roles/worker/README.md",
    "roles/worker/meta/argument_specs.yml",
    "roles/image/tasks/finish.yml",
}
SOURCES = ("roles/worker", "roles/image/tasks/bake.yml", "roles/image/files")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two roles."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def read(source: str) -> bytes:
    return Path(source).read_bytes()


def hash_of(project: Path, content: Any = None, of: Callable[[str], bytes] = read) -> str:
    return content_hash(content or {}, [project / one for one in SOURCES], project, of)


@pytest.mark.parametrize("name", sorted(set(FILES) - UNIMPORTANT))
def test_each_file_that_does_something_on_a_host_counts(project: Path, name: str) -> None:
    before = hash_of(project)
    (project / name).write_text("something else")

    assert hash_of(project) != before


@pytest.mark.parametrize("name", sorted(UNIMPORTANT))
def test_what_changes_no_host_does_not(project: Path, name: str) -> None:
    before = hash_of(project)
    (project / name).write_text("something else")

    assert hash_of(project) == before


def test_a_new_file_of_a_role_counts(project: Path) -> None:
    before = hash_of(project)
    (project / "roles/worker/tasks/more.yml").write_text("- name: More")

    assert hash_of(project) != before


def test_two_machines_agree(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    for name, text in FILES.items():
        (other / name).parent.mkdir(parents=True, exist_ok=True)
        (other / name).write_text(text)
    one, two = (
        {"paths": [{"path": "/opt/c", "src": str(at / "roles/image/files/clean")}]} for at in (project, other)
    )

    assert hash_of(project, one) == hash_of(other, two)


def test_a_file_counts_by_its_bytes_and_a_wheel_by_its_name(project: Path) -> None:
    model, wheel = project / "model.onnx", project / "jobfleet-1.0.0+abc-py3-none-any.whl"
    content = {"paths": [{"path": "/m", "src": str(model)}, {"path": f"/w/{wheel.name}", "src": str(wheel)}]}
    model.write_bytes(b"one")
    wheel.write_bytes(b"made by one tool")
    before = hash_of(project, content)

    wheel.write_bytes(b"made by another")
    assert hash_of(project, content) == before
    model.write_bytes(b"two")
    assert hash_of(project, content) != before
    content["paths"][1]["path"] = "/w/jobfleet-1.0.0+def-py3-none-any.whl"
    model.write_bytes(b"one")
    assert hash_of(project, content) != before


@pytest.mark.parametrize("other", [{"packages": ["tesseract-ocr"]}, {"packages": [], "results": ["x"]}, {}])
def test_what_is_rendered_counts(project: Path, other: dict[str, Any]) -> None:
    assert hash_of(project, {"packages": []}) != hash_of(project, {"other": 1, **other})


def test_the_order_of_names_does_not_count(project: Path) -> None:
    assert hash_of(project, {"a": 1, "b": 2}) == hash_of(project, {"b": 2, "a": 1})


def test_another_debian_is_another_image_of_the_same_content() -> None:
    assert image_hash("content", "ami-1") != image_hash("content", "ami-2")
    assert len(image_hash("content", "ami-1")) == 12
