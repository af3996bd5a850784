"""What several commands do with their options."""

from datetime import datetime

import click

from client.words import since


def as_time(context: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    """Read how long ago, or when; a callback for `click.option`."""
    try:
        return None if value is None else since(value)
    except ValueError as problem:
        raise click.BadParameter(str(problem), context, parameter) from problem
