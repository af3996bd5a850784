"""Plots of a run, by matplotlib (https://matplotlib.org): as PNG to look at, and as SVG for reports."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from jobfleet.bench.report import PhaseFigures
from jobfleet.bench.run import PhaseRun
from jobfleet.bench.statistics.batches import answered
from jobfleet.bench.statistics.percentiles import corrected, joined

FORMATS = ("png", "svg")
# A line of an SVG with a million points opens nowhere.
_POINTS_MAX = 2_000
_SECONDS_PARTS = 120


def draw(folder: Path, runs: Sequence[PhaseRun], figures: Sequence[PhaseFigures]) -> list[Path]:
    """Write `latency`, `throughput` and `share` into the folder; return the paths. Raises `OSError`."""
    import_module("matplotlib").use("Agg")
    plt: Any = import_module("matplotlib.pyplot")
    # Text as text: it can be searched, and the files stay small.
    plt.rcParams["svg.fonttype"] = "none"
    written = []
    for name, plot in (("latency", _latency), ("throughput", _throughput), ("share", _share)):
        figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
        plot(axes, runs, figures)
        for ending in FORMATS:
            written.append(folder / f"{name}.{ending}")
            figure.savefig(written[-1], dpi=120)
        plt.close(figure)
    return written


def _latency(axes: Any, runs: Sequence[PhaseRun], figures: Sequence[PhaseFigures]) -> None:
    """Draw what share of requests took longer than so many ms; the tail has as much room as the rest."""
    for one in figures:
        parts = [answered(run.samples) for run in runs if _is_of(run, one)]
        measured = joined([part.done - part.sent for part in parts])
        if one.expected_interval is not None:
            whole = corrected(measured, one.expected_interval)
        else:
            whole = joined([part.done - part.due for part in parts])
        (line,) = axes.plot(*_tail(measured), label=f"{_named(one)}, as measured")
        axes.plot(*_tail(whole), "--", color=line.get_color(), label=f"{_named(one)}, corrected")
    if any(one.measured for one in figures):
        axes.set_xscale("log")
        axes.set_yscale("log")
    axes.set_xlabel("milliseconds")
    axes.set_ylabel("share of requests that take so long or longer")
    axes.set_title("Latency")
    _legend(axes)


def _tail(values: Any) -> tuple[Any, Any]:
    if not len(values):
        return [], []
    ordered = np.sort(values) * 1000
    places = np.unique(np.geomspace(1, len(ordered), min(len(ordered), _POINTS_MAX)).astype(np.int64))
    # Counted from the slowest, of which every one is drawn.
    return ordered[len(ordered) - places], places / len(ordered)


def _throughput(axes: Any, runs: Sequence[PhaseRun], figures: Sequence[PhaseFigures]) -> None:
    if not runs:
        return
    first = min(run.begun for run in runs)
    for one in figures:
        colour = None
        for run in (run for run in runs if _is_of(run, one) and run.ended > run.begun):
            parts = int(np.clip(run.ended - run.begun, 4, _SECONDS_PARTS))
            counts, edges = np.histogram(answered(run.samples).done, parts, (run.begun, run.ended))
            (line,) = axes.plot(
                (edges[:-1] + edges[1:]) / 2 - first, counts / np.diff(edges), color=colour,
                label=None if colour else _named(one),
            )  # fmt: skip
            colour = line.get_color()
    axes.set_ylim(bottom=0)
    axes.set_xlabel("seconds since the first request")
    axes.set_ylabel("successful answers a second")
    axes.set_title("Throughput")
    _legend(axes)


def _share(axes: Any, runs: Sequence[PhaseRun], figures: Sequence[PhaseFigures]) -> None:
    left: dict[str, int] = {}
    names = sorted({name for one in figures for name in one.share})
    for one in figures:
        for name, count in one.share.items():
            start = left.get(_named(one), 0)
            # One colour for each instance, wherever it stands; they repeat after ten.
            colour = f"C{names.index(name)}"
            axes.barh(_named(one), count, left=start, color=colour, edgecolor="white")
            axes.text(start + count / 2, _named(one), name, ha="center", va="center", fontsize=6, rotation=90)
            left[_named(one)] = start + count
    axes.set_xlabel("answers" if left else "no answer told which instance gave it")
    axes.set_title("Share by instance")


def _is_of(run: PhaseRun, one: PhaseFigures) -> bool:
    return (run.phase.name, run.target) == (one.phase, one.target)


def _named(one: PhaseFigures) -> str:
    # A dollar sign would begin mathematics.
    return f"{one.phase}, {one.target[-40:]}".replace("$", r"\$")


def _legend(axes: Any) -> None:
    if axes.get_legend_handles_labels()[1]:
        axes.legend(fontsize=7)
