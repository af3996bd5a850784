import random
from itertools import chain, pairwise

import pytest
from jobfleet_scaling.simulate.workloads.generators import GENERATORS, SLOTS
from jobfleet_scaling.simulate.workloads.streams import pareto, poisson


@pytest.mark.parametrize("name", GENERATORS)
def test_a_workload_has_about_the_jobs_asked_for_in_order_and_the_same_for_a_seed(name: str) -> None:
    workload = GENERATORS[name](3_000)
    ticks = list(workload.ticks(10.0, 1))
    arrivals = list(chain.from_iterable(arrivals for arrivals, _ in ticks))
    # What is on and off by chance has other numbers with each seed.
    assert len(arrivals) == pytest.approx(3_000, rel=0.6 if name == "on-off" else 0.1)
    assert all(before <= at for before, at in pairwise(arrivals))
    assert all(number * 10 <= at <= number * 10 + 10 for number, (here, _) in enumerate(ticks) for at in here)
    assert all(seconds >= 0 for _, services in ticks for seconds in services)
    assert ticks == list(workload.ticks(10.0, 1))
    assert ticks != list(workload.ticks(10.0, 2))


@pytest.mark.parametrize("name", GENERATORS)
def test_a_workload_fits_into_the_hosts_that_it_suggests(name: str) -> None:
    workload = GENERATORS[name]()
    work = sum(sum(services) for _, services in workload.ticks(10.0, 1)) / SLOTS
    assert work < workload.maximum * workload.seconds


def test_a_poisson_variate_has_its_mean_and_variance() -> None:
    randoms = random.Random(1)  # noqa: S311 - the same numbers each time
    for mean in (0.0, 0.3, 20.0, 2_000.0):
        drawn = [poisson(randoms, mean) for _ in range(4_000)]
        middle = sum(drawn) / len(drawn)
        variance = sum((one - middle) ** 2 for one in drawn) / len(drawn)
        assert middle == pytest.approx(mean, abs=4 * (mean / 4_000) ** 0.5)
        assert variance == pytest.approx(mean, rel=0.15, abs=0.01)


def test_a_heavy_tail_is_mostly_short_and_has_its_longest() -> None:
    drawn = sorted(pareto(5.0)(random.Random(1), 50_000))  # noqa: S311 - the same numbers each time
    assert drawn[0] == pytest.approx(5 / 3, rel=0.01)
    assert drawn[25_000] < 3
    assert drawn[-1] > 500
    assert drawn[-1] <= 3_600
