"""A run is held against what is known of queues, and against what must hold whatever comes."""

from collections.abc import Callable, Iterator
from math import exp, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jobfleet_scaling.policy.figures import Bounds, Demand, ScalingDecision, Standing
from jobfleet_scaling.policy.need import NeedPolicy
from jobfleet_scaling.simulate.compare import simulate
from jobfleet_scaling.simulate.contestants.roster import CONTESTANTS, SHIPPED
from jobfleet_scaling.simulate.engine.run import Contestant, SimulationRun
from jobfleet_scaling.simulate.engine.world import World
from jobfleet_scaling.simulate.workloads.files import workload_of
from jobfleet_scaling.simulate.workloads.streams import SimulatedWorkload, exponential, random_ticks

EXACT = World(boot=(60.0, 60.0), count_error=0.0)
# The course's loop, step scaling and target tracking may leave the last jobs lying for hours.
FINISHING = [CONTESTANTS[name] for name in ("shipped", "need", "need-root", "idle-timer", "keda", "fixed")]


class Told:
    """Wants what it is told for a time."""

    def __init__(self, wanted: Callable[[float], int]) -> None:
        self._wanted = wanted
        self.seen: list[tuple[Demand, Standing]] = []

    def decide(self, demand: Demand | None, standing: Standing, _bounds: Bounds) -> ScalingDecision:
        assert demand is not None
        self.seen.append((demand, standing))
        return ScalingDecision(self._wanted(demand.at), 0.0, "")


def told(wanted: Callable[[float], int], *, kills: bool = False) -> Contestant:
    policy = Told(wanted)
    return Contestant("told", lambda: policy, kills=kills)


def run_of(
    world: World, contestant: Contestant, jobs: list[tuple[float, float]], ticks: int
) -> SimulationRun:
    run = SimulationRun(world, contestant)
    for number in range(ticks):
        here = [(at, seconds) for at, seconds in jobs if number * 10 <= at < number * 10 + 10]
        run.tick([at for at, _ in here], [seconds for _, seconds in here])
    return run


def erlang_c(servers: int, load: float) -> float:
    """Return the chance that a job waits, with so many servers and Erlangs (by Erlang B's recursion)."""
    blocked = 1.0
    for number in range(1, servers + 1):
        blocked = load * blocked / (number + load * blocked)
    return servers * blocked / (servers - load * (1 - blocked))


@pytest.mark.parametrize(("hosts", "use"), [(1, 0.5), (2, 0.8), (10, 0.9), (100, 0.95)])
def test_waits_of_a_fixed_fleet_are_those_of_erlang_c(hosts: int, use: float) -> None:
    servers, mean, runs = 2 * hosts, 5.0, 10
    load = servers * use
    chance, empties = erlang_c(servers, load), (servers - load) / mean
    seconds = 40_000 / (load / mean)
    jobs = SimulatedWorkload(
        "poisson", "", seconds, hosts, random_ticks(lambda _at: load / mean, exponential(mean), seconds)
    )
    world = World(minimum=hosts, maximum=hosts, boot=(0.0, 0.0), tick=500.0)
    fixed = CONTESTANTS["fixed"]
    means, tails = [], []
    for seed in range(runs):
        run = SimulationRun(world, fixed, seed)
        for arrivals, services in jobs.ticks(world.tick, seed):
            run.tick(arrivals, services)
        means.append(run.waits.mean())
        tails.append(run.waits.longer_than(2.0))
    for found, known in ((means, chance / empties), (tails, chance * exp(-empties * 2.0))):
        middle = sum(found) / runs
        error = sqrt(sum((one - middle) ** 2 for one in found) / (runs - 1) / runs)
        # Four standard errors of the mean; the seeds are fixed, so it does not fail by chance.
        assert abs(middle - known) < 4 * error + 0.001


def test_a_job_waits_for_the_boot_and_no_longer() -> None:
    run = run_of(EXACT, told(lambda _at: 1), [(1.0, 5.0)], 10)
    assert run.waits.count == 1
    assert run.waits.mean() == pytest.approx(59)


def test_a_host_is_paid_by_the_second_and_a_minute_at_least() -> None:
    short = run_of(EXACT, told(lambda at: int(at < 30)), [], 20)
    assert short.hosts.paid_seconds == 60
    long = run_of(EXACT, told(lambda at: int(at < 130)), [], 20)
    assert long.hosts.paid_seconds == 130
    stays = run_of(EXACT, told(lambda _at: 3), [], 20)
    stays.finish()
    assert stays.hosts.paid_seconds == 3 * 200


def test_a_cordoned_host_ends_what_it_began_and_begins_nothing() -> None:
    # Two jobs of 100 s begin at 60 s; at 80 s the host is to leave, and a third one comes.
    jobs = [(1.0, 100.0), (2.0, 100.0), (85.0, 1.0)]
    run = run_of(EXACT, told(lambda at: int(at < 80)), jobs, 30)
    assert (run.kills, run.waits.count, run.left()) == (0, 2, 1)
    assert run.hosts.paid_seconds == 160


def test_a_host_that_was_to_leave_stays_if_it_is_wanted_again() -> None:
    wanted = told(lambda at: 0 if 80 <= at < 100 else 1)
    run = run_of(EXACT, wanted, [(1.0, 100.0), (2.0, 100.0), (105.0, 1.0)], 30)
    assert (run.hosts.launches, run.waits.count, run.left()) == (1, 3, 0)


def test_a_killed_job_is_done_again_and_its_wait_goes_on() -> None:
    run = run_of(EXACT, told(lambda at: int(not 80 <= at < 90), kills=True), [(1.0, 50.0)], 40)
    # Begun at 60 and killed at 80; seen again at 140; the new host is up at 150.
    assert (run.kills, run.waits.count, run.left()) == (1, 1, 0)
    assert run.waits.mean() == pytest.approx(149)


def test_what_is_killed_counts_as_in_flight_until_it_is_visible_again() -> None:
    contestant = told(lambda at: int(at < 80), kills=True)
    run_of(EXACT, contestant, [(1.0, 50.0)], 20)
    policy = contestant.make()
    assert isinstance(policy, Told)
    counts = {demand.at: (demand.visible, demand.in_flight) for demand, _ in policy.seen}
    assert [counts[at] for at in (0, 50, 70, 80, 90, 130, 150)] == [
        (0, 0), (1, 0), (0, 1), (0, 1), (0, 1), (0, 1), (1, 0),
    ]  # fmt: skip


def test_the_service_time_is_unknown_until_a_job_is_done() -> None:
    contestant = told(lambda _at: 1)
    run_of(EXACT, contestant, [(1.0, 45.0)], 20)
    policy = contestant.make()
    assert isinstance(policy, Told)
    seconds = {demand.at: demand.service_seconds for demand, _ in policy.seen}
    assert [seconds[at] for at in (90, 110, 120)] == [0, 0, pytest.approx(45)]


def test_refused_launches_and_hosts_that_never_come_up_are_made_good() -> None:
    world = World(boot=(60.0, 60.0), refused=0.5, stillborn=0.5, life=600.0)
    run = run_of(world, told(lambda _at: 4), [(float(at), 5.0) for at in range(1_000)], 200)
    assert run.hosts.refusals > 3
    assert run.hosts.launches > 8
    assert (run.waits.count, run.left()) == (1_000, 0)


def test_metrics_are_late_and_counts_are_inexact() -> None:
    late = told(lambda _at: 0)
    late_run = Contestant("late", late.make, lags=True)
    run_of(World(count_error=0.0), late_run, [(1.0, 5.0)] * 100, 10)
    policy = late.make()
    assert isinstance(policy, Told)
    assert [demand.visible for demand, _ in policy.seen] == [0] * 7 + [100] * 3
    inexact = told(lambda _at: 0)
    run_of(World(count_error=0.1), inexact, [(1.0, 5.0)] * 100, 10)
    policy = inexact.make()
    assert isinstance(policy, Told)
    visible = {demand.visible for demand, _ in policy.seen[1:]}
    assert len(visible) > 3
    assert all(90 <= count <= 110 for count in visible)


jobs = st.lists(st.tuples(st.floats(0, 3_000), st.floats(0.01, 400)), min_size=1, max_size=60)
worlds = st.builds(
    World,
    slots=st.integers(1, 4),
    minimum=st.integers(0, 2),
    maximum=st.integers(2, 12),
    refused=st.sampled_from([0.0, 0.3]),
    stillborn=st.sampled_from([0.0, 0.3]),
    life=st.sampled_from([0.0, 900.0]),
    hold=st.sampled_from([0, 10]),
)


@settings(max_examples=40, deadline=None)
@given(jobs, worlds, st.sampled_from(FINISHING), st.integers(0, 5))
def test_no_job_is_lost_and_the_same_seed_gives_the_same(
    came: list[tuple[float, float]], world: World, contestant: Contestant, seed: int
) -> None:
    workload = workload_of("any", came)
    (found,) = simulate(world, workload, [contestant], seed)
    assert found.jobs == len(came)
    assert found.left == 0
    assert found.kills == 0 or contestant.kills
    assert simulate(world, workload, [contestant], seed) == [found]


@settings(max_examples=25, deadline=None)
@given(jobs, worlds)
def test_the_shipped_policy_does_all_jobs_kills_none_and_ends_at_the_minimum(
    came: list[tuple[float, float]], world: World
) -> None:
    run = SimulationRun(world, CONTESTANTS[SHIPPED])
    for arrivals, services in ticks_of(came, world.tick):
        run.tick(arrivals, services)
        assert sum(vars(run.standing()).values()) - run.standing().leaving <= world.maximum
    for _ in range(3_000):
        run.tick([], [])
    assert (run.waits.count, run.left(), run.kills) == (len(came), 0, 0)
    if not (world.life or world.stillborn or world.refused):
        assert run.standing() == Standing(world.minimum)


def ticks_of(came: list[tuple[float, float]], tick: float) -> Iterator[tuple[list[float], list[float]]]:
    yield from workload_of("any", [(at, seconds) for at, seconds in came]).ticks(tick, 0)


def test_the_simulator_has_the_policy_that_ships() -> None:
    assert isinstance(CONTESTANTS[SHIPPED].make(), NeedPolicy)
