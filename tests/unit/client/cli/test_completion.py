"""What may stand where in a command line, as a shell asks for it at each Tab."""

from collections.abc import Iterator

import click
import pytest
from click.shell_completion import ShellComplete
from jobfleet.cli.docs_pages import commands
from jobfleet.cli.main import cli
from jobfleet_jobs.operations.catalogue import OPERATIONS

_FILES = ("FILE", "PATH", "IMAGE")


def places_for_files() -> Iterator[tuple[str, click.Parameter]]:
    """Give each parameter that is called as files are, with the command line that leads to it."""
    for path, command in commands():
        for parameter in command.params:
            if (parameter.metavar or "").strip("[].").startswith(_FILES):
                option = [parameter.opts[0]] if isinstance(parameter, click.Option) else []
                yield " ".join([path, *option]), parameter


@pytest.mark.parametrize("line", [line for line, _ in places_for_files()])
def test_names_of_files_are_completed(line: str) -> None:
    assert choices(line, "pho") == [("file", "pho")]


def test_there_are_such_places() -> None:
    found = {line for line, _ in places_for_files()}
    assert {"greyscale", "greyscale --out", "stats --file", "submit --from", "result --out"} <= found


def test_operations_are_completed_and_then_their_inputs() -> None:
    assert choices("submit", "gr") == [("plain", "greyscale")]
    assert {name for _, name in choices("submit", "")} == set(OPERATIONS)
    assert choices("submit greyscale", "pho") == [("file", "pho")]


def choices(line: str, begun: str) -> list[tuple[str, str]]:
    """What is offered behind `line`, with what has been typed of it: of which kind, and what."""
    completions = ShellComplete(cli, {}, "jobfleet", "_X").get_completions(line.split(), begun)
    return [(each.type, each.value) for each in completions]
