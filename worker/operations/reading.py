"""Bytes to numbers, and what was found out of them to a result."""

from collections.abc import Callable, Mapping
from typing import Any

from jobs.columns import Columns, column_names, read_columns
from jobs.errors import BadJob
from jobs.numbers import comma_note, parse_numbers


def on_numbers(
    function: Callable[..., dict[str, Any]], parameters: Mapping[str, Any], data: bytes, limit: int
) -> dict[str, Any]:
    """Do an operation on at most `limit` numbers. Raises `BadJob`.

    With a parameter `columns` the data are CSV, and the result's `columns` has one for each column.
    It has `notes`, a list of sentences, if something should be known of how the numbers were read.
    """
    text, rest = _text(data), dict(parameters)
    columns = rest.pop("columns", None)
    if columns is not None:
        return _on_columns(function, rest, read_columns(text, column_names(columns)), limit)
    numbers = parse_numbers(text)
    _check_count(len(numbers), limit)
    return _with_notes(function(numbers, **rest), comma_note(text))


def _on_columns(
    function: Callable[..., dict[str, Any]], parameters: Mapping[str, Any], columns: Columns, limit: int
) -> dict[str, Any]:
    _check_count(sum(map(len, columns.numbers.values())), limit)
    notes, results = list(columns.notes), dict[str, Any]()
    for name, numbers in columns.numbers.items():
        found = function(numbers, **parameters)
        notes += [f"column {name!r:.80}: {note}" for note in found.pop("notes", ())]
        results[name] = found
    return _with_notes({"columns": results}, *notes)


def _with_notes(found: dict[str, Any], *notes: str | None) -> dict[str, Any]:
    said = [*found.get("notes", ()), *filter(None, notes)]
    return found | {"notes": said} if said else found


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise BadJob(
            "not-text", f"the numbers are no UTF-8 text: {problem.reason} at byte {problem.start}"
        ) from problem


def _check_count(count: int, limit: int) -> None:
    if count > limit:
        raise BadJob("too-many-numbers", f"there are {count:,} numbers; this worker takes at most {limit:,}")
