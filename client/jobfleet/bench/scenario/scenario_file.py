"""A scenario from a file of YAML or JSON, or by its name."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml
from jobfleet_jobs.near_words import did_you_mean

from jobfleet.bench.scenario.named import NAMED
from jobfleet.bench.scenario.scenario import Phase, Scenario
from jobfleet.errors import BadInput
from jobfleet.human_text import plain

_BYTES_MAX = 65_536
_WHOLE = {"requests", "clients", "warm_up", "rounds"}
_DECIMAL = {"duration", "rate", "pause", "time_limit"}
_OF_PHASE = [field.name for field in fields(Phase)]
_OF_SCENARIO = [field.name for field in fields(Scenario)]


def find_scenario(name: str) -> Scenario:
    """Return the scenario of that name, or the one in the file of that name. Raises `BadInput`."""
    if name in NAMED:
        return NAMED[name]
    try:
        with Path(name).open("rb") as file:
            data = file.read(_BYTES_MAX + 1)
    except (OSError, ValueError) as problem:
        raise BadInput(
            f"no scenario {plain(name, 80)}: give a file, or {', '.join(NAMED)} "
            f"({getattr(problem, 'strerror', None) or problem})"
        ) from problem
    if len(data) > _BYTES_MAX:
        raise BadInput(f"{plain(name, 80)} is larger than {_BYTES_MAX:,} bytes, so it is no scenario")
    return read_scenario(data, plain(name, 80))


def read_scenario(data: bytes, name: str) -> Scenario:
    """Read a scenario; docs/client.md has its fields. Raises `BadInput`, which tells `name` and place."""
    try:
        # ValueError: dates that there are not. RecursionError: brackets within brackets.
        found = yaml.safe_load(data)
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        raise BadInput(f"{name} is neither YAML nor JSON: {plain(problem, 200)}") from problem
    whole = _fields(found, _OF_SCENARIO, name)
    listed = whole.pop("phases", None)
    if not isinstance(listed, list):
        raise BadInput(f"{name}: `phases` must be a list")
    phases = [_phase(one, number, name) for number, one in enumerate(listed, 1)]
    scenario = Scenario(tuple(phases), **whole)
    scenario.check()
    return scenario


def _phase(found: Any, number: int, name: str) -> Phase:
    values = _fields(found, _OF_PHASE, f"{name}, phase {number}")
    called = values.pop("name", None) or f"phase {number}"
    if not isinstance(called, str):
        raise BadInput(f"{name}, phase {number}: `name` must be a text")
    return Phase(plain(called, 40), **values)


def _fields(found: Any, known: list[str], where: str) -> dict[str, Any]:
    if not isinstance(found, Mapping):
        raise BadInput(f"{where}: expected fields such as {', '.join(known[:3])}")
    for field, value in found.items():
        if field not in known:
            raise BadInput(
                f"{where}: no field {plain(field, 40)!r}{did_you_mean(str(field), known)}; there are "
                f"{', '.join(known)}"
            )
        kinds = (int,) if field in _WHOLE else (int, float) if field in _DECIMAL else (object,)
        if isinstance(value, bool) or not isinstance(value, kinds):
            wanted = "a whole number" if field in _WHOLE else "a number"
            raise BadInput(f"{where}: {field} is {plain(value, 40)!r}; it must be {wanted}")
    return dict(found)
