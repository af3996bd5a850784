"""Bytes to numbers, and what was found out of them to a result."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.numbers.csv_columns import Columns, column_names, file_columns, read_columns
from jobfleet_jobs.numbers.encoding import text_of
from jobfleet_jobs.numbers.file_reader import NumbersFile, check_text
from jobfleet_jobs.numbers.text_reader import read_text
from jobfleet_jobs.numbers.words import Number

from jobfleet_worker.operations.numbers.ordered import Ordered
from jobfleet_worker.operations.numbers.sorted_runs import RUN_NUMBERS, Scratch, Spilled


def on_numbers(
    function: Callable[..., dict[str, Any]], parameters: Mapping[str, Any], data: bytes, limit: int
) -> dict[str, Any]:
    """Do an operation on at most `limit` numbers. Raises `BadJob`.

    With a parameter `columns` the data are CSV, and the result's `columns` has one for each column.
    It has `notes`, a list of sentences, if something should be known of how the numbers were read.
    """
    text, rest = text_of(data), dict(parameters)
    columns = rest.pop("columns", None)
    if columns is not None:
        return _on_columns(function, rest, read_columns(text, column_names(columns)), limit)
    numbers, notes = read_text(text)
    _check_count(len(numbers), limit)
    return _with_notes(function(numbers, **rest), *notes)


def on_stream(
    function: Callable[..., dict[str, Any]],
    parameters: Mapping[str, Any],
    file: BinaryIO,
    folder: Path,
    run_numbers: int = RUN_NUMBERS,
) -> dict[str, Any]:
    """Do an operation on any count of numbers in a file, like `on_numbers`. Raises `BadJob`.

    `function` takes `Ordered` numbers. They lie in `folder` while it works, and at most a few times
    `run_numbers` of them in memory.
    """
    rest = dict(parameters)
    columns = rest.pop("columns", None)
    with Scratch(folder) as scratch:
        if columns is not None:
            check_text(file)
            names = column_names(columns)
            spilled = {name: Spilled(scratch, max(1, run_numbers // len(names))) for name in names}
            notes = file_columns(file, names, lambda name, numbers: spilled[name].add(numbers))
            for numbers in spilled.values():
                numbers.close()
            return _of_columns(function, rest, spilled, notes)
        read, numbers = NumbersFile(file), Spilled(scratch, run_numbers)
        for some in read:
            numbers.add(some)
        numbers.close()
        return _with_notes(function(numbers, **rest), *read.notes)


def _on_columns(
    function: Callable[..., dict[str, Any]], parameters: Mapping[str, Any], columns: Columns, limit: int
) -> dict[str, Any]:
    _check_count(sum(map(len, columns.numbers.values())), limit)
    return _of_columns(function, parameters, columns.numbers, columns.notes)


def _of_columns(
    function: Callable[..., dict[str, Any]],
    parameters: Mapping[str, Any],
    columns: Mapping[str, Sequence[Number] | Ordered],
    said: Sequence[str],
) -> dict[str, Any]:
    notes, results = list(said), dict[str, Any]()
    for name, numbers in columns.items():
        found = function(numbers, **parameters)
        notes += [f"column {shown(name)}: {note}" for note in found.pop("notes", ())]
        results[name] = found
    return _with_notes({"columns": results}, *notes)


def _with_notes(found: dict[str, Any], *notes: str) -> dict[str, Any]:
    said = [*found.get("notes", ()), *notes]
    return found | {"notes": said} if said else found


def _check_count(count: int, limit: int) -> None:
    if count > limit:
        raise BadJob("too-many-numbers", f"there are {count:,} numbers; this worker takes at most {limit:,}")
