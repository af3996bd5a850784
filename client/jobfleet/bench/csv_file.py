"""All samples as CSV: one line a request."""

import csv
from collections.abc import Sequence
from pathlib import Path

from jobfleet.bench.run import PhaseRun

COLUMNS = ("phase", "target", "round", "due", "sent", "done", "kind", "bytes", "instance")


def write_csv(path: Path, runs: Sequence[PhaseRun]) -> None:
    """Write the samples; `due`, `sent` and `done` are seconds since the phase began. Raises `OSError`."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for run in runs:
            one = run.samples
            for number in range(len(one)):
                times = (f"{column[number] - run.begun:.6f}" for column in (one.due, one.sent, one.done))
                writer.writerow([
                    run.phase.name, _no_formula(run.target), run.round, *times,
                    one.kind_names[one.kinds[number]], one.sizes[number],
                    _no_formula(one.place_names[one.places[number]]),
                ])  # fmt: skip


def _no_formula(text: str) -> str:
    """Keep a spreadsheet from computing what others sent (https://owasp.org/www-community/attacks/CSV_Injection)."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
