"""What came out, as the tables in docs/benchmarks.md."""

from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.telling.page import middle, not_measured, spread, table
from benchmarks.web.accepting import SERVERS, WHAT
from benchmarks.web.answering import BURST, LATENCY_MS
from benchmarks.web.servers import WEB

# What its place on the page is called.
FIGURES = "web figures"

# What the web tier is meant to reach.
AIM_ACCEPTED, AIM_FIRST_PAINT = 400, 200_000
AIM_HELD_MIB = {100: 80, 1_000: 120}
AIM_MEAN_SECONDS = {"burst cold": 1.2, "burst warm": 0.6}

# Seconds that a published student project of this kind names for so many uploads at once, with the time that
# the instances take to start which it starts for them. jobfleet's workers run already.
STUDENT_PROJECT = {1: 72, 10: 132, 50: 210, 100: 360}

Json = dict[str, Any]
Row = Sequence[str]


def tables(found: Json) -> str:
    """Return the figures as markdown."""
    parts = [_about(found), *_aims(found), *_accepting(found), *_answering(found), *_bursts(found)]
    return "\n\n".join([*parts, *_memory(found), *_first_paint(found), *not_measured(found["absent"])])


def _about(found: Json) -> str:
    about = found["machine"]
    changed = " with changes not yet committed" if about["changed_since"] else ""
    versions = ", ".join(f"{name} {version}" for name, version in about["packages"].items() if version)
    return (
        f"Measured {about['date'][:10]} on {about['cores']} cores ({about['processor']}), {about['system']}, "
        f"Python {about['python']}, at {about['commit']}{changed}; load average {about['load_before']:.1f} "
        f"before the run, {found['load_after']:.1f} after. {versions}."
    )


def _aims(found: Json) -> Iterable[str]:
    rows = [*_aims_of_load(found), *_aims_of_size(found)]
    if rows:
        cells = [(what, aim, figure, "yes" if met else "no") for what, aim, figure, met in rows]
        yield "### What the web tier was meant to reach\n\n" + table(
            ("what", "aim", "measured", "met"), cells
        )


Aim = tuple[str, str, str, bool]


def _aims_of_load(found: Json) -> Iterable[Aim]:
    ours = _of(found["accepting"], server=WEB)
    if ours:
        rate = middle(ours, "per_second_and_core")
        what = "uploads of 30 KB accepted, by a second of the web tier's CPU"
        yield what, f"at least {AIM_ACCEPTED}", f"{rate:.0f}", rate >= AIM_ACCEPTED
    for kind, aim in AIM_MEAN_SECONDS.items():
        runs = _of(found["answering"], kind=kind, size=BURST)
        if runs:
            mean = middle(runs, "mean")
            yield f"{kind}: mean of {BURST} photos", f"below {aim} s", f"{mean:.2f} s", mean < aim
    runs = [*found["accepting"], *found["answering"]]
    if runs:
        bad = sum(run.get(what, 0) for run in runs for what in ("lost", "double", "wrong"))
        total = sum(run["uploads"] for run in runs)
        yield f"lost, double or wrong of {total:,} uploads", "0", f"{bad}", bad == 0


def _aims_of_size(found: Json) -> Iterable[Aim]:
    for run in found["memory"]:
        aim = AIM_HELD_MIB.get(run["asked"])
        if aim:
            met = run["held"] >= run["asked"] and run["rss_mib"] <= aim
            what = f"resident memory with {run['held']:,} requests held"
            yield what, f"at most {aim} MiB", f"{run['rss_mib']:.0f} MiB", met
    paint = found["first_paint"]
    if paint and "bytes" in paint:
        what, figure = "bytes of the first paint", f"{paint['bytes']:,}"
        yield what, f"below {AIM_FIRST_PAINT:,}", figure, paint["bytes"] < AIM_FIRST_PAINT


def _accepting(found: Json) -> Iterable[str]:
    rows: list[Row] = []
    ours = _of(found["accepting"], server=WEB)
    for name in SERVERS:
        own = _of(found["accepting"], server=name)
        if not own:
            continue
        times = middle(own, "cpu_ms") / middle(ours, "cpu_ms") if ours else 0
        rows.append(
            (
                name, WHAT[name], spread(own, "cpu_ms", 2), f"{middle(own, 'per_second_and_core'):,.0f}",
                f"{middle(own, 'wall_per_second'):,.0f}", f"{middle(own, 'calls'):.2f}",
                f"{times:.2f}" if ours else "",
            )
        )  # fmt: skip
    if rows:
        columns = ("who", "what it does with an upload", "CPU ms an upload (min to max)",
                   "uploads by a second of its CPU", "uploads/s on this machine", "AWS calls an upload",
                   "its CPU, divided by jobfleet-web's")  # fmt: skip
        yield f"### Accepting uploads of 30 KB\n\n{table(columns, rows)}"


def _answering(found: Json) -> Iterable[str]:
    rows: list[Row] = []
    kinds = dict.fromkeys((run["kind"], run["size"]) for run in found["answering"])
    for kind, size in kinds:
        own = _of(found["answering"], kind=kind, size=size)
        what = {"closed": f"closed loop, {size} at a time", "open": f"open loop, {size} a second"}
        bad = "/".join(str(sum(run[one] for run in own)) for one in ("lost", "double", "wrong"))
        rows.append(
            (
                what.get(kind, f"{kind.replace('burst', f'burst of {size},')}"),
                f"{sum(run['uploads'] for run in own):,}",
                *(f"{1000 * middle(own, one):,.0f}" for one in ("mean", "p50", "p95", "most")),
                f"{middle(own, 'calls'):.2f}", bad,
            )
        )  # fmt: skip
    if rows:
        columns = ("load", "uploads", "mean ms", "median ms", "p95 ms", "longest ms",
                   "AWS calls an upload, worker's included", "lost/double/wrong")  # fmt: skip
        yield f"### Until the answer, {LATENCY_MS:g} ms added to every AWS call\n\n{table(columns, rows)}"


def _bursts(found: Json) -> Iterable[str]:
    rows: list[Row] = []
    for count, seconds in STUDENT_PROJECT.items():
        own = _of(found["answering"], kind="burst warm", size=count)
        if own:
            wall = middle(own, "wall")
            rows.append((f"{count}", f"{wall:.2f}", f"{seconds}", f"{seconds / wall:,.0f}"))
    if rows:
        columns = ("uploads at once", "jobfleet, s until the last answer", "student project, s", "ratio")
        yield f"### Beside a published student project\n\n{table(columns, rows)}"


def _memory(found: Json) -> Iterable[str]:
    rows = [(f"{run['held']:,}", f"{run['rss_mib']:.1f}", f"{run['pss_mib']:.1f}") for run in found["memory"]]
    if rows:
        columns = ("requests held", "resident MiB", "proportional MiB")
        yield f"### Memory of the web tier's process\n\n{table(columns, rows)}"


def _first_paint(found: Json) -> Iterable[str]:
    paint = found["first_paint"]
    if paint and "files" in paint:
        rows = [(name, f"{size:,}") for name, size in [*paint["files"].items(), ("all", paint["bytes"])]]
        yield f"### First paint\n\n{table(('what', 'bytes'), rows)}"


def _of(runs: Sequence[Json], **wanted: Any) -> list[Json]:
    return [run for run in runs if all(run[name] == value for name, value in wanted.items())]
