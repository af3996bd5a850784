"""Results of operations as lines for people."""

import json
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from jobfleet.cli.terminal.tables import fact_lines, plain_table
from jobfleet.human_text import many, plain

Facts = Mapping[str, Any]

# As much of a text stands in one line.
_TEXT_SHOWN = 60


def described_plainly(facts: Facts) -> dict[str, str]:
    """Return what an operation of a package found, of which nothing is known, by its own names."""
    return {
        plain(name, 60): plain(
            value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), 2_000
        )
        for name, value in facts.items()
    }


def described(facts: Facts, where: Mapping[str, str] | None = None) -> list[str]:
    """Return a line for each fact, with its name, behind those of `where`; of several columns a table."""
    before = dict(where or {})
    if "confidence" in facts:
        # The text itself, which may be piped on; what else there is of it is told beside it.
        return [*fact_lines(before), *(plain(line) for line in facts["text"].splitlines())]
    if "columns" in facts:
        columns = {name: dict(_rows(found)) for name, found in facts["columns"].items()}
        names = dict.fromkeys(name for found in columns.values() for name in found)
        rows = [[name, *(found.get(name, "") for found in columns.values())] for name in names]
        return [*fact_lines(before), *plain_table(["", *columns], rows)]
    return fact_lines(before | dict(_rows(facts)))


def told_beside(facts: Facts) -> str | None:
    """Return what is not data and people should know all the same."""
    return _reading(facts) if "confidence" in facts else None


def described_in_short(facts: Facts) -> str:
    """Return all in one line."""
    if "confidence" in facts:
        return f"{_reading(facts)}: {plain(' '.join(facts['text'].split()), _TEXT_SHOWN)}"
    if "columns" in facts:
        return "  ".join(f"{name}: {described_in_short(found)}" for name, found in facts["columns"].items())
    if "format" in facts:
        return _size(facts)
    if "channels" in facts:
        return f"luma {_shades(facts['luma'])}"
    if "labels" in facts:
        return ", ".join(f"{name} {score}" for name, score in _rows(facts))
    return "  ".join(f"{name} {value}" for name, value in _rows(facts))


def _rows(facts: Facts) -> Iterator[tuple[str, str]]:
    if "format" in facts:
        yield from _of_image(facts)
    elif "channels" in facts:
        yield from _of_channels(facts)
    elif "labels" in facts:
        yield from ((plain(each["label"]), f"{each['score']:.4f}") for each in facts["labels"])
    else:
        yield from _one_by_one(facts)


def _of_image(facts: Facts) -> Iterator[tuple[str, str]]:
    yield from (("format", facts["format"]), ("size", _size(facts)), ("mode", str(facts.get("mode"))))
    yield from _frames(facts)


def _of_channels(facts: Facts) -> Iterator[tuple[str, str]]:
    yield "size", _size(facts)
    yield from _frames(facts)
    if facts["seen"] != facts["pixels"]:
        yield "seen", f"{facts['seen']:,} of {facts['pixels']:,} pixels"
    if facts["values"] != 256:
        yield "values", f"{facts['values']:,}"
    for name, found in {**facts["channels"], "luma": facts["luma"]}.items():
        yield name, _shades(found)


def _size(facts: Facts) -> str:
    return f"{facts.get('width')} x {facts.get('height')}"


def _reading(facts: Facts) -> str:
    words = many(len(facts["words"]), "word")
    return words if facts["confidence"] is None else f"{words}, confidence {facts['confidence']:.0f} of 100"


def _frames(facts: Facts) -> Iterator[tuple[str, str]]:
    if facts.get("frames", 1) > 1:
        yield "frames", str(facts["frames"])


def _shades(found: Facts) -> str:
    if found["mean"] is None:
        return "-"
    return f"{found['min']} to {found['max']}, mean {found['mean']:.1f}"


def _one_by_one(facts: Facts) -> Iterator[tuple[str, str]]:
    for name, value in facts.items():
        if name == "quantiles":
            for number, cut in enumerate(value, 1):
                yield f"{number}/{len(value) + 1}", str(cut)
        elif name == "histogram":
            yield from _bins(value["edges"], value["counts"])
        elif name == "mode":
            yield name, f"{value}{_how_often(facts.get('mode_count', 0), facts.get('modes', 1))}"
        elif name not in ("mode_count", "modes"):
            yield name.replace("_", " "), "-" if value is None else plain(value)


def _how_often(times: int, modes: int) -> str:
    such = f", the smallest of {modes:,} such" if modes > 1 else ""
    return f" ({times:,} time{'s' if times != 1 else ''}{such})"


def _bins(edges: list[Any], counts: list[int]) -> Iterator[tuple[str, str]]:
    last = len(counts)
    for number, ((low, high), count) in enumerate(zip(pairwise(edges), counts, strict=True), 1):
        yield f"bin {number}/{last}", f"{count:,} in [{low}, {high}{']' if number == last else ')'}"
