"""The picture: stats jobs, image jobs, memory, side by side."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt

from benchmarks.worker.contestants import JOBFLEET
from benchmarks.worker.image_jobs import NAMES, OPERATIONS, SIZES

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
    axes.set_title(f"{title} (paler: with {latencies[-1]:g} ms added)" if latencies else title)


def _images(axes: Any, runs: Sequence[Json]) -> None:
    kinds = [(megapixels, operation) for megapixels in SIZES for operation in OPERATIONS]
    labels = [f"{megapixels:g} MP\n{operation}" for megapixels, operation in kinds]
    for number, name in enumerate(NAMES.values()):
        rates = [_part(runs, kind, JOBFLEET, name, "images_per_second") for kind in kinds]
        cpu = [_part(runs, kind, name, JOBFLEET, "cpu_ms") for kind in kinds]
        axes.plot(labels, rates, "o", color=f"C{number}", label=f"of {name}")
        axes.plot(labels, cpu, "o", color=f"C{number}", markerfacecolor="none")
    axes.axhline(1, color="#888888", linewidth=0.8)
    axes.set_ylim(0, None)
    axes.set_title("jobfleet's images a second (hollow: per CPU second), as a part")
    axes.legend()


def _part(runs: Sequence[Json], kind: tuple[float, str], one: str, other: str, what: str) -> float:
    """Return the median of `one` over that of `other`, or NaN where either was not measured."""
    values = [
        [
            run[what]
            for run in runs
            if (run["megapixels"], run["operation"], run["contestant"]) == (*kind, who)
        ]
        for who in (one, other)
    ]
    return median(values[0]) / median(values[1]) if all(values) else float("nan")


def _memory(axes: Any, memory: Json | None) -> None:
    samples = memory["samples"] if memory else []
    axes.plot([done / 1000 for done, _ in samples], [mib for _, mib in samples], color=OURS)
    axes.set_ylim(0, None)
    axes.set_title("resident MiB, by thousands of stats jobs done")
