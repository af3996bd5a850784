"""What came out: JSON, the tables in docs/benchmarks.md, a plot."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from PIL import features

from benchmarks.telling import machine as telling
from benchmarks.telling.page import middle, not_measured, spread, table
from benchmarks.worker.contestants import JOBFLEET, ONE_AT_A_TIME, PEERS, Contestant
from benchmarks.worker.image_jobs import NAMES, OPERATIONS, SIZES

# What its place on the page is called.
FIGURES = "figures"

PACKAGES = (
    "boto3", "botocore", "aiobotocore", "taskiq", "taskiq-aio-sqs", "dramatiq", "dramatiq-sqs", "celery",
    "kombu", "pillow", "simplejpeg", "uvicorn", "uvloop", "httptools",
)  # fmt: skip
WORKER_PACKAGES = ("boto3", "botocore", "pillow", "pebble")

# What the worker is meant to reach.
AIM_PEERS, AIM_STATS_CALLS, AIM_LATENCY, AIM_IMAGES, AIM_IMAGE_CALLS = 4.0, 0.5, 60.0, 0.9, 3.5

Json = dict[str, Any]
Row = Sequence[str]


def machine(worker_python: str) -> Json:
    """Return what the figures depend on."""
    return {
        **telling.machine(),
        "worker_changed_since": telling.is_changed("worker", "jobs"),
        "packages": telling.versions(PACKAGES),
        "worker_packages": _worker_versions(worker_python),
        "libjpeg_turbo_in_pillow": features.version("libjpeg_turbo"),
    }


def _worker_versions(python: str) -> Json:
    ask = (
        "import json, sys\nfrom importlib import metadata\nfound = {}\nfor name in sys.argv[1:]:\n"
        "    try: found[name] = metadata.version(name)\n    except Exception: found[name] = None\n"
        "print(json.dumps(found))"
    )
    versions: Json = json.loads(telling.said(python, "-c", ask, *WORKER_PACKAGES) or "{}")
    return versions


def tables(found: Json, contestants: Sequence[Contestant]) -> str:
    """Return the figures as markdown."""
    parts = [_about(found), *_aims(found), *_stats_tables(found, contestants), _run_as(contestants)]
    return "\n\n".join([*parts, *_image_table(found), *_memory(found), *not_measured(found["absent"])])


def _about(found: Json) -> str:
    about = found["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in about["packages"].items() if version)
    own = ", ".join(f"{name} {version}" for name, version in about["worker_packages"].items() if version)
    changed = " with changes not yet committed" if about["worker_changed_since"] else ""
    return (
        f"Measured {about['date'][:10]} on {about['cores']} cores ({about['processor']}), "
        f"{about['system']}, Python {about['python']}, worker at {about['commit']}{changed}; "
        f"load average {about['load_before']:.1f} before the run, {found['load_after']:.1f} after. "
        f"The worker has {own}. The others have {versions}."
    )


def _run_as(contestants: Sequence[Contestant]) -> str:
    return "\n".join(f"- {contestant.name}: {contestant.what}" for contestant in contestants)


def _aims(found: Json) -> Iterable[str]:
    """Compare with what was aimed at, where it was measured."""
    rows = [*_stats_aims(found["stats"]), *_image_aims(found["images"])]
    if rows:
        cells = [(what, aim, figure, "yes" if met else "no") for what, aim, figure, met in rows]
        yield f"### What was aimed at\n\n{table(('what', 'aim', 'measured', 'met'), cells)}"


def _stats_aims(runs: Sequence[Json]) -> Iterable[tuple[str, str, str, bool]]:
    plain, delayed = ([r for r in runs if bool(r["latency_ms"]) is late] for late in (False, True))
    ours, peers = _of(plain, JOBFLEET), [own for name in PEERS if (own := _of(plain, name))]
    if ours and peers:
        best = min(peers, key=lambda own: middle(own, "cpu_ms"))
        times = middle(best, "cpu_ms") / middle(ours, "cpu_ms")
        what = f"stats jobs per CPU second, divided by the best peer's ({best[0]['contestant']})"
        yield what, "at least 4", f"{times:.1f}", times >= AIM_PEERS
    if ours:
        calls = middle(ours, "calls")
        yield "calls a stats job", "at most 0.5", f"{calls:.2f}", calls <= AIM_STATS_CALLS
    ours, slowest = _of(delayed, JOBFLEET), _of(delayed, ONE_AT_A_TIME)
    if ours and slowest:
        times = middle(ours, "jobs_per_second") / middle(slowest, "jobs_per_second")
        what = "stats jobs/s with 10 ms added, divided by the one-at-a-time loop's"
        yield what, "at least 60", f"{times:.0f}", times >= AIM_LATENCY


def _image_aims(runs: Sequence[Json]) -> Iterable[tuple[str, str, str, bool]]:
    for megapixels in SIZES:
        for operation in OPERATIONS:
            kind = [r for r in runs if (r["megapixels"], r["operation"]) == (megapixels, operation)]
            ours, bare = _of(kind, JOBFLEET), _of(kind, NAMES["pillow"])
            if not ours or not bare:
                continue
            what = f"{megapixels:g} MP {operation}"
            part = middle(ours, "images_per_second") / middle(bare, "images_per_second")
            by_cpu = middle(bare, "cpu_ms") / middle(ours, "cpu_ms")
            figure, met = f"{part:.2f} (by CPU {by_cpu:.2f})", min(part, by_cpu) >= AIM_IMAGES
            yield f"{what}: images/s, divided by the bare loop's", "at least 0.9", figure, met
            calls = middle(ours, "calls")
            yield f"{what}: calls an image", "at most 3.5", f"{calls:.2f}", calls <= AIM_IMAGE_CALLS


def _stats_tables(found: Json, contestants: Sequence[Contestant]) -> Iterable[str]:
    for latency in sorted({run["latency_ms"] for run in found["stats"]}):
        runs = [run for run in found["stats"] if run["latency_ms"] == latency]
        rows: list[Row] = []
        ours = _of(runs, JOBFLEET)
        for contestant in contestants:
            own = _of(runs, contestant.name)
            if own:
                rows.append(_stats_row(contestant, own, ours))
        head = f"### Stats jobs, {latency:g} ms added to every call"
        columns = (
            "who", "jobs", "jobs/s (min to max)", "CPU ms a job (min to max)", "calls a job",
            "jobfleet's jobs/s, divided by these", "jobfleet's jobs per CPU second, divided by these",
        )  # fmt: skip
        yield f"{head}\n\n{table(columns, rows)}"


def _of(runs: Sequence[Json], name: str) -> list[Json]:
    return [run for run in runs if run["contestant"] == name]


def _stats_row(contestant: Contestant, own: Sequence[Json], ours: Sequence[Json]) -> Row:
    rate, cpu = middle(own, "jobs_per_second"), middle(own, "cpu_ms")
    faster = f"{middle(ours, 'jobs_per_second') / rate:.1f}" if ours else ""
    cheaper = f"{cpu / middle(ours, 'cpu_ms'):.1f}" if ours else ""
    return (
        contestant.name, f"{own[0]['jobs']:,}", spread(own, "jobs_per_second", 0),
        spread(own, "cpu_ms", 2), f"{middle(own, 'calls'):.2f}", faster, cheaper,
    )  # fmt: skip


def _image_table(found: Json) -> Iterable[str]:
    if not found["images"]:
        return
    others = list(NAMES.values())
    rows: list[Row] = []
    for megapixels in SIZES:
        for operation in OPERATIONS:
            runs = [
                r for r in found["images"] if (r["megapixels"], r["operation"]) == (megapixels, operation)
            ]
            ours = _of(runs, JOBFLEET)
            if ours:
                rows.append(
                    _image_row(f"{megapixels:g} MP {operation}", ours, [_of(runs, n) for n in others])
                )
    columns = ["images", f"{JOBFLEET}, images/s (min to max)", "CPU ms", "calls an image"]
    for name in others:
        columns += [f"{name}, images/s", "ratio", "CPU ms", "ratio"]
    yield f"### Image jobs, all cores\n\n{table(columns, rows)}"


def _image_row(what: str, ours: Sequence[Json], others: Sequence[Sequence[Json]]) -> Row:
    rate = middle(ours, "images_per_second")
    cpu = middle(ours, "cpu_ms")
    cells = [what, spread(ours, "images_per_second", 1), f"{cpu:.1f}", f"{middle(ours, 'calls'):.2f}"]
    for runs in others:
        if not runs:
            cells += [""] * 4
            continue
        other, its_cpu = middle(runs, "images_per_second"), middle(runs, "cpu_ms")
        cells += [f"{other:.1f}", f"{rate / other:.2f}", f"{its_cpu:.1f}", f"{its_cpu / cpu:.2f}"]
    return cells


def _memory(found: Json) -> Iterable[str]:
    memory = found["memory"]
    if memory:
        yield (
            f"### Memory\n\nOver {memory['jobs']:,} stats jobs the worker's {memory['processes']} processes "
            f"held {memory['early_mib']:.1f} MiB in the second tenth, {memory['late_mib']:.1f} MiB in the "
            f"last, {memory['peak_mib']:.1f} MiB at most: {memory['kib_per_1000_jobs']:+.1f} KiB for every "
            f"thousand jobs."
        )
