"""Every code by which a job is refused is explained in docs/refusals.md, and has a way out on the page."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from jobfleet_web.work.jobs.job_views import MENDS

from tests.places import REPOSITORY

PACKAGES = ("jobs/jobfleet_jobs", "worker/jobfleet_worker", "client/jobfleet", "web/jobfleet_web", "scaling")
SOURCES = sorted(path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py"))
CLASSES = {"BadJob", "JobError"}
# Codes from somewhere else: another `BadJob`, a stored result, a process, a package's operation.
HANDED_ON = {
    "problem.code",
    "error.words('code')",
    "*done.bad",
    "cut(str(problem.code), CODE_MAX_CHARACTERS)",
}
PAGE = (REPOSITORY / "docs" / "refusals.md").read_text()


def said() -> Iterator[tuple[str, str]]:
    """Give each code in the sources, or what stands in its place, with where that is."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and called(node.func) in CLASSES:
                for code in choices(node.args[0]):
                    yield code, f"{path.relative_to(REPOSITORY)}:{node.lineno}"


def called(function: ast.expr) -> str | None:
    return getattr(function, "id", None) or getattr(function, "attr", None)


def choices(code: ast.expr) -> Iterator[str]:
    if isinstance(code, ast.IfExp):
        yield from (*choices(code.body), *choices(code.orelse))
    else:
        yield str(code.value) if isinstance(code, ast.Constant) else ast.unparse(code)


SAID = dict(said())
CODES = SAID.keys() - HANDED_ON
EXPLAINED = re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE)


def test_each_code_is_a_word_that_stands_in_the_source() -> None:
    """A code that is put together there would be in no list."""
    assert len(CODES) > 20
    assert [f"{SAID[code]}: {code}" for code in CODES if not re.fullmatch("[a-z]+(-[a-z]+)*", code)] == []
    assert SAID.keys() >= HANDED_ON


def test_classes_are_called_by_no_other_name() -> None:
    """Else a code could be hidden from this test."""
    for path in SOURCES:
        text = path.read_text()
        assert not re.search(r"import .*\b(?:BadJob|JobError) as |partial\((?:BadJob|JobError)", text), path


def test_the_page_explains_each_code_and_no_other() -> None:
    assert sorted(set(EXPLAINED)) == EXPLAINED, "in the order of the alphabet, each once"
    assert CODES - set(EXPLAINED) == set(), "add them to docs/refusals.md"
    assert set(EXPLAINED) - CODES == set(), "nothing refuses a job by these codes"


def test_the_page_says_what_each_means_and_what_to_do() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    assert all(len(cell.split()) > 1 for row in rows for cell in row.split(" | ")[1:])


def test_each_code_has_its_way_out_beside_a_failed_job() -> None:
    assert set(MENDS) == CODES


def test_settings_and_pages_that_are_named_are_there() -> None:
    for page in set(re.findall(r"\]\(([a-z-]+\.md)\)", PAGE)):
        assert (Path(REPOSITORY) / "docs" / page).is_file()
    for setting in re.findall(r"`(worker_\w+)`", PAGE):
        assert setting in (REPOSITORY / "roles" / "worker" / "defaults" / "main.yml").read_text()
