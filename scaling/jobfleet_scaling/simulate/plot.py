"""Plots, for which matplotlib has to be there; the simulator does without."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from jobfleet_scaling.simulate.compare import Curve, SimulationOutcome
from jobfleet_scaling.simulate.contestants.roster import CLAIRVOYANT, SHIPPED


class NoPlots(RuntimeError):
    """matplotlib is not installed."""


def plotting() -> Any:
    """Return matplotlib's pyplot. Raises `NoPlots`, with the way out."""
    try:
        import_module("matplotlib").use("Agg")
        return import_module("matplotlib.pyplot")
    except ImportError as problem:
        raise NoPlots(
            "--plot needs matplotlib, which is not installed: pip install matplotlib, or leave out --plot"
        ) from problem


def draw(
    path: Path, found: Mapping[str, Sequence[SimulationOutcome]], curves: Mapping[str, Mapping[str, Curve]]
) -> None:
    """Draw cost by p95 of each workload and, if there are curves, backlog and hosts over time below."""
    plt = plotting()
    rows = 2 if curves else 1
    figure, axes = plt.subplots(
        rows, len(found), figsize=(4.2 * len(found), 3.6 * rows), squeeze=False, layout="constrained"
    )
    for column, (workload, outcomes) in enumerate(found.items()):
        _front(axes[0][column], workload, outcomes)
        if curves:
            _curve(axes[1][column], curves[workload])
    figure.savefig(path, dpi=100)
    plt.close(figure)


def _front(axes: Any, workload: str, outcomes: Sequence[SimulationOutcome]) -> None:
    for one in outcomes:
        mark = {"marker": "*", "s": 140} if one.policy == SHIPPED else {"marker": "o", "s": 36}
        colour = "#888888" if one.policy == CLAIRVOYANT else "#1f6f8b" if one.policy == SHIPPED else "#c26a3d"
        axes.scatter(one.p95, one.hours, color=colour, **mark)
        axes.annotate(one.policy, (one.p95, one.hours), fontsize=7, xytext=(4, 3), textcoords="offset points")
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("p95 wait, s")
    axes.set_ylabel("host hours")
    axes.set_title(workload)


def _curve(axes: Any, curves: Mapping[str, Curve]) -> None:
    for policy, curve in curves.items():
        hours = [at / 3_600 for at, *_ in curve]
        axes.plot(hours, [there for *_, there in curve], label=f"{policy}: hosts", linewidth=0.8)
    name, curve = next(iter(curves.items()))
    right = axes.twinx()
    hours = [at / 3_600 for at, *_ in curve]
    right.fill_between(hours, [waiting for _, waiting, *_ in curve], color="#b8c4c9", alpha=0.5)
    right.set_ylabel(f"jobs that wait ({name})")
    axes.set_xlabel("hours")
    axes.legend(fontsize=7)
