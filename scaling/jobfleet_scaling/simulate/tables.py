"""What came out, as text and as JSON."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from jobfleet_scaling.simulate.compare import SimulationOutcome, dominated_by
from jobfleet_scaling.simulate.contestants.roster import CLAIRVOYANT, SHIPPED

COLUMNS = ("policy", "host hours", "money", "p50 s", "p95 s", "p99 s", "killed", "launches", "peak", "left")


def rows(outcomes: Iterable[SimulationOutcome]) -> list[list[str]]:
    """Return the lines of a table, with the columns of `COLUMNS`."""
    return [
        [
            one.policy, f"{one.hours:,.1f}", f"{one.cost:,.2f}", f"{one.p50:,.1f}", f"{one.p95:,.1f}",
            f"{one.p99:,.1f}", f"{one.kills:,}", f"{one.launches:,}", f"{one.peak:,}", f"{one.left:,}",
        ]
        for one in outcomes
    ]  # fmt: skip


def text_of(title: str, outcomes: Sequence[SimulationOutcome]) -> str:
    """Return one workload's table for a terminal, and what the shipped policy's place in it is."""
    lines = [list(COLUMNS), *rows(outcomes)]
    widths = [max(len(line[number]) for line in lines) for number in range(len(COLUMNS))]
    table = [
        "  ".join(
            cell.ljust(width) if not number else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return "\n".join([title, *table, *verdict(outcomes)])


def verdict(outcomes: Sequence[SimulationOutcome]) -> list[str]:
    """Say how the shipped policy stands to the clairvoyant bound and to the others."""
    shipped = next((one for one in outcomes if one.policy == SHIPPED), None)
    if shipped is None:
        return []
    said = []
    bound = next((one for one in outcomes if one.policy == CLAIRVOYANT), None)
    if bound and bound.cost:
        said.append(f"shipped costs {shipped.cost / bound.cost:.2f} times the clairvoyant bound at its p95")
    if len(outcomes) > 2:
        better = dominated_by(shipped, outcomes)
        said.append(
            f"cheaper and faster than shipped: {', '.join(better)}"
            if better
            else "no other policy is both cheaper and faster (p95) than shipped"
        )
    return said


def json_of(outcomes: Iterable[SimulationOutcome]) -> str:
    """Return all runs as an array of objects."""
    return json.dumps([asdict(one) for one in outcomes], indent=1)
