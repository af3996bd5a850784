"""Values of options that several commands have."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from jobfleet.human_text import since

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def as_time(context: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    """Read how long ago, or when; a callback for `click.option`."""
    try:
        return None if value is None else since(value)
    except ValueError as problem:
        raise click.BadParameter(str(problem), context, parameter) from problem


def complete_files(context: click.Context, parameter: click.Parameter, begun: str) -> "list[CompletionItem]":
    """Have the shell complete names of files; a callback for `shell_complete`.

    `click.Path` would do so too, but it judges files in its own words and with its own exit code.
    """
    from click.shell_completion import CompletionItem

    return [CompletionItem(begun, type="file")]


def complete_operations(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Have the shell complete names of operations, as far as they are known without asking a stack."""
    from jobfleet_jobs.operations.catalogue import OPERATIONS

    return [name for name in OPERATIONS if name.startswith(begun)]
