"""A run from the command line: progress while it goes on, then the report, the samples and the plots."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobfleet.cli.invocation import Invocation
from jobfleet.errors import BadOutput, FleetError, SomeFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobfleet.bench.engine.loops import OnDone
    from jobfleet.bench.report import BenchReport
    from jobfleet.bench.run import BenchTarget, PhaseRun
    from jobfleet.bench.scenario.scenario import Scenario

    # Adds CloudWatch's figures, when all is measured.
    Adding = Callable[[Sequence[PhaseRun]], Mapping[str, Any] | None]


def carry_out(
    invocation: Invocation, scenario: "Scenario", targets: "Sequence[BenchTarget]",
    options: Mapping[str, Any], adding: "Adding | None" = None,
) -> None:  # fmt: skip
    """Carry out a scenario and report it. After Ctrl-C, report what was measured by then.

    Raises `KeyboardInterrupt` after that, and `SomeFailed` if no request succeeded.
    """
    from jobfleet.bench.report import make_report
    from jobfleet.bench.run import ScenarioRun

    csv_file, plots = _places(options)
    whole = ScenarioRun(scenario, targets, _watch(invocation), options["seed"])
    failure: BaseException | None = None
    try:
        whole.run()
    except ExceptionGroup as problem:
        failure = _first_of(problem)
    report = make_report(whole.runs, interrupted=whole.interrupted, seed=options["seed"])
    if adding and not whole.interrupted and not failure:
        report = _with_cloudwatch(invocation, report, lambda: adding(whole.runs))
    # Whatever ended it: what was measured by then is told.
    _show(invocation, report)
    _write(invocation, whole.runs, report, csv_file, plots)
    if failure:
        raise failure
    if whole.interrupted:
        raise KeyboardInterrupt
    if not any(one.succeeded for one in report.figures):
        raise SomeFailed("no request succeeded, so there are no times; the report says how they failed")


def _with_cloudwatch(
    invocation: Invocation, report: "BenchReport", read: "Callable[[], Mapping[str, Any] | None]"
) -> "BenchReport":
    """Return the report with CloudWatch's figures; without them, and a note, if AWS does not give any."""
    try:
        with invocation.in_words():
            return replace(report, cloudwatch=read())
    except FleetError as problem:
        invocation.output.say(f"note: CloudWatch's figures are missing: {problem}")
        return report


def _first_of(problem: BaseException) -> BaseException:
    """Return what a loop ended with: all that one of its tasks raised is wrapped."""
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    return problem


def _places(options: Mapping[str, Any]) -> tuple[Path | None, Path | None]:
    """Return where samples and plots go. Raises `BadOutput` now, not after an hour of measuring."""
    from jobfleet.files.outputs import writable

    csv_file = Path(options["csv_file"]) if options["csv_file"] is not None else None
    plots = Path(options["plots"]) if options["plots"] is not None else None
    if csv_file:
        writable(csv_file)
    if plots:
        try:
            plots.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as problem:
            raise BadOutput(f"--plots {plots}: the folder cannot be made: {problem}") from problem
        writable(plots / "latency.png")
    return csv_file, plots


def _watch(invocation: Invocation) -> Any:
    output = invocation.output

    @contextmanager
    def watch(words: str, total: int | None) -> "Iterator[OnDone]":
        if total is None:
            with output.waiting(words):
                yield lambda: None
        else:
            with output.progress(words, total) as advance:
                yield lambda: advance(1)

    return watch


def _show(invocation: Invocation, report: "BenchReport") -> None:
    if invocation.as_json:
        sys.stdout.write(json.dumps(report.to_json()) + "\n")
        sys.stdout.flush()
    elif report.figures:
        from jobfleet.cli.commands.bench.report_text import show_report

        show_report(report)
    for words in report.notes:
        invocation.output.say(f"note: {words}")


def _write(
    invocation: Invocation, runs: "Sequence[PhaseRun]", report: "BenchReport", csv_file: Path | None,
    plots: Path | None,
) -> None:  # fmt: skip
    try:
        if csv_file:
            from jobfleet.bench.csv_file import write_csv

            write_csv(csv_file, runs)
            invocation.output.say(f"samples: {csv_file}")
        if plots:
            from jobfleet.bench.plots import draw

            draw(plots, runs, report.figures)
            invocation.output.say(f"plots: {plots}")
    except OSError as problem:
        raise BadOutput(f"the samples or plots cannot be written: {problem}") from problem
