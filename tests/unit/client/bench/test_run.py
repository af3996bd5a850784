"""A scenario carried out in virtual time: what is sent in which order, what is measured, and its report."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
from jobfleet.bench.engine.loops import OnDone, Send
from jobfleet.bench.engine.samples import OK, Reply
from jobfleet.bench.report import BenchReport, make_report
from jobfleet.bench.run import ScenarioRun
from jobfleet.bench.scenario.scenario import Phase, Scenario

from tests.virtual_time import in_virtual_time

Delay = Callable[[int], float]


class ScriptedTarget:
    """Answers each request after a delay that depends on its number; notes when each came, in `log`."""

    def __init__(self, name: str, log: list[tuple[str, float]], delay: Delay, kind: str = OK) -> None:
        self.name, self._log, self._delay, self._kind = name, log, delay, kind
        self.count = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Send]:
        yield self._send

    async def _send(self) -> Reply:
        self.count = number = self.count + 1
        self._log.append((self.name, asyncio.get_running_loop().time()))
        await asyncio.sleep(self._delay(number))
        return Reply(self._kind, 10, f"i-{number % 2}")


class Watched:
    """What a progress bar would show."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int | None]] = []
        self.done = 0

    @contextmanager
    def __call__(self, words: str, total: int | None) -> Iterator[OnDone]:
        self.told.append((words, total))

        def on_done() -> None:
            self.done += 1

        yield on_done


def carried_out(scenario: Scenario, *delays: Delay, kind: str = OK) -> tuple[ScenarioRun, list[str], Watched]:
    """Carry out a scenario with a target for each delay: `a`, `b`, …; return whom each request went to."""
    log: list[tuple[str, float]] = []
    targets = [ScriptedTarget("ab"[place], log, delay, kind) for place, delay in enumerate(delays)]
    watched = Watched()
    run = ScenarioRun(scenario, targets, watched)
    in_virtual_time(run.go())
    return run, [name for name, _ in log], watched


def report_of(scenario: Scenario, *delays: Delay, kind: str = OK) -> BenchReport:
    return make_report(carried_out(scenario, *delays, kind=kind)[0].runs, interrupted=False, seed=1)


def jittered(base: float) -> Delay:
    """Return delays that go up and down by a tenth, always in the same way."""
    return lambda number: base * (1 + 0.1 * ((number * 7) % 11 - 5) / 5)


def test_each_phase_goes_to_each_target_in_turn_and_the_next_round_in_the_other_order() -> None:
    phases = Phase("x", requests=2, clients=1), Phase("p", pause=5.0), Phase("y", requests=1, clients=1)
    run, order, watched = carried_out(Scenario(phases, warm_up=3, rounds=2), jittered(0.01), jittered(0.01))
    assert "".join(order) == "aaabbb" + "aabb" + "ab" + "bbaa" + "ba"
    assert [(one.phase.name, one.target, one.round, len(one.samples)) for one in run.runs] == [
        ("x", "a", 1, 2), ("x", "b", 1, 2), ("y", "a", 1, 1), ("y", "b", 1, 1),
        ("x", "b", 2, 2), ("x", "a", 2, 2), ("y", "b", 2, 1), ("y", "a", 2, 1),
    ]  # fmt: skip
    assert watched.told[:4] == [("warm-up, a", 3), ("warm-up, b", 3), ("x, a", 2), ("x, b", 2)]
    assert ("pause of 5 s", None) in watched.told
    assert watched.done == 6 + 12
    after = next(one for one in run.runs if one.phase.name == "y")
    assert after.begun - run.runs[1].ended == pytest.approx(5.0)


def test_the_time_limit_ends_pauses_and_phases() -> None:
    phases = Phase("p", pause=100.0), Phase("y", requests=5, clients=1)
    run, order, _ = carried_out(Scenario(phases, warm_up=0, time_limit=10.0), jittered(0.01))
    assert order == []
    assert run.runs[0].begun == pytest.approx(10.0)


def test_what_was_measured_is_there_after_an_interruption() -> None:
    run = ScenarioRun(
        Scenario((Phase("x", requests=1_000, clients=2),), warm_up=0),
        [ScriptedTarget("a", [], lambda number: 0.1)],
        Watched(),
    )

    async def interrupted() -> None:
        task = asyncio.create_task(run.go())
        await asyncio.sleep(1.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    in_virtual_time(interrupted())
    (one,) = run.runs
    assert (len(one.samples), one.under_way) == (20, 2)
    (figures,) = make_report(run.runs, interrupted=True, seed=1).figures
    assert (figures.succeeded, figures.under_way) == (20, 2)
    assert figures.seconds == pytest.approx(1.05)


def test_the_report_has_the_figures_of_a_server_whose_times_are_known() -> None:
    report = report_of(Scenario((Phase("x", requests=1_000, clients=5),), warm_up=7), lambda number: 0.02)
    (one,) = report.figures
    assert (one.requests, one.succeeded, one.failed, one.bytes) == (1_000, 1_000, {}, 10_000)
    assert one.seconds == pytest.approx(4.0)
    assert one.throughput.value == pytest.approx(250.0)
    assert one.expected_interval == pytest.approx(0.02)
    assert one.share == {"i-0": 500, "i-1": 500}
    for latency in (one.measured, one.corrected):
        assert latency is not None
        assert latency.count == 1_000
        assert {name: found.value for name, found in latency.percentiles.items()} == pytest.approx(
            dict.fromkeys(("p50", "p90", "p95", "p99", "p99.9"), 0.02)
        )
    assert one.late is None
    assert report.differences == []


def test_an_open_loop_tells_how_late_requests_were_sent() -> None:
    (one,) = report_of(Scenario((Phase("x", requests=200, rate=100.0),)), jittered(0.02)).figures
    assert one.late is not None
    assert one.late["most"] == pytest.approx(0.0, abs=1e-6)
    assert one.expected_interval is None


def test_failures_are_counted_by_kind_and_are_in_no_time() -> None:
    report = report_of(Scenario((Phase("x", requests=50, clients=5),)), jittered(0.02), kind="status 503")
    (one,) = report.figures
    assert (one.requests, one.succeeded, one.failed) == (50, 0, {"status 503": 50})
    assert (one.measured, one.corrected, one.throughput.value) == (None, None, 0.0)
    assert "50 failed requests are in no percentile" in " ".join(report.notes)


ONE_ROUND = Scenario((Phase("x", requests=400, clients=4),), warm_up=0)
SIX_ROUNDS = Scenario((Phase("x", requests=100, clients=4),), warm_up=0, rounds=6)


@pytest.mark.parametrize("scenario", [ONE_ROUND, SIX_ROUNDS])
def test_two_targets_that_are_alike_have_no_verdict(scenario: Scenario) -> None:
    report = report_of(scenario, jittered(0.020), jittered(0.020))
    assert [(one.figure, one.verdict) for one in report.differences] == [
        (figure, "no difference can be told") for figure in ("requests/s", "p50", "p95")
    ]


def test_two_targets_that_differ_have_one_of_this_run_and_from_five_rounds_on_of_all() -> None:
    once = report_of(ONE_ROUND, jittered(0.020), jittered(0.030))
    assert [one.verdict for one in once.differences] == [
        "a was higher in this run", "a was quicker in this run", "a was quicker in this run",
    ]  # fmt: skip
    assert "use --rounds 5 or more" in " ".join(once.notes)
    often = report_of(SIX_ROUNDS, jittered(0.020), jittered(0.030))
    assert [one.verdict for one in often.differences] == ["a is higher", "a is quicker", "a is quicker"]


def test_a_difference_that_comes_and_goes_from_round_to_round_is_none() -> None:
    def changing(slow: set[int]) -> Delay:
        return lambda number: 0.03 if (number - 1) // 100 in slow else 0.02

    report = report_of(SIX_ROUNDS, changing({0, 2}), changing({1, 3, 4, 5}))
    assert {one.verdict for one in report.differences} == {"no difference can be told"}


def test_too_few_answers_have_no_bounds_and_say_so() -> None:
    report = report_of(Scenario((Phase("x", requests=20, clients=2),)), jittered(0.02))
    (one,) = report.figures
    assert one.measured is not None
    assert one.measured.percentiles["p50"].low is None
    assert "too few answers for confidence intervals" in " ".join(report.notes)


def test_the_report_is_json() -> None:
    report = report_of(ONE_ROUND, jittered(0.02), jittered(0.03))
    told = json.loads(json.dumps(report.to_json()))
    assert told["version"] == 1
    assert told["figures"][0]["measured"]["percentiles"]["p99"]["value"] > 0
