"""Jobs written in a file, a JSON object a line."""

import json
from collections.abc import Iterable
from typing import Any

from jobfleet_jobs.careful_json import parse

from jobfleet.errors import BadInput
from jobfleet.files.paths import at_home
from jobfleet.sending.prepare import Prepared, Source, prepare

FIELDS = frozenset({"operation", "numbers", "file", "parameters", "name"})

# As many bad lines are told.
_SHOWN = 20


def read_jobs(lines: Iterable[str], where: str) -> list[Prepared]:
    """Check every line before anything is sent. Raises `BadInput` that names the bad ones."""
    jobs, bad = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            jobs.append(_job(line))
        except BadInput as problem:
            bad.append(f"{where}: line {number}: {problem}")
    if bad:
        more = [f"… and {len(bad) - _SHOWN:,} more"] if len(bad) > _SHOWN else []
        raise BadInput("\n".join(["nothing was sent:", *bad[:_SHOWN], *more]))
    if not jobs:
        raise BadInput(f"{where}: there are no jobs in it")
    return jobs


def _job(line: str) -> Prepared:
    try:
        given = parse(line)
    except ValueError as problem:
        raise BadInput(f"this is no JSON: {problem}") from problem
    if not isinstance(given, dict):
        raise BadInput('give an object such as {"operation": "stats", "numbers": [1, 2, 3]}')
    unknown = sorted(set(given) - FIELDS)
    if unknown:
        raise BadInput(f"there is no field {unknown[0]!r}; there are {', '.join(sorted(FIELDS))}")
    operation, parameters, name = (given.get(field) for field in ("operation", "parameters", "name"))
    if not isinstance(operation, str):
        raise BadInput("'operation' is missing, or no text")
    if parameters is not None and not isinstance(parameters, dict):
        raise BadInput("'parameters' must be an object")
    if name is not None and not isinstance(name, str):
        raise BadInput("'name' must be a text")
    return prepare(operation, _source(given), parameters=parameters, name=name)


def _source(given: dict[str, Any]) -> Source:
    if ("numbers" in given) == ("file" in given):
        raise BadInput("give either 'numbers' or 'file'")
    if "numbers" in given:
        numbers = given["numbers"]
        if isinstance(numbers, str):
            return numbers
        if not isinstance(numbers, list):
            raise BadInput("'numbers' must be a list of numbers, or a text of them")
        for number in numbers:
            if type(number) not in (int, float):
                raise BadInput(f"'numbers' has {json.dumps(number):.40}, which is no number")
        return numbers
    if not isinstance(given["file"], str):
        raise BadInput("'file' must be a text")
    return at_home(given["file"])
