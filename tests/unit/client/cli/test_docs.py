"""What the client says of itself is complete and written down."""

import re
import subprocess
import sys

import click
import jobfleet
import pytest
from jobfleet.cli import docs_pages
from jobfleet.cli.main import cli
from jobfleet.errors import EXIT_MEANINGS, Exit
from jobfleet_jobs.operations.catalogue import OPERATIONS

from tests.places import REPOSITORY

DOCS = (REPOSITORY / "docs/client.md").read_text()
WORKER_DOCS = (REPOSITORY / "docs/worker.md").read_text()
TESTS = "".join(path.read_text() for path in sorted((REPOSITORY / "tests/aws/client").rglob("test_*.py")))
COMMANDS = dict(docs_pages.commands())


def test_the_page_has_what_the_commands_help_says_now() -> None:
    assert docs_pages.remade(DOCS) == DOCS, "run `make docs`"


def test_the_workers_page_has_what_the_catalogue_declares_now() -> None:
    assert docs_pages.with_operations(WORKER_DOCS) == WORKER_DOCS, "run `make docs`"
    for operation in OPERATIONS.values():
        assert f"`{operation.name}`" in WORKER_DOCS
    with pytest.raises(ValueError, match="operations"):
        docs_pages.with_operations("a page without the table")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_an_example_and_a_test_through_the_installed_entry_point(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    assert f"jobfleet {name}" in (command.epilog or "").partition("Examples:")[2]
    words = r",\s*".join(f'"{word}"' for word in name.split())
    assert re.search(words, TESTS)
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


@pytest.mark.parametrize("change", [("<!-- help: stats -->", ""), ("help: stats", "help: stat")])
def test_a_page_that_lacks_a_part_is_told(change: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="stat"):
        docs_pages.remade(DOCS.replace(*change))


def test_the_contents_lead_to_every_section_and_to_every_command() -> None:
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
               for title in re.findall(r"^##+ (.+)$", DOCS, re.MULTILINE)}  # fmt: skip
    contents = DOCS.partition("<!-- help: contents -->")[2].partition("<!-- /help -->")[0]
    linked = re.findall(r"\]\(#([\w-]+)\)", contents)
    assert sorted(linked) == sorted(anchors - {"contents"})
    assert {f"jobfleet-{name.replace(' ', '-')}" for name in COMMANDS} <= set(linked)


def rows(part: str) -> set[str]:
    """Return the options in the list of a part of the page."""
    inside = DOCS.partition(f"<!-- help: {part} -->")[2].partition("<!-- /help -->")[0]
    return set(re.findall(r"^- `(-[^`]+)`: ", inside, re.MULTILINE))


def test_options_that_commands_share_are_told_once_and_not_again_for_each_of_them() -> None:
    assert {"--stack NAME", "--timeout SECONDS", "--json"} <= rows("options")
    assert {"-o, --out PATH", "--name TEXT", "--no-download", "--resume"} == rows("image-options")
    for name in COMMANDS:
        assert not rows(name.replace(" ", "-")) & rows("options")
    for operation in OPERATIONS.values():
        if operation.takes == operation.gives == "image":
            assert not rows(operation.name) & rows("image-options")


def test_the_sentences_that_commands_on_images_share_are_told_once() -> None:
    shared = [cli.commands["text"].help, cli.commands["classify"].help, cli.commands["blur"].help]
    common = set.intersection(*(set((words or "").split("\n\n")) for words in shared))
    assert len(common) > 1
    assert {paragraph: DOCS.count(paragraph) for paragraph in common} == dict.fromkeys(common, 1)


def test_submit_leaves_the_parameters_to_the_operations_own_commands() -> None:
    assert rows("submit") == {"--from FILE", "--name TEXT"}
    assert "--level" in {name for option in cli.commands["submit"].params for name in option.opts}


def test_every_operation_has_its_command() -> None:
    assert set(OPERATIONS) <= set(cli.commands)


@pytest.mark.parametrize("code", Exit)
def test_every_exit_code_is_explained_in_the_docs_and_in_the_help(code: Exit) -> None:
    assert f"| {code.value} | {EXIT_MEANINGS[code]} |" in DOCS
    assert EXIT_MEANINGS[code] in (cli.epilog or "")


def test_every_variable_stands_in_the_docs() -> None:
    sources = "".join(path.read_text() for path in sorted((REPOSITORY / "client").rglob("*.py")))
    named = set(re.findall(r"(?<!_)JOBFLEET_[A-Z]+", sources))
    assert {"JOBFLEET_VARS", "JOBFLEET_TRACE"} <= named
    for name in ("STACK", "REGION", "BUCKET", "ENDPOINT_URL", "PROFILE", "TIMEOUT"):
        named.add(f"JOBFLEET_{name}")
    assert {name for name in named if name not in DOCS} == set()


def test_the_command_line_imports_nothing_heavy_before_a_command_runs() -> None:
    program = "import jobfleet.cli.main, sys; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    heavy = {"boto3", "botocore", "rich", "yaml", "prompt_toolkit", "asyncio", "concurrent.futures"}
    assert heavy & set(ran.stdout.split()) == set()


def test_what_the_package_has_is_listed_though_it_is_looked_up_late() -> None:

    assert set(jobfleet.__all__) <= set(dir(jobfleet))


def test_each_command_is_told_in_a_line_that_is_not_cut_off() -> None:
    shown = cli.get_help(click.Context(cli, info_name="jobfleet", terminal_width=80))
    lines = shown.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in lines] == sorted(cli.commands)
    assert [line for line in lines if not line.endswith(".") or line.endswith("...")] == []
