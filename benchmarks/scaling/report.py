"""What came out: the tables in docs/benchmarks.md."""

from collections.abc import Mapping, Sequence
from typing import Any

from jobfleet_scaling.simulate.compare import SimulationOutcome, by_workload, dominated_by
from jobfleet_scaling.simulate.contestants.roster import CLAIRVOYANT, SHIPPED

from benchmarks.telling.page import table

# What its place on the page is called.
FIGURES = "scaling figures"

# What the shipped policy is meant to reach: its cost as a multiple of the clairvoyant bound's at equal p95.
AIM_BOUND = 1.3


def tables(machine: Mapping[str, Any], found: Sequence[SimulationOutcome], whats: Mapping[str, str]) -> str:
    """Return the figures as markdown."""
    grouped = by_workload(found)
    about = (
        f"Simulated {machine['date'][:10]} at {machine['commit']}: {len(grouped)} workloads, "
        f"{max(one.seed for one in found)} seeds each; the figures are means over the seeds."
    )
    return "\n\n".join([about, _aims(grouped), *(_one(name, whats[name], grouped[name]) for name in grouped)])


def _aims(grouped: Mapping[str, Sequence[SimulationOutcome]]) -> str:
    rows = []
    for name, outcomes in grouped.items():
        by_name = {one.policy: one for one in outcomes}
        shipped, bound = by_name[SHIPPED], by_name[CLAIRVOYANT]
        ratio = shipped.cost / bound.cost
        better = dominated_by(shipped, outcomes)
        rows.append([
            name, f"{shipped.hours:,.1f}", f"{shipped.p95:,.1f}", f"{ratio:.2f}",
            "yes" if ratio <= AIM_BOUND else "no", ", ".join(better) or "none", str(shipped.kills),
        ])  # fmt: skip
    columns = [
        "the shipped policy on", "host hours", "p95 wait, s", "cost ÷ clairvoyant bound",
        f"at most {AIM_BOUND}", "both cheaper and quicker", "jobs killed",
    ]  # fmt: skip
    return table(columns, rows)


def _one(name: str, what: str, outcomes: Sequence[SimulationOutcome]) -> str:
    rows = [
        [
            one.policy, f"{one.hours:,.1f}", f"{one.p50:,.1f}", f"{one.p95:,.1f}", f"{one.p99:,.1f}",
            f"{one.kills / one.seed:,.0f}", f"{one.launches:,}", f"{one.peak:,}",
        ]
        for one in sorted(outcomes, key=lambda one: one.hours)
    ]  # fmt: skip
    columns = ["policy", "host hours", "p50 s", "p95 s", "p99 s", "jobs killed", "launches", "most hosts"]
    return f"### Scaling: {name}\n\n{outcomes[0].jobs:,} jobs: {what}.\n\n{table(columns, rows)}"
