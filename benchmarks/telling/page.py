"""Tables in Markdown, and their place between the markers of a page."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

Row = Sequence[str]


def middle(runs: Sequence[Mapping[str, Any]], what: str) -> float:
    """Return the median of one figure of several runs."""
    return float(median(run[what] for run in runs))


def spread(runs: Sequence[Mapping[str, Any]], what: str, digits: int) -> str:
    """Return the median of one figure, and from where to where it goes."""
    values = [run[what] for run in runs]
    return f"{median(values):,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def table(columns: Sequence[str], rows: Sequence[Row]) -> str:
    """Return a table; all columns but the first are numbers."""
    lines = [columns, ["---", *["---:"] * (len(columns) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def not_measured(why_by_name: Mapping[str, str]) -> Iterable[str]:
    """Give a section on what could not be measured, if there is any."""
    if why_by_name:
        lines = "\n".join(f"- {name}: {why}" for name, why in why_by_name.items())
        yield f"### Not measured\n\n{lines}"


def write_page(page: Path, name: str, markdown: str) -> None:
    """Put the tables between the page's markers called `name`. Raises `ValueError` if they are not there."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    text = page.read_text(encoding="utf-8")
    before, begun, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if not begun or not ended:
        raise ValueError(f"{page.name} lacks the markers {begin} and {end}")
    page.write_text(f"{before}{begin}\n\n{markdown}\n\n{end}{after}", encoding="utf-8")
