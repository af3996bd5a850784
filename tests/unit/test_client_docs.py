"""What the client says of itself is complete and written down."""

from pathlib import Path

import click
import pytest

from client.cli import cli
from client.errors import EXIT_MEANINGS, Exit
from jobs.catalogue import OPERATIONS

DOCS = (Path(__file__).parents[2] / "docs/client.md").read_text()


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_command_has_help_and_stands_in_the_docs_with_its_options(name: str) -> None:
    command = cli.commands[name]
    assert command.help
    assert f"### `jobfleet {name}" in DOCS
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert parameter.help, parameter.name
            assert all(option in DOCS for option in parameter.opts), parameter.opts


def test_every_operation_has_its_command() -> None:
    assert set(OPERATIONS) <= set(cli.commands)


@pytest.mark.parametrize("code", Exit)
def test_every_exit_code_is_explained_in_the_docs_and_in_the_help(code: Exit) -> None:
    assert f"| {code.value} | {EXIT_MEANINGS[code]} |" in DOCS
    assert EXIT_MEANINGS[code] in (cli.epilog or "")


def test_every_option_of_the_whole_and_every_variable_stands_in_the_docs() -> None:
    for parameter in cli.params:
        assert all(option in DOCS for option in parameter.opts)
    for variable in ("STACK", "REGION", "BUCKET", "VARS", "ENDPOINT_URL", "TRACE"):
        assert f"JOBFLEET_{variable}" in DOCS
