from jobfleet_scaling.policy.figures import Tuning
from jobfleet_scaling.policy.need import NeedPolicy
from jobfleet_scaling.simulate.compare import SimulationOutcome, averages, dominated_by, simulate, with_bound
from jobfleet_scaling.simulate.contestants.roster import CLAIRVOYANT, CONTESTANTS, SHIPPED
from jobfleet_scaling.simulate.engine.run import Contestant
from jobfleet_scaling.simulate.engine.world import World
from jobfleet_scaling.simulate.tables import text_of, verdict
from jobfleet_scaling.simulate.workloads.generators import bursts, steady


def outcome(
    policy: str, cost: float = 1.0, p95: float = 1.0, *, seed: int = 1, kills: int = 0
) -> SimulationOutcome:
    return SimulationOutcome("w", policy, seed, 10, cost, cost, 0.0, p95, p95, 0.0, kills, 3, 2, 0)


def test_means_over_seeds_have_sums_of_what_must_not_happen() -> None:
    (found,) = averages([outcome("p", 1, 2, seed=1, kills=3), outcome("p", 3, 4, seed=2, kills=4)])
    assert (found.cost, found.p95, found.kills, found.seed) == (2, 3, 7, 2)


def test_a_policy_is_dominated_by_what_is_no_worse_and_in_one_respect_better() -> None:
    one = outcome("one", 2, 2)
    others = [
        outcome("same", 2, 2),
        outcome("cheap", 1, 2),
        outcome("slow", 1, 3),
        outcome(CLAIRVOYANT, 1, 1),
    ]
    assert dominated_by(one, [one, *others]) == ["cheap"]


def test_every_policy_does_the_same_jobs() -> None:
    world, workload = World(maximum=10), bursts(600)
    found = simulate(world, workload, list(CONTESTANTS.values()), seed=1)
    assert {one.jobs for one in found} == {600}
    assert {one.policy: one.kills > 0 for one in found} == {
        name: one.kills for name, one in CONTESTANTS.items()
    } | {"course": next(one.kills for one in found if one.policy == "course") > 0}


def test_the_clairvoyant_bound_is_no_dearer_than_any_that_waits_no_longer() -> None:
    workload = bursts(600)
    found = with_bound(World(maximum=workload.maximum), workload, list(CONTESTANTS.values()), seed=1)
    by_name = {one.policy: one for one in found}
    bound, shipped = by_name[CLAIRVOYANT], by_name[SHIPPED]
    assert bound.cost <= shipped.cost
    assert bound.p95 <= shipped.p95 + 0.05
    assert all(bound.cost <= one.cost for one in found if one.p95 <= shipped.p95)


def test_the_shipped_policy_is_on_the_front_and_near_the_bound_and_kills_nothing() -> None:
    # What docs/benchmarks.md shows for ten seeds and all workloads, in small.
    for workload in (steady(), bursts()):
        found = with_bound(World(maximum=workload.maximum), workload, list(CONTESTANTS.values()), seed=3)
        by_name = {one.policy: one for one in found}
        shipped = by_name[SHIPPED]
        assert dominated_by(shipped, found) == []
        assert shipped.cost <= 1.3 * by_name[CLAIRVOYANT].cost
        assert (shipped.kills, shipped.left) == (0, 0)


def test_a_longer_time_to_clear_a_backlog_costs_less_and_waits_longer() -> None:
    workload = bursts(6_000)
    quick, thrifty = (
        Contestant(str(clear), lambda clear=clear: NeedPolicy(Tuning(clear=clear)))  # type: ignore[misc]
        for clear in (30.0, 600.0)
    )
    first, second = simulate(World(maximum=500), workload, [quick, thrifty], seed=1)
    assert first.cost > second.cost
    assert first.p95 < second.p95


def test_a_table_says_how_the_shipped_policy_stands() -> None:
    outcomes = [outcome(SHIPPED, 2, 2), outcome("other", 1, 1), outcome(CLAIRVOYANT, 1.6, 2)]
    text = text_of("title", outcomes)
    assert text.splitlines()[0] == "title"
    assert "shipped costs 1.25 times the clairvoyant bound at its p95" in text
    assert "cheaper and faster than shipped: other" in text
    assert verdict([outcome("other")]) == []
