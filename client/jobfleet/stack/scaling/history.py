"""What a scaling log tells of the last hours, in so many parts of equal length: for a plot, or a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from jobfleet_scaling.documents.scaling_line import ScalingLine


@dataclass(frozen=True)
class HistoryPart:
    """A part of the time, from `at` (UTC) on: the most jobs in the queue, and hosts wanted and at work then.

    All are None where nobody decided: the fleet was asleep, or there was none.
    """

    at: datetime
    backlog: int | None = None
    wanted: int | None = None
    running: int | None = None


def history(lines: Sequence[ScalingLine], start: datetime, end: datetime, count: int) -> list[HistoryPart]:
    """Return the time between two times (UTC) in `count` parts. A part has the greatest numbers in it."""
    length = (end - start) / count
    held: list[list[ScalingLine]] = [[] for _ in range(count)]
    for line in lines:
        place = (line.at - start) // length
        if line.event == "decided" and 0 <= place < count:
            held[place].append(line)
    return [_part(start + number * length, some) for number, some in enumerate(held)]


def _part(at: datetime, lines: Sequence[ScalingLine]) -> HistoryPart:
    def most(values: Sequence[int | None]) -> int | None:
        return max((value for value in values if value is not None), default=None)

    return HistoryPart(
        at,
        most([(line.visible or 0) + (line.in_flight or 0) for line in lines]),
        most([line.wanted for line in lines]),
        most([line.running for line in lines]),
    )
