"""Workloads from files: one job a line, CSV or JSON."""

import random
from collections.abc import Iterable, Iterator, Sequence
from math import ceil, isfinite
from pathlib import Path

from jobfleet_jobs.careful_json import parse
from jobfleet_jobs.credentials.redaction import shown

from jobfleet_scaling.simulate.workloads.streams import SimulatedWorkload, exponential, listed_ticks

# What a job takes if the file does not say so.
USUAL_SECONDS = 5.0


class BadArrivals(ValueError):
    """A file of arrivals has a line that is no job."""


def workload_from(path: Path, service_seconds: float = USUAL_SECONDS) -> SimulatedWorkload:
    """Return the jobs of a file, the first of them at 0.

    A line is `seconds`, or `seconds,service seconds`, or an object of JSON with `at` and perhaps `seconds`.
    Where a job's own time is not said, it is drawn around `service_seconds`. Raises `BadArrivals` with the
    line, and where there is none.
    """
    return workload_of(path.name, list(_read(path)), service_seconds)


def workload_of(
    name: str, jobs: Sequence[tuple[float, float | None]], service_seconds: float = USUAL_SECONDS
) -> SimulatedWorkload:
    """Return jobs as a workload: their times (seconds of any clock) and, if known, how long each takes."""
    if not jobs:
        raise BadArrivals(f"{name} has no job; a line is: seconds[,service seconds]")
    ordered = sorted(jobs, key=lambda one: one[0])
    begin = ordered[0][0]
    drawn = exponential(service_seconds)(random.Random(0), len(ordered))  # noqa: S311 - the same each time
    arrivals = [at - begin for at, _ in ordered]
    services = [other if own is None else own for (_, own), other in zip(ordered, drawn, strict=True)]
    seconds = arrivals[-1] + 1.0
    return SimulatedWorkload(
        name,
        f"{len(jobs):,} jobs from a file",
        seconds,
        _cap(arrivals, services),
        listed_ticks(arrivals, services),
    )


def _cap(arrivals: Sequence[float], services: Sequence[float]) -> int:
    """Return hosts of two slots enough for the busiest minute."""
    minutes: dict[int, float] = {}
    for at, seconds in zip(arrivals, services, strict=True):
        minutes[int(at // 60)] = minutes.get(int(at // 60), 0.0) + seconds
    return max(2, min(10_000, ceil(max(minutes.values()) / 60 / 2 * 1.5)))


def _read(path: Path) -> Iterator[tuple[float, float | None]]:
    with path.open(encoding="utf-8") as lines:
        yield from jobs_in(lines, path.name)


def jobs_in(lines: Iterable[str], name: str) -> Iterator[tuple[float, float | None]]:
    """Give the jobs in lines of text. Raises `BadArrivals`."""
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#") or (number == 1 and text[0].isalpha()):
            continue
        try:
            yield _job(text)
        except (ValueError, KeyError, TypeError) as problem:
            raise BadArrivals(
                f"{name}, line {number}: {shown(text, 60)} is no job; a line is: seconds[,service seconds], "
                'or {"at": seconds, "seconds": service seconds}'
            ) from problem


def _job(text: str) -> tuple[float, float | None]:
    if text.startswith("{"):
        told = parse(text)
        at, seconds = float(told["at"]), told.get("seconds")
    else:
        first, _, second = text.partition(",")
        at, seconds = float(first), second.strip() or None
    found = at, None if seconds is None else float(seconds)
    if not isfinite(at) or (found[1] is not None and not (isfinite(found[1]) and found[1] > 0)):
        raise ValueError(text)
    return found
