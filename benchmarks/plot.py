"""The picture: stats jobs, image jobs, memory, side by side."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt

from benchmarks.contestants import JOBFLEET
from benchmarks.image_jobs import NAMES, OPERATIONS, SIZES

Json = dict[str, Any]
OURS, OTHER = "#1f6f8b", "#b8c4c9"


def draw(found: Json, path: Path) -> None:
    """Write the plot."""
    figure, ((rates, cpu), (images, memory)) = plt.subplots(2, 2, figsize=(12, 8), layout="constrained")
    _bars(rates, found["stats"], "jobs_per_second", "stats jobs a second")
    _bars(cpu, found["stats"], "cpu_ms", "CPU ms a stats job")
    _images(images, found["images"])
    _memory(memory, found["memory"])
    figure.savefig(path, dpi=100)
    plt.close(figure)


def _bars(axes: Any, runs: Sequence[Json], what: str, title: str) -> None:
    names = list(dict.fromkeys(run["contestant"] for run in runs))
    latencies = sorted({run["latency_ms"] for run in runs})
    height = 0.8 / max(1, len(latencies))
    for number, latency in enumerate(latencies):
        values = [
            [run[what] for run in runs if run["contestant"] == name and run["latency_ms"] == latency] or [0]
            for name in names
        ]
        middles = [median(value) for value in values]
        errors = [
            [m - min(v) for m, v in zip(middles, values, strict=True)],
            [max(v) - m for m, v in zip(middles, values, strict=True)],
        ]
        places = [place + number * height for place in range(len(names))]
        colours = [OURS if name == JOBFLEET else OTHER for name in names]
        axes.barh(
            places,
            middles,
            height,
            xerr=errors,
            color=colours,
            alpha=1 - 0.4 * number,
            label=f"+{latency:g} ms",
        )
    axes.set_yticks([place + height / 2 for place in range(len(names))], names)
    axes.invert_yaxis()
    axes.set_title(f"{title} (paler: {latencies[-1]:g} ms added to every call)" if latencies else title)


def _images(axes: Any, runs: Sequence[Json]) -> None:
    kinds = [(megapixels, operation) for megapixels in SIZES for operation in OPERATIONS]
    for name in NAMES.values():
        ratios = [_ratio(runs, kind, name) for kind in kinds]
        axes.plot([f"{m:g} MP\n{o}" for m, o in kinds], ratios, "o", label=f"of {name}")
    axes.axhline(1, color="#888888", linewidth=0.8)
    axes.set_ylim(0, None)
    axes.set_title("jobfleet's images a second, as a part of")
    axes.legend()


def _ratio(runs: Sequence[Json], kind: tuple[float, str], name: str) -> float:
    rates = {
        who: [
            run["images_per_second"]
            for run in runs
            if (run["megapixels"], run["operation"]) == kind and run["contestant"] == who
        ]
        for who in (JOBFLEET, name)
    }
    return median(rates[JOBFLEET]) / median(rates[name]) if all(rates.values()) else float("nan")


def _memory(axes: Any, memory: Json | None) -> None:
    samples = memory["samples"] if memory else []
    axes.plot([done for done, _ in samples], [mib for _, mib in samples], color=OURS)
    axes.set_ylim(0, None)
    axes.set_title("resident MiB of the worker's processes, by stats jobs done")
