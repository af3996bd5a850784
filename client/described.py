"""What `stats` found out, as people read it."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from client.tables import fact_lines, plain_table


def described(facts: Mapping[str, Any]) -> list[str]:
    """Return a line for each fact, with its name; of several columns a table."""
    if "columns" not in facts:
        return fact_lines(dict(_rows(facts)))
    columns = {name: dict(_rows(found)) for name, found in facts["columns"].items()}
    names = dict.fromkeys(name for found in columns.values() for name in found)
    return plain_table(
        ["", *columns], [[name, *(found.get(name, "") for found in columns.values())] for name in names]
    )


def described_in_short(facts: Mapping[str, Any]) -> str:
    """Return all in one line."""
    if "columns" in facts:
        return "  ".join(f"{name}: {described_in_short(found)}" for name, found in facts["columns"].items())
    return "  ".join(f"{name} {value}" for name, value in _rows(facts))


def _rows(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in facts.items():
        if name == "quantiles":
            for number, cut in enumerate(value, 1):
                yield f"{number}/{len(value) + 1}", str(cut)
        elif name == "histogram":
            yield from _bins(value["edges"], value["counts"])
        elif name == "mode":
            yield name, f"{value}{_how_often(facts.get('mode_count', 0), facts.get('modes', 1))}"
        elif name not in ("mode_count", "modes"):
            yield name.replace("_", " "), "-" if value is None else str(value)


def _how_often(times: int, modes: int) -> str:
    such = f", the smallest of {modes:,} such" if modes > 1 else ""
    return f" ({times:,} time{'s' if times != 1 else ''}{such})"


def _bins(edges: list[Any], counts: list[int]) -> Iterator[tuple[str, str]]:
    last = len(counts)
    for number, ((low, high), count) in enumerate(zip(pairwise(edges), counts, strict=True), 1):
        yield f"bin {number}/{last}", f"{count:,} in [{low}, {high}{']' if number == last else ')'}"
