"""The roles keep their shape, and their specs, defaults and READMEs say the same."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.places import REPOSITORY

ROLES = sorted(path for path in (REPOSITORY / "roles").iterdir() if path.is_dir())


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def options_of(role: Path, entry: str = "main") -> dict[str, Any]:
    options: dict[str, Any] = load(role / "meta/argument_specs.yml")["argument_specs"][entry]["options"]
    return options


@pytest.fixture(params=ROLES, ids=lambda role: role.name)
def role(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_every_role_has_the_same_files(role: Path) -> None:
    wanted = ["README.md", "defaults/main.yml", "meta/argument_specs.yml", "tasks/main.yml"]

    assert [name for name in wanted if not (role / name).is_file()] == []


def test_specs_and_defaults_agree_values_included(role: Path) -> None:
    options = options_of(role)
    defaults = load(role / "defaults/main.yml") or {}

    assert {name: option["default"] for name, option in options.items() if "default" in option} == defaults
    assert [name for name, option in options.items() if option.get("required") and "default" in option] == []


def test_every_public_variable_carries_the_role_s_name(role: Path) -> None:
    assert [name for name in options_of(role) if not name.startswith(f"{role.name}_")] == []


def test_the_readme_lists_every_variable_with_its_default(role: Path) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", (role / "README.md").read_text(), re.MULTILINE))
    # Some values cannot stand in a table of plain words.
    told = {
        **dict.fromkeys(
            ("worker_endpoint_url", "web_endpoint_url", "scaler_endpoint_url"),
            "`AWS_ENDPOINT_URL` of the controller",
        ),
        "web_max_input_bytes": "what the workers take",
        "web_memory_limit": "`web_memory_bytes` and 256 MiB",
    }

    for name, option in options_of(role).items():
        shown = told.get(name) or as_shown(option)
        assert rows.pop(name, None) in (shown, f"`{shown}`"), name
    assert rows == {}


def as_shown(option: dict[str, Any]) -> str:
    if option.get("required"):
        return "(required)"
    value = option["default"]
    if isinstance(value, list):
        return f"[{', '.join(str(item) for item in value)}]"
    return '""' if value == "" else str(value)


def test_task_files_fit_a_screen_or_two(role: Path) -> None:
    long = {
        str(path.relative_to(role)): lines
        for path in role.glob("tasks/*.yml")
        if (lines := len(path.read_text().splitlines())) > 90
    }

    assert long == {}
