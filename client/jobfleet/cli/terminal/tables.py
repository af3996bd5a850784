"""Tables on stdout: in columns by white space, and with some colour on a terminal."""

import sys
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

_COLOURS = {
    "alive": "green", "succeeded": "green", "done": "green",
    "late": "red", "paused": "red", "failed": "red", "failing": "yellow", "stopped": "dim",
    "unanswered": "yellow",
}  # fmt: skip


def show_table(headers: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[str] = ()) -> None:
    """Write a table; the columns named in `numbers` stand to the right."""
    if sys.stdout.isatty():
        from rich.console import Console

        Console(soft_wrap=False).print(rich_table(headers, rows, numbers))
    else:
        sys.stdout.write("\n".join([*plain_table(headers, rows, numbers), ""]))


def plain_table(
    headers: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[str] = ()
) -> list[str]:
    """Return the lines of a table."""
    widths = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]
    return [
        "  ".join(
            f"{cell:>{width}}" if header in numbers else f"{cell:<{width}}"
            for header, cell, width in zip(headers, row, widths, strict=True)
        ).rstrip()
        for row in (headers, *rows)
    ]


def rich_table(
    headers: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[str] = ()
) -> "Table":
    """Return a table for a terminal."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for header in headers:
        table.add_column(header, justify="right" if header in numbers else "left", overflow="fold")
    for row in rows:
        # Text, not markup: what stands in a cell came from others.
        table.add_row(*(Text(cell, _COLOURS.get(cell.partition(" ")[0].rstrip(":"), "")) for cell in row))
    return table


def show_facts(facts: Mapping[str, Any]) -> None:
    """Write names and values, one pair a line."""
    sys.stdout.write("\n".join([*fact_lines(facts), ""]))


def fact_lines(facts: Mapping[str, Any]) -> list[str]:
    """Return names and values, one pair a line."""
    width = max(map(len, facts), default=0)
    return [f"{name:<{width}}  {value}" for name, value in facts.items()]
