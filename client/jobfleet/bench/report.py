"""The report: figures of each phase and target, what differs for certain, and JSON of it all."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from jobfleet.bench.engine.own_cpu import SATURATED, OwnCpu
from jobfleet.bench.run import PhaseRun
from jobfleet.bench.statistics.batches import Answered, answered, in_batches, rates
from jobfleet.bench.statistics.intervals import (
    ROUNDS_MIN,
    Interval,
    percentile_intervals,
    round_intervals,
    t_interval,
)
from jobfleet.bench.statistics.percentiles import (
    PERCENTILES,
    Floats,
    corrected,
    expected_interval,
    joined,
    percentiles,
)

# The version of the JSON; docs/client.md has its fields.
REPORT_VERSION = 1

_BETTER = {True: "higher", False: "quicker"}


@dataclass(frozen=True)
class Latency:
    """Seconds from request to answer of those that succeeded: percentiles by name, and the rest."""

    count: int
    mean: float
    least: float
    most: float
    percentiles: Mapping[str, Interval]


@dataclass(frozen=True)
class PhaseFigures:
    """What came of one phase with one target, all its rounds together.

    `measured` counts from when a request was sent. `corrected` is without coordinated omission: in an open
    loop it counts from when a request was due; in a closed loop it is worked out, and `expected_interval` is
    the interval by which. `failed` has the failures by kind, `share` the answers by instance; `late` how long
    after their time requests of an open loop were sent, as percentiles in seconds.
    """

    phase: str
    target: str
    loop: str
    rounds: int
    begun_at: str
    seconds: float
    requests: int
    succeeded: int
    failed: Mapping[str, int]
    never_sent: int
    under_way: int
    bytes: int
    throughput: Interval
    measured: Latency | None
    corrected: Latency | None
    expected_interval: float | None
    share: Mapping[str, int]
    late: Mapping[str, float] | None
    cpu_share: float
    cpu_saturated: bool


@dataclass(frozen=True)
class Difference:
    """One figure of two targets in a phase. `verdict` says which is better only if the intervals part."""

    phase: str
    figure: str
    first: str
    second: str
    first_interval: Interval
    second_interval: Interval
    verdict: str


@dataclass(frozen=True)
class BenchReport:
    """All that is told of a run."""

    figures: Sequence[PhaseFigures]
    differences: Sequence[Difference]
    interrupted: bool = False
    seed: int = 1
    cloudwatch: Mapping[str, Any] | None = None
    notes: Sequence[str] = field(default_factory=tuple)

    def to_json(self) -> dict[str, Any]:
        """Return it for machines; docs/client.md has the fields."""
        return {"version": REPORT_VERSION, **asdict(self)}


def make_report(runs: Sequence[PhaseRun], *, interrupted: bool, seed: int) -> BenchReport:
    """Return the report of what was measured."""
    groups: dict[tuple[str, str], list[PhaseRun]] = {}
    for run in runs:
        groups.setdefault((run.phase.name, run.target), []).append(run)
    figures = [_figures(group, seed) for group in groups.values()]
    differences = list(_differences(figures))
    return BenchReport(figures, differences, interrupted, seed, None, [*_notes(figures), *_few(differences)])


def _figures(runs: Sequence[PhaseRun], seed: int) -> PhaseFigures:
    phase = runs[0].phase
    good = [answered(run.samples) for run in runs]
    kinds = sum((Counter(run.samples.kind_counts()) for run in runs), Counter[str]())
    places = sum((Counter(run.samples.place_counts()) for run in runs), Counter[str]())
    seconds = sum(run.ended - run.begun for run in runs)
    succeeded = kinds.pop("ok", 0)
    total = sum(len(run.samples) for run in runs)
    interval = expected_interval(seconds, phase.clients or 1, total) if phase.rate is None else None
    cpu = _cpu(runs)
    return PhaseFigures(
        phase.name, runs[0].target, phase.loop, len(runs), runs[0].at.isoformat(timespec="milliseconds"),
        seconds, total, succeeded, dict(kinds.most_common()),
        sum(run.never_sent for run in runs), sum(run.under_way for run in runs),
        sum(sum(run.samples.sizes) for run in runs), _throughput(runs, good, seconds),
        _latency([part.done - part.sent for part in good], seed),
        _latency([_without_omission(part, interval) for part in good], seed),
        interval, dict(sorted(places.items())), _late(runs) if phase.rate else None,
        cpu.share, cpu.saturated,
    )  # fmt: skip


def _cpu(runs: Sequence[PhaseRun]) -> OwnCpu:
    shares = [share for run in runs for share in run.cpu.shares]
    return OwnCpu(sum(run.cpu.cpu for run in runs), sum(run.cpu.wall for run in runs), shares)


def _without_omission(part: Answered, interval: float | None) -> list[Floats] | Floats:
    if interval is None:
        return part.done - part.due
    return [corrected(batch, interval) for batch in in_batches(part.done - part.sent)]


def _latency(parts: Sequence[list[Floats] | Floats], seed: int) -> Latency | None:
    batches = [batch for part in parts for batch in (part if isinstance(part, list) else in_batches(part))]
    values = joined([batch for batch in batches if len(batch)])
    if not len(values):
        return None
    if len(parts) >= ROUNDS_MIN:
        rounds = [joined(part) if isinstance(part, list) else part for part in parts]
        found = round_intervals(percentiles(values), [percentiles(one) for one in rounds if len(one)])
    else:
        found = percentile_intervals(percentiles(values), batches, seed)
    return Latency(
        len(values), float(values.mean()), float(values.min()), float(values.max()),
        dict(zip(PERCENTILES, found, strict=True)),
    )  # fmt: skip


def _throughput(runs: Sequence[PhaseRun], good: Sequence[Answered], seconds: float) -> Interval:
    pairs = [(run, part) for run, part in zip(runs, good, strict=True) if run.ended > run.begun]
    if len(runs) >= ROUNDS_MIN:
        parts = [len(part) / (run.ended - run.begun) for run, part in pairs]
    else:
        parts = [rate for run, part in pairs for rate in rates(part.done, run.begun, run.ended)]
    return t_interval(sum(map(len, good)) / seconds if seconds else 0.0, parts)


def _late(runs: Sequence[PhaseRun]) -> Mapping[str, float] | None:
    late = joined([np.array(run.samples.sent) - np.array(run.samples.due) for run in runs])
    if not len(late):
        return None
    return {**dict(zip(PERCENTILES, percentiles(late), strict=True)), "most": float(late.max())}


def _differences(figures: Sequence[PhaseFigures]) -> Iterable[Difference]:
    for first, second in combinations(figures, 2):
        if first.phase != second.phase:
            continue
        if first.loop.startswith("closed"):
            yield _difference("requests/s", first, second, first.throughput, second.throughput)
        ours, theirs = _compared(first), _compared(second)
        if ours and theirs:
            for name in ("p50", "p95"):
                yield _difference(name, first, second, ours.percentiles[name], theirs.percentiles[name])


def _few(differences: Sequence[Difference]) -> Iterable[str]:
    if any(one.verdict.endswith("in this run") for one in differences):
        yield (
            "whether a difference stays in the next run, this one cannot tell, as its bounds know nothing of "
            f"other runs: use --rounds {ROUNDS_MIN} or more"
        )


def _compared(figures: PhaseFigures) -> Latency | None:
    """Return what is compared: what was measured, and in an open loop from when a request was due."""
    return figures.measured if figures.loop.startswith("closed") else figures.corrected


def _difference(
    figure: str, first: PhaseFigures, second: PhaseFigures, ours: Interval, theirs: Interval
) -> Difference:
    verdict = "no difference can be told"
    if ours.parts_from(theirs):
        more = figure == "requests/s"
        better = first if (ours.value > theirs.value) == more else second
        few = min(first.rounds, second.rounds) < ROUNDS_MIN
        is_or_was = f"was {_BETTER[more]} in this run" if few else f"is {_BETTER[more]}"
        verdict = f"{better.target} {is_or_was}"
    return Difference(first.phase, figure, first.target, second.target, ours, theirs, verdict)


def _notes(figures: Sequence[PhaseFigures]) -> Iterable[str]:
    for one in figures:
        where = f"{one.phase}, {one.target}"
        if one.cpu_saturated:
            yield (
                f"{where}: the load generator was the bottleneck: it used {one.cpu_share:.0%} of a core, and "
                f"in single seconds over {SATURATED:.0%}. The figures are its own limits: lower the rate or "
                "the clients"
            )
        if one.never_sent:
            yield f"{where}: {one.never_sent:,} requests were never sent: the time limit was over"
        if not one.requests:
            yield f"{where}: no request was sent, so there are no figures"
        if one.under_way:
            yield f"{where}: {one.under_way:,} requests were under way when it ended, and are in no figure"
        failed = sum(one.failed.values())
        if failed:
            yield f"{where}: the {failed:,} failed requests are in no percentile and not in requests/s"
        if one.measured and one.measured.percentiles["p50"].low is None:
            yield f"{where}: too few answers for confidence intervals"
