"""What reading and describing numbers costs in CPU, beside plain Python that checks nothing.

.venv/bin/python -m benchmarks.single.reading

Either side in turns in one process; the ratio says how often the plain way fits into jobfleet's.
"""

import csv
import io
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

from jobfleet_jobs.numbers.csv_columns import read_columns
from jobfleet_jobs.numbers.text_reader import parse_numbers
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.run import run

NUMBERS, ROWS, ROUNDS = 1_000_000, 500_000, 5


class Case(NamedTuple):
    """What is measured: by jobfleet, and by plain Python; both return the same."""

    name: str
    ours: Callable[[], object]
    plain: Callable[[], object]


def described(numbers: Sequence[float]) -> dict[str, float]:
    """Return what `stats` says of numbers."""
    return {
        "count": len(numbers),
        "mean": statistics.fmean(numbers),
        "min": min(numbers),
        "max": max(numbers),
        "median": statistics.median(numbers),
    }


def cases() -> list[Case]:
    """Return what is measured."""
    lines = "\n".join(f"{number * 0.37:.4f}" for number in range(NUMBERS))
    data = " ".join(f"{number % 1000 * 1.37:.3f}" for number in range(NUMBERS)).encode()
    table = "n,x,word\n" + "".join(f"{n},{n * 0.37:.4f},w\n" for n in range(ROWS))
    limits = Limits(1, NUMBERS)
    return [
        Case(
            f"{NUMBERS:,} numbers read",
            lambda: parse_numbers(lines),
            lambda: [float(word) for word in lines.split()],
        ),
        Case(
            f"{NUMBERS:,} numbers read and described",
            lambda: dict(run(OPERATIONS["stats"], {}, data, None, limits).result),
            lambda: described([float(word) for word in data.split()]),
        ),
        Case(
            f"a column of {ROWS:,} rows read",
            lambda: read_columns(table, ["x"]).numbers["x"],
            lambda: [float(row["x"]) for row in csv.DictReader(io.StringIO(table))],
        ),
    ]


def cpu_seconds(call: Callable[[], object]) -> float:
    """Return the CPU seconds of this process that a call takes."""
    start = time.process_time()
    call()
    return time.process_time() - start


def main() -> None:
    """See that both ways agree, which warms up too; measure in turns; print the medians."""
    sys.stdout.write("| what | jobfleet, CPU s | plain Python, CPU s | ratio |\n")
    sys.stdout.write("| --- | ---: | ---: | ---: |\n")
    for case in cases():
        if case.ours() != case.plain():
            raise SystemExit(f"{case.name}: not the same either way")
        figures = [(cpu_seconds(case.ours), cpu_seconds(case.plain)) for _ in range(ROUNDS)]
        ours, plain = (median(column) for column in zip(*figures, strict=True))
        sys.stdout.write(f"| {case.name} | {ours:.2f} | {plain:.2f} | {ours / plain:.1f} |\n")


if __name__ == "__main__":
    main()
