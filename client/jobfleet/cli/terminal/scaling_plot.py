"""Backlog, wanted and running hosts over some hours, in block characters, or in ASCII where those lack.

There is no library for it: those that draw in terminals bring compiled code for some systems, or more than
these two pictures need.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from jobfleet.stack.scaling.history import HistoryPart

BLOCKS, ASCII = " ▁▂▃▄▅▆▇█", " ...:::##"
WANTED, WANTED_ASCII = "─", "-"
ZERO, ZERO_ASCII = "·", "_"
ROWS = 5
WIDTH_MIN, WIDTH_MAX = 20, 160
_LABEL = 7


def can_draw(encoding: str | None) -> bool:
    """Tell whether an output of that encoding takes block characters."""
    try:
        (BLOCKS + WANTED + ZERO).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def columns(width: int) -> int:
    """Return how many parts of the time are shown on a terminal of that width."""
    return max(WIDTH_MIN, min(WIDTH_MAX, width - _LABEL - 1))


def plot(parts: Sequence[HistoryPart], *, blocks: bool, time: Callable[[datetime], str]) -> list[str]:
    """Return the lines of both pictures; `time` says a time shortly."""
    marks, line, zero = (BLOCKS, WANTED, ZERO) if blocks else (ASCII, WANTED_ASCII, ZERO_ASCII)
    full = marks[-1]
    backlog = [part.backlog for part in parts]
    running, wanted = [part.running for part in parts], [part.wanted for part in parts]
    hosts = max((value for value in (*running, *wanted) if value), default=0)
    jobs = max((value for value in backlog if value), default=0)
    return [
        "jobs waiting and in work",
        *_with_zeros(_picture(backlog, jobs, marks), backlog, zero),
        f"hosts: {full} running, {line} wanted; {zero} none",
        *_with_zeros(_picture(running, hosts, marks, wanted, line), running, zero),
        _axis(parts, time),
    ]


def _picture(
    values: Sequence[int | None], most: int, marks: str, others: Sequence[int | None] = (), other: str = ""
) -> list[str]:
    rows = min(ROWS, max(1, most)) if others else ROWS
    lines = []
    for row in reversed(range(rows)):
        label = f"{most:,}" if row == rows - 1 else "0" if row == 0 else ""
        cells = [_cell(value, most, rows, row, marks) for value in values]
        for place, value in enumerate(others):
            if value and cells[place] == " " and _row_of(value, most, rows) == row:
                cells[place] = other
        lines.append(f"{label:>{_LABEL - 1}} {''.join(cells)}".rstrip())
    return lines


def _with_zeros(lines: list[str], values: Sequence[int | None], zero: str) -> list[str]:
    """Mark in the lowest row where there was nothing; it stays empty where nobody decided."""
    row = lines[-1].ljust(_LABEL + len(values))
    cells = [
        zero if value == 0 and cell == " " else cell for value, cell in zip(values, row[_LABEL:], strict=True)
    ]
    return [*lines[:-1], (row[:_LABEL] + "".join(cells)).rstrip()]


def _cell(value: int | None, most: int, rows: int, row: int, marks: str) -> str:
    if not value or not most:
        return " "
    steps = len(marks) - 1
    height = max(1, round(value / most * rows * steps))
    return marks[max(0, min(steps, height - row * steps))]


def _row_of(value: int, most: int, rows: int) -> int:
    return max(0, min(rows - 1, -(-value * rows // most) - 1))


def _axis(parts: Sequence[HistoryPart], time: Callable[[datetime], str]) -> str:
    first, last = time(parts[0].at), "now"
    return " " * _LABEL + first + last.rjust(len(parts) - len(first))
