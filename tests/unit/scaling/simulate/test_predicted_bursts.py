"""What the benchmark of deployed hosts compares with: how long the simulator says that a burst takes."""

import pytest
from jobfleet_scaling.simulate.engine.world import World

from benchmarks.scaling.hosts import predicted


@pytest.mark.parametrize("boot", [8.0, 15.0, 21.0])
@pytest.mark.parametrize(("jobs", "rounds"), [(1, 1), (2, 1), (3, 2), (10, 5)])
def test_one_host_does_two_jobs_at_a_time_when_it_has_booted(boot: float, jobs: int, rounds: int) -> None:
    world = World(maximum=1, boot=(boot, boot), count_error=0.0)
    assert predicted(jobs, world, 5.0) == (boot + 5.0 * rounds, 1)
