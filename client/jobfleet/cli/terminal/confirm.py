"""The question before something is gone for good."""

import sys
from collections.abc import Sequence

import click

from jobfleet.errors import FleetError
from jobfleet.human_text import plain_lines


class Declined(FleetError):
    """The person said no."""


def agreed(told: Sequence[str], question: str, *, yes: bool, else_: str) -> None:
    """Return if the person agrees, or has done so with --yes; what is told and asked goes to stderr.

    Raises `Declined` with `else_`, and `click.UsageError` where there is no terminal to ask on.
    """
    if yes:
        return
    for line in told:
        sys.stderr.write(plain_lines(line) + "\n")
    if not sys.stdin.isatty():
        raise click.UsageError(
            f"{question} There is no terminal to answer on, so {else_}: give --yes to agree beforehand."
        )
    if not click.confirm(question, err=True):
        raise Declined(else_)
