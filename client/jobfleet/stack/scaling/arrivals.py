"""When jobs came to a stack, and how long one took, by its own scaling log."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from jobfleet_scaling.documents.scaling_line import ScalingLine

# Between decisions that lie further apart nobody decided: the fleet was asleep, and its queue was empty.
ASLEEP = timedelta(minutes=2)


@dataclass(frozen=True)
class Arrivals:
    """The times (UTC, in seconds since 1970) at which jobs came between `first` and `last` decision.

    A job took `service_seconds` on average, a host worked on `slots` at once; None where no line tells it.
    """

    times: Sequence[float]
    first: datetime | None
    last: datetime | None
    service_seconds: float | None = None
    slots: float | None = None


def arrivals_of(lines: Sequence[ScalingLine]) -> Arrivals:
    """Return what the decisions among `lines`, by time, tell of arrivals.

    What came between two decisions is what was done meanwhile and what the queue holds more than before. It
    is spread evenly over the time between.
    """
    decided = [line for line in lines if line.event == "decided"]
    if not decided:
        return Arrivals((), None, None)
    times = [at for before, line in _pairs(decided) for at in _between(before, line)]
    return Arrivals(
        times, decided[0].at, decided[-1].at, _mean_of_jobs(decided),
        next((line.slots for line in reversed(decided) if line.slots), None),
    )  # fmt: skip


def _pairs(decided: Sequence[ScalingLine]) -> Iterator[tuple[ScalingLine | None, ScalingLine]]:
    before: ScalingLine | None = None
    for line in decided:
        asleep = before is None or line.at - before.at > ASLEEP
        # What lay there when the log begins came before.
        if not (before is None and asleep and line is decided[0]):
            yield (None if asleep else before), line
        before = line


def _between(before: ScalingLine | None, line: ScalingLine) -> Iterator[float]:
    held = (before.visible or 0) + (before.in_flight or 0) if before else 0
    count = (line.done or 0) + (line.visible or 0) + (line.in_flight or 0) - held
    end = line.at.timestamp()
    length = end - before.at.timestamp() if before else 0.0
    for number in range(count):
        yield end - length * (count - number - 1) / count


def _mean_of_jobs(decided: Sequence[ScalingLine]) -> float | None:
    """Return the mean over jobs; where no job was done, that of the last decision that knows one."""
    told = [(line.done or 0, line.service_seconds) for line in decided if line.service_seconds]
    jobs = sum(done for done, _ in told)
    if jobs:
        return sum(done * seconds for done, seconds in told) / jobs
    return told[-1][1] if told else None
