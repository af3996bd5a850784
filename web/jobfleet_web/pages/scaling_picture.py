"""The page of how the fleet scales: its two pictures as paths of SVG, and the same as rows of a table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# A picture is so high, and a part of the time so wide, in units of its own.
HEIGHT, STEP = 100, 10

# So many parts of the time make a row of the table.
PARTS_A_ROW = 5

# What is told of a decision.
DECIDED = ("visible", "in_flight", "wanted", "running", "booting", "leaving")

_NUMBERS = ("backlog", "wanted", "running")


@dataclass(frozen=True)
class ScalingPicture:
    """What is drawn: areas and a line as the attribute `d` of paths, and each picture's greatest number."""

    width: int
    backlog: str
    running: str
    wanted: str
    most_jobs: int
    most_hosts: int


def picture_of(history: Sequence[Mapping[str, Any]]) -> ScalingPicture:
    """Return the pictures of the history that the API tells."""
    backlog, wanted, running = ([part[name] for part in history] for name in _NUMBERS)
    jobs, hosts = _most(backlog), _most([*wanted, *running])
    return ScalingPicture(
        len(history) * STEP, area(backlog, jobs), area(running, hosts), line(wanted, hosts), jobs, hosts
    )


def area(values: Sequence[int | None], most: int) -> str:
    """Return the outline of an area in steps. What is not known is drawn as nothing."""
    steps = (f"V{_y(value or 0, most)}H{(place + 1) * STEP}" for place, value in enumerate(values))
    return f"M0 {HEIGHT}{''.join(steps)}V{HEIGHT}Z"


def line(values: Sequence[int | None], most: int) -> str:
    """Return a line in steps, broken where nothing is known."""
    drawn, broken = [], True
    for place, value in enumerate(values):
        if value is not None:
            begin = f"M{place * STEP} {_y(value, most)}" if broken else f"V{_y(value, most)}"
            drawn.append(f"{begin}H{(place + 1) * STEP}")
        broken = value is None
    return "".join(drawn)


def rows_of(history: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the history in longer parts, the newest first: the greatest numbers of each, `-` for unknown."""
    parts = [history[start : start + PARTS_A_ROW] for start in range(0, len(history), PARTS_A_ROW)]
    return [
        {"at": some[0]["at"], **{name: _told(part[name] for part in some) for name in _NUMBERS}}
        for some in reversed(parts)
    ]


def _told(values: Iterable[int | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{max(known):,}" if known else "-"


def _most(values: Sequence[int | None]) -> int:
    return max((value for value in values if value), default=1)


def _y(value: int, most: int) -> str:
    # As scaling.js writes it, which goes on with what is drawn here.
    return f"{round(HEIGHT - value / most * HEIGHT, 1):g}"
