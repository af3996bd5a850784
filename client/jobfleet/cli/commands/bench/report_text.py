"""The report for people: tables, and what has to be known beside them."""

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from jobfleet.cli.terminal.tables import show_table
from jobfleet.human_text import plain, size

if TYPE_CHECKING:
    from jobfleet.bench.report import BenchReport, Latency, PhaseFigures
    from jobfleet.bench.statistics.intervals import Interval

_NAMES = ("p50", "p90", "p95", "p99", "p99.9")
_TARGET_MAX = 48
_NUMBERS = frozenset({"requests", "failed", "requests/s", "bytes", "mean", "most", *_NAMES})

HOW_CLOSED = (
    "Closed loop: `as measured` lacks the requests that waiting clients did not send (coordinated omission). "
    "`corrected` adds them, as HdrHistogram does; it is worked out, not measured."
)
HOW_OPEN = (
    "Open loop: `as measured` counts from when a request was sent, `corrected` from when it was due. "
    "Both are measured; defend `corrected`."
)


def show_report(report: "BenchReport") -> None:
    """Write the report to stdout."""
    headers = ("phase", "target", "loop", "requests", "failed", "requests/s", "bytes")
    show_table(headers, [_row(one) for one in report.figures], _NUMBERS)
    _line("", "Milliseconds until the answer, with the bounds of p50 and p95 at 95 % confidence:", "")
    columns = ("phase", "target", "times", *_NAMES, "mean", "most")
    show_table(columns, [row for one in report.figures for row in _times(one)], _NUMBERS)
    _line("", *_how(report))
    for lines in (_failures(report), _shares(report), _comparison(report)):
        _line(*lines)
    for one in report.figures:
        late = f"; requests were sent at most {_ms(one.late['most'])} ms late" if one.late else ""
        _line(f"own CPU, {_name(one)}: {one.cpu_share:.0%} of a core{late}")
    if report.cloudwatch:
        for found in report.cloudwatch["balancers"]:
            _cloudwatch(report, found)
    sys.stdout.flush()


def _line(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def _name(one: "PhaseFigures") -> str:
    return f"{one.phase}, {_short(one.target)}"


def _short(target: str) -> str:
    shown = plain(target)
    return shown if len(shown) <= _TARGET_MAX else f"…{shown[1 - _TARGET_MAX :]}"


def _row(one: "PhaseFigures") -> tuple[str, ...]:
    rate = _bounded(one.throughput, 1.0)
    failed = f"{sum(one.failed.values()):,}"
    return one.phase, _short(one.target), one.loop, f"{one.requests:,}", failed, rate, size(one.bytes)


def _times(one: "PhaseFigures") -> Iterable[tuple[str, ...]]:
    for words, latency in (("as measured", one.measured), ("corrected", one.corrected)):
        yield one.phase, _short(one.target), words, *_cells(latency)


def _cells(latency: "Latency | None") -> Iterable[str]:
    if latency is None:
        return ("-",) * (len(_NAMES) + 2)
    cells = [
        _bounded(latency.percentiles[name], 1000.0) if name in ("p50", "p95")
        else _ms(latency.percentiles[name].value)
        for name in _NAMES
    ]  # fmt: skip
    return *cells, _ms(latency.mean), _ms(latency.most)


def _ms(seconds: float) -> str:
    return _digits(seconds * 1000)


def _digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _bounded(found: "Interval", factor: float) -> str:
    value = _digits(found.value * factor)
    if found.low is None or found.high is None:
        return value
    return f"{value} ({_digits(found.low * factor)} to {_digits(found.high * factor)})"


def _how(report: "BenchReport") -> Iterable[str]:
    loops = {one.loop.partition(",")[0] for one in report.figures}
    if "closed" in loops:
        yield HOW_CLOSED
    if "open" in loops:
        yield HOW_OPEN


def _failures(report: "BenchReport") -> Iterable[str]:
    for one in report.figures:
        if one.failed:
            told = ", ".join(f"{plain(kind, 60)} {count:,}" for kind, count in one.failed.items())
            yield f"failed, {_name(one)}: {told}"


def _shares(report: "BenchReport") -> Iterable[str]:
    for one in report.figures:
        if total := sum(one.share.values()):
            told = ", ".join(f"{name} {count / total:.1%}" for name, count in one.share.items())
            yield f"share, {_name(one)}: {told}"


def _comparison(report: "BenchReport") -> Iterable[str]:
    for one in report.differences:
        factor = 1.0 if one.figure == "requests/s" else 1000.0
        yield (
            f"{one.figure}, {one.phase}: {_short(one.first)} {_bounded(one.first_interval, factor)}, "
            f"{_short(one.second)} {_bounded(one.second_interval, factor)}: {_verdict(one.verdict)}"
        )


def _verdict(words: str) -> str:
    target, space, rest = words.partition(" ")
    return f"{_short(target)}{space}{rest}" if "://" in target else words


def _cloudwatch(report: "BenchReport", found: Mapping[str, Any]) -> None:
    whole = (
        f"CloudWatch had it all {found['lag']:.0f} s after the run"
        if found["complete"]
        else f"CloudWatch had not all of it {found['waited']:.0f} s after the run"
    )
    _line(
        "",
        f"{whole}. It counts everybody's requests, from {found['from']} to {found['to']};",
        "its times are those of the balancer's targets, in the slowest minute, in milliseconds:",
    )
    rows = [("measured here", _name(one), *_ours(one)) for one in report.figures]
    rows.append(("balancer", plain(found["name"], 60), *_theirs(found["balancer"])))
    rows += [("target group", plain(name, 60), *_theirs(one)) for name, one in found["groups"].items()]
    headers = ("who", "of what", "requests", "2xx", "4xx", "5xx", "mean", "p50", "p90", "p95", "p99")
    show_table(headers, rows, frozenset(headers[2:]))


def _ours(one: "PhaseFigures") -> Iterable[str]:
    by_class = {
        kind: sum(count for name, count in one.failed.items() if name.startswith(f"status {kind}"))
        for kind in "45"
    }
    counts = (one.requests, one.succeeded, by_class["4"], by_class["5"])
    if one.measured is None:
        return *map(str, counts), *("-",) * 5
    times = [one.measured.percentiles[name].value for name in ("p50", "p90", "p95", "p99")]
    return *(f"{count:,}" for count in counts), _ms(one.measured.mean), *map(_ms, times)


def _theirs(found: Mapping[str, float]) -> Iterable[str]:
    def count(*names: str) -> str:
        got = [found[name] for name in names if name in found]
        return f"{sum(got):,.0f}" if got else "-"

    times = (found.get(f"TargetResponseTime {name}") for name in ("Average", "p50", "p90", "p95", "p99"))
    return (
        count("RequestCount"), count("HTTPCode_Target_2XX_Count"),
        count("HTTPCode_Target_4XX_Count", "HTTPCode_ELB_4XX_Count"),
        count("HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count"),
        *("-" if value is None else _ms(value) for value in times),
    )  # fmt: skip
