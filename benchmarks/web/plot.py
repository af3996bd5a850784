"""The picture: CPU of accepting, times until the answer, memory, side by side."""

from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt

from benchmarks.web.accepting import SERVERS
from benchmarks.web.answering import CONCURRENT
from benchmarks.web.servers import BEHIND_NGINX, WEB

Json = dict[str, Any]
OURS, OTHER = "#1f6f8b", "#b8c4c9"


def draw(found: Json, path: Path) -> None:
    """Write the plot."""
    figure, (accepting, answering, memory) = plt.subplots(1, 3, figsize=(15, 4.5), layout="constrained")
    _accepting(accepting, found["accepting"])
    _answering(answering, found["answering"])
    _memory(memory, found["memory"])
    figure.savefig(path, dpi=100)
    plt.close(figure)


def _accepting(axes: Any, runs: list[Json]) -> None:
    names = [name for name in SERVERS if any(run["server"] == name for run in runs)]
    values = [median(run["cpu_ms"] for run in runs if run["server"] == name) for name in names]
    axes.barh(names, values, color=[OURS if name in (WEB, BEHIND_NGINX) else OTHER for name in names])
    axes.invert_yaxis()
    axes.set_title("CPU ms to accept an upload of 30 KB")


def _answering(axes: Any, runs: list[Json]) -> None:
    for what, colour in (("p95", OTHER), ("p50", OURS)):
        points = [
            (size, [1000 * run[what] for run in runs if (run["kind"], run["size"]) == ("closed", size)])
            for size in CONCURRENT
        ]
        shown = [(str(size), median(times)) for size, times in points if times]
        axes.plot(*zip(*shown, strict=True), "o-", color=colour, label=what)
    axes.set_ylim(0, None)
    axes.set_title("ms until the answer, by uploads at a time")
    axes.legend()


def _memory(axes: Any, runs: list[Json]) -> None:
    axes.bar([f"{run['held']:,}" for run in runs], [run["rss_mib"] for run in runs], color=OURS)
    axes.set_title("resident MiB, by requests held")
