"""docs/architecture.md says what is there, and the rooms are as large as a person can take in."""

import ast
import re
from pathlib import Path

import pytest

from tests.places import REPOSITORY

PAGE = (REPOSITORY / "docs/architecture.md").read_text()
PACKAGES = (
    "client/jobfleet", "jobs/jobfleet_jobs", "localcloud", "plugins/module_utils", "scaling/jobfleet_scaling",
    "web/jobfleet_web", "worker/jobfleet_worker",
)  # fmt: skip
ROOMS = sorted(
    str(path.parent.relative_to(REPOSITORY))
    for package in PACKAGES
    for path in (REPOSITORY / package).rglob("__init__.py")
)
# They are on no floor, as nothing of the product imports them.
BENCHMARKS = sorted(
    str(path.parent.relative_to(REPOSITORY)) for path in REPOSITORY.glob("benchmarks/*/__init__.py")
)
MODULES = sorted(path for room in ROOMS for path in (REPOSITORY / room).glob("*.py"))


def section(title: str) -> str:
    """Return a section of the page."""
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def named(pattern: str, text: str) -> list[str]:
    """Return what a text names in such a form, each once."""
    return sorted(set(re.findall(pattern, text)))


def test_every_room_has_its_line_and_no_other_has() -> None:
    assert sorted(re.findall(r"^\| `([\w/]+)` \|", section("Rooms"), re.MULTILINE)) == ROOMS


@pytest.mark.parametrize(
    "path",
    sorted(set(re.findall(r"`((?:client|docs|jobs|localcloud|plugins|roles|web|worker)/[\w./]+)`", PAGE))),
)
def test_every_path_that_it_names_is_there(path: str) -> None:
    assert (REPOSITORY / path).exists()


@pytest.mark.parametrize(
    "short", sorted(set(re.findall(r"`([a-z_]+/[a-z_]+\.py)`", section("The route of a job"))))
)
def test_every_module_on_the_route_is_there(short: str) -> None:
    assert any((REPOSITORY / package / short).is_file() for package in PACKAGES)


TOPS = (
    "benchmarks|client|docs|examples|inventory|jobs|localcloud|playbooks|plugins|roles|scripts|tests|web"
    "|worker"
)
TEXTS = sorted(
    path
    for pattern in ("README.md", "docs/*.md", "roles/*/README.md", "plugins/README.md", "tests/README.md")
    for path in REPOSITORY.glob(pattern)
)


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_paths_that_docs_name_are_there(text: Path) -> None:
    paths = named(rf"`((?:{TOPS})/[\w./-]+\.\w+)`", text.read_text())
    assert [path for path in paths if not (REPOSITORY / path).exists()] == []


def test_the_glossary_is_short_and_has_each_word_once() -> None:
    words = re.findall(r"^\| ([^|]+?) \|", section("Words"), re.MULTILINE)[2:]
    assert len(words) == len(set(words)) <= 25


def test_only_rooms_lie_in_the_benchmarks() -> None:
    assert {path.name for path in (REPOSITORY / "benchmarks").glob("*.py")} == {"__init__.py"}


@pytest.mark.parametrize("room", [*ROOMS, *BENCHMARKS])
def test_a_room_has_three_to_eleven_files_and_says_its_theme(room: str) -> None:
    files = list((REPOSITORY / room).glob("*.py"))
    assert 3 <= len(files) <= 11
    assert ast.get_docstring(ast.parse((REPOSITORY / room / "__init__.py").read_text()))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_a_module_is_one_that_a_person_can_hold(module: Path) -> None:
    assert len(module.read_text().splitlines()) <= 300


def test_no_two_classes_that_others_may_use_have_one_name() -> None:
    # Programs that never meet: each has its own exit codes and settings, and what it calls its work.
    allowed = {"Exit", "BadSettings", "Work"}
    places: dict[str, list[str]] = {}
    for module in MODULES:
        for node in ast.parse(module.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(str(module.relative_to(REPOSITORY)))
    assert {name: where for name, where in places.items() if len(where) > 1 and name not in allowed} == {}


def test_no_constructor_takes_more_than_five_parameters() -> None:
    found = []
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                given = len(node.args.args) - 1 + len(node.args.kwonlyargs)
                found += [f"{module.name}:{node.lineno}"] if given > 5 else []
    assert found == []
