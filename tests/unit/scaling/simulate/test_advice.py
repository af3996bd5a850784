import random

import pytest
from jobfleet_scaling.documents.configuration import HostGroup, ScalingConfiguration
from jobfleet_scaling.policy.figures import Tuning
from jobfleet_scaling.simulate import advice
from jobfleet_scaling.simulate.advice import DAY_SECONDS, WEEK_SECONDS, Advice, advise
from jobfleet_scaling.simulate.workloads.files import BadArrivals

GROUPS = [HostGroup("workers", "template", "1")]


def set_to(minimum: int, maximum: int, **more: float) -> ScalingConfiguration:
    return ScalingConfiguration(minimum, maximum, GROUPS, tuning=Tuning(**more))


def office_hours(jobs: int, days: int = 2) -> list[float]:
    randoms = random.Random(1)  # noqa: S311 - the same numbers each time
    return [
        day * DAY_SECONDS + 9 * 3_600 + randoms.random() * 3_600
        for day in range(days)
        for _ in range(jobs // days)
    ]


def told(jobs: list[float], configuration: ScalingConfiguration) -> Advice:
    return advise(jobs, configuration, service_seconds=2.0, slots=2.0, price=0.1)


def test_proposals_are_cheaper_or_quicker_than_what_is_set() -> None:
    found = told(office_hours(300), set_to(0, 6))
    assert found.now.settings() == (0, 6, 120, 60)
    assert found.jobs == found.all_jobs == 300
    assert found.proposals
    assert [one.cost for one in found.proposals] == sorted(one.cost for one in found.proposals)
    assert all(one.cost < found.now.cost or one.p95 < found.now.p95 for one in found.proposals)
    assert found == told(office_hours(300), set_to(0, 6))


def test_hosts_that_always_stay_are_paid_the_whole_week() -> None:
    found = told([100.0, 200.0, 300.0], set_to(2, 6))
    assert found.now.hours == pytest.approx(2 * WEEK_SECONDS / 3_600, rel=0.01)
    assert found.now.cost == pytest.approx(found.now.hours * 0.1)
    cheapest = found.proposals[0]
    assert cheapest.minimum == 0
    assert cheapest.hours < 1


def test_a_fleet_that_is_too_small_is_told_so() -> None:
    busy = office_hours(5_000, days=1)
    found = told(busy, set_to(0, 1))
    assert max(one.maximum for one in found.proposals) == 2
    assert min(one.p95 for one in found.proposals) < found.now.p95 / 2


def test_a_lab_gives_no_more_than_its_limit() -> None:
    lab = ScalingConfiguration(0, 8, GROUPS, lab_max_instances=9)
    found = told(office_hours(5_000, days=1), lab)
    assert all(one.maximum <= 9 for one in found.proposals)


def test_a_busy_week_is_thinned_to_some_of_its_days(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = office_hours(2_400, days=4)
    every = told(jobs, set_to(0, 6))
    monkeypatch.setattr(advice, "MOST_JOBS", 1_300)
    few = told(jobs, set_to(0, 6))
    assert (every.jobs, every.days) == (2_400, 7)
    assert (few.jobs, few.all_jobs) == (pytest.approx(1_200, rel=0.1), 2_400)
    assert few.days == pytest.approx(3.5)
    assert few.now.hours == pytest.approx(every.now.hours, rel=0.15)


def test_without_jobs_there_is_no_advice() -> None:
    with pytest.raises(BadArrivals, match="last week has no job"):
        told([], set_to(0, 6))
