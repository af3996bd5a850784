"""What came out, as the tables in docs/benchmarks.md."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.load.contestants import NAMES
from benchmarks.load.measure import CLIENTS, RATE_CPU, RATE_TRUTH
from benchmarks.telling.page import middle, not_measured, spread, table

# What its place on the page is called.
FIGURES = "load figures"

# What the load generator is meant to reach.
AIM_SHARE, AIM_NEAR = 2 / 3, 0.02

Json = dict[str, Any]

_WHO = {
    "planned": "planned: whoever comes at any time",
    "log": "the server's own log of the open loop",
    "open": f"jobfleet bench, open loop, {RATE_TRUTH}/s",
    "closed, as measured": f"jobfleet bench, closed loop, {CLIENTS} clients, as measured",
    "closed, corrected": "the same, corrected",
    "wrk": f"wrk, {CLIENTS} connections (corrects by itself; has no p95 and no p99.9)",
    "locust": f"locust, {CLIENTS} users",
}


def tables(found: Json) -> str:
    """Return the figures as markdown."""
    parts = [_about(found), *_aims(found), *_limits(found), *_truth(found)]
    return "\n\n".join([*parts, *not_measured(found["absent"])])


def _about(found: Json) -> str:
    about = found["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items() if version)
    return (
        f"Measured {about['date'][:10]} on {about['cores']} cores ({about['processor']}), {about['system']}, "
        f"Python {about['python']}, at {about['commit']}; load average {about['load_before']:.1f} before the "
        f"run, {found['load_after']:.1f} after. {versions}."
    )


def _aims(found: Json) -> Iterable[str]:
    rows = []
    if found["at_500"]:
        share = middle(found["at_500"], "share")
        what = f"share of a core at {RATE_CPU} requests/s"
        rows.append((what, f"at most {AIM_SHARE:.2f}", f"{share:.2f}", "yes" if share <= AIM_SHARE else "no"))
        late = [f"{middle(found['at_500'], f'late_{name}') * 1000:.2f}" for name in ("p50", "p99")]
        rows.append(("the same: how late requests are sent, p50 and p99", "", f"{' and '.join(late)} ms", ""))
    by_who = {one["who"]: one for one in found["truth"]}
    if "open" in by_who:
        worst = max(abs(_ratio(by_who, name) - 1) for name in NAMES)
        adds = (by_who["open"]["p50"] - by_who["log"]["p50"]) * 1000
        rows.append(("what the generator and the network add to an answer, p50", "", f"{adds:.2f} ms", ""))
        what = "percentiles of the open loop beside the server's own, largest difference"
        rows.append((what, f"at most {AIM_NEAR:.0%}", f"{worst:.1%}", "yes" if worst <= AIM_NEAR else "no"))
    if rows:
        yield "### What the load generator was meant to reach\n\n" + table(
            ("what", "aim", "measured", "met"), rows
        )


def _ratio(by_who: Mapping[str, Json], name: str) -> float:
    return float(by_who["open"][name]) / float(by_who["log"][name])


def _limits(found: Json) -> Iterable[str]:
    rows: list[Sequence[str]] = []
    for who in ("jobfleet bench", "wrk", "locust"):
        own = [run for run in found["limits"] if run["who"] == who]
        if own:
            rows.append((who, spread(own, "rate", 0), spread(own, "cpu_ms", 3)))
    if rows:
        columns = (f"who, {CLIENTS} at a time", "requests/s (min to max)", "CPU ms a request (min to max)")
        yield f"### The generator's own limit, before nginx\n\n{table(columns, rows)}"


def _truth(found: Json) -> Iterable[str]:
    rows = [
        (_WHO[one["who"]], *(f"{one[name] * 1000:,.1f}" if name in one else "" for name in NAMES))
        for one in found["truth"]
    ]
    if rows:
        yield f"### Percentiles before a server that stalls, in ms\n\n{table(('who', *NAMES), rows)}"
