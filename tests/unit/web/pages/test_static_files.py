"""The parts of the page are whole, ours alone, and reached by their names and nothing else."""

import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from jobfleet_web.pages.routes import TEMPLATES
from jobfleet_web.pages.static_files import FOLDER, read_static_files

from tests.patience import patience
from tests.places import REPOSITORY
from tests.web_bench import Site

Make = Callable[..., Site]

MODULES = sorted(FOLDER.glob("*.js"))

# Ways to have a text read as HTML or as a program.
HARMFUL = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|srcdoc|DOMParser"


def test_a_file_is_sent_once_and_again_when_it_has_changed(site: Make) -> None:
    made = site()
    first = made.get("/static/page.css")
    again = made.get("/static/page.css", headers={"If-None-Match": first.headers["etag"]})
    other = made.get("/static/page.css", headers={"If-None-Match": '"of an earlier version"'})

    assert first.headers["content-type"] == "text/css; charset=utf-8"
    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert (other.status_code, other.content) == (200, first.content)


@pytest.mark.parametrize(
    "path", ["nothing.js", "..%2froutes.py", "%2e%2e/routes.py", "page.css%00.js", "__init__.py", ""]
)
def test_no_path_leads_elsewhere(site: Make, path: str) -> None:
    answer = site().get(f"/static/{path}")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_module_makes_no_html_of_texts_and_imports_what_there_is(module: Path) -> None:
    text = module.read_text()

    assert re.findall(HARMFUL, text) == []
    assert [name for name in re.findall(r'from "\./([^"]+)"', text) if not (FOLDER / name).is_file()] == []
    assert len(text.splitlines()) <= 300
    assert text.startswith("// ")


def test_every_module_is_used() -> None:
    imported = {name for module in MODULES for name in re.findall(r'from "\./([^"]+)"', module.read_text())}

    assert {module.name for module in MODULES} == imported | {"page.js", "scaling.js"}


def test_nothing_is_loaded_from_elsewhere_and_nothing_stands_in_line() -> None:
    # The name space of SVG is a name, and nothing that is fetched.
    space = "http://www.w3.org/2000/svg"
    for path in (*FOLDER.iterdir(), *TEMPLATES.iterdir()):
        text = path.read_text().replace(space, "")
        assert re.findall(r"https?://|@import|url\((?!data:)", text) == [], path.name
        if path.suffix == ".html":
            assert re.findall(r"<style|\sstyle=|\son[a-z]+=|<script(?! type=\"module\" src=)", text) == []


def test_no_template_switches_escaping_off() -> None:
    for path in TEMPLATES.iterdir():
        assert re.findall(r"\|\s*safe|autoescape", path.read_text()) == [], path.name


def test_the_wheel_has_all_of_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, timeout=patience(60))

    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"jobfleet_web/pages/static/{name}" for name in read_static_files()} <= names
    assert {f"jobfleet_web/pages/templates/{path.name}" for path in TEMPLATES.iterdir()} <= names
