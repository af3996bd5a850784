import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jobfleet_scaling.policy.figures import Bounds, Demand, Standing, Tuning
from jobfleet_scaling.policy.need import (
    ASSUMED_SERVICE_SECONDS,
    ASSUMED_SLOTS,
    SAMPLES_MAX,
    STEP,
    NeedPolicy,
)

WIDE = Bounds(0, 10_000)
TICK = 10.0


def demand(at: float = 0, visible: int = 0, in_flight: int = 0, *, seconds: float = 6.0) -> Demand:
    return Demand(at, visible, in_flight, service_seconds=seconds, slots=2.0)


def test_what_comes_in_and_a_backlog_to_clear_make_the_need() -> None:
    decision = NeedPolicy(Tuning(clear=60)).decide(demand(visible=100, in_flight=8), Standing(4), WIDE)
    # 108 jobs of 6 s on 2 slots each came in 120 s: 2.7; 100 of them wait, to be done within 60 s: 5.
    assert decision.need == pytest.approx(7.7)
    assert decision.wanted == 9


def test_jobs_that_a_worker_holds_beyond_its_slots_wait() -> None:
    decision = NeedPolicy(Tuning(clear=60)).decide(demand(in_flight=22), Standing(1), WIDE)
    assert decision.need == pytest.approx(22 * 6 / (2 * 120) + 20 * 6 / (2 * 60))


def test_hosts_that_leave_still_work_on_what_they_have() -> None:
    decision = NeedPolicy().decide(demand(in_flight=8), Standing(1, leaving=3), WIDE)
    assert decision.need == pytest.approx(8 * 6 / (2 * 120))


def test_a_job_takes_no_more_than_one_slot_however_long_it_takes() -> None:
    decision = NeedPolicy().decide(demand(visible=8, seconds=3_600), Standing(0), WIDE)
    assert decision.need == pytest.approx(4)


def test_steady_work_keeps_as_many_hosts_as_it_takes_and_few_more() -> None:
    policy = NeedPolicy()
    # Jobs come as fast as 16 slots do them: 8 hosts.
    looks = [policy.decide(demand(tick * TICK, in_flight=16), Standing(9), WIDE) for tick in range(30)]
    assert {look.wanted for look in looks} == {9}
    assert looks[-1].need == pytest.approx(8)


def test_one_message_wakes_a_fleet_from_nothing() -> None:
    assert NeedPolicy().decide(demand(visible=1, seconds=0.001), Standing(0), WIDE).wanted == 1


def test_the_last_host_stays_a_window_longer_than_the_last_job() -> None:
    policy = NeedPolicy(Tuning(window=60, boot=20))
    told = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    have, wanted = 1, []
    for tick, visible in enumerate(told):
        have = policy.decide(demand(tick * TICK, visible, seconds=0.001), Standing(have), WIDE).wanted
        wanted.append(have)
    assert wanted == [1, 1, 1, 1, 1, 1, 1, 0, 0, 0]


@pytest.mark.parametrize("unknown", [0.0, -1.0, math.nan, math.inf])
def test_what_nobody_knows_yet_is_assumed_and_then_remembered(unknown: float) -> None:
    policy = NeedPolicy()
    nothing_known = Demand(0, visible=240, in_flight=0, service_seconds=unknown, slots=unknown)
    both = 240 * (1 / 120 + 1 / 60)
    need = policy.decide(nothing_known, Standing(0), WIDE).need
    assert need == pytest.approx(ASSUMED_SERVICE_SECONDS / ASSUMED_SLOTS * both)
    policy = NeedPolicy()
    policy.decide(Demand(0, 240, 0, service_seconds=2.0, slots=4.0), Standing(0), WIDE)
    later = Demand(10, visible=240, in_flight=0, service_seconds=unknown, slots=unknown)
    assert policy.decide(later, Standing(0), WIDE).need == pytest.approx(2 / 4 * both)


def test_it_grows_by_steps_and_counts_what_boots() -> None:
    policy = NeedPolicy()
    have, wanted = 0, []
    for tick in range(6):
        decision = policy.decide(demand(tick * TICK, visible=2_400), Standing(0, booting=have), WIDE)
        have = decision.wanted
        wanted.append(have)
    # 2,400 jobs of 6 s on two slots: 60 hosts within 120 s, 120 more within 60 s, and spare ones.
    assert wanted == [10, 30, 70, 150, 182, 182]
    assert STEP == 10


def test_it_shrinks_to_the_most_of_half_a_boot_and_never_below_what_is_at_work() -> None:
    policy = NeedPolicy(Tuning(window=20, boot=40))
    have, wanted = 9, []
    for tick, in_flight in enumerate([16, 16, 16, 4, 4, 4, 4, 0, 0, 0, 0, 0, 0]):
        have = policy.decide(demand(tick * TICK, in_flight=in_flight), Standing(have), WIDE).wanted
        wanted.append(have)
    assert wanted[:4] == [9, 9, 9, 9]
    assert wanted[6] == 3
    assert wanted[-1] == 0
    assert wanted == sorted(wanted, reverse=True)


def test_it_keeps_what_there_is_until_it_has_seen_a_whole_window() -> None:
    policy = NeedPolicy(Tuning(window=40, boot=10))
    kept = [policy.decide(demand(tick * TICK), Standing(5), WIDE).wanted for tick in range(6)]
    assert kept == [5, 5, 5, 5, 0, 0]
    told = NeedPolicy(Tuning(window=40, boot=10), [(-5.0, 0.0)])
    assert [told.decide(demand(tick * TICK), Standing(5), WIDE).wanted for tick in range(2)] == [5, 0]


def test_a_policy_goes_on_where_another_stopped() -> None:
    first = NeedPolicy()
    for tick in range(30):
        first.decide(demand(tick * TICK, in_flight=16), Standing(9), WIDE)
    samples = first.samples()
    assert samples[-1] == (290, pytest.approx(8))
    assert len(samples) == 12
    # Half a minute later, by a clock that is 5 s behind; and one that was told nothing.
    second, blank = NeedPolicy(samples=samples), NeedPolicy()
    now = demand(315, in_flight=16)
    assert second.decide(now, Standing(9), WIDE).need == pytest.approx(8, rel=0.1)
    assert blank.decide(now, Standing(9), WIDE).need < 1
    ahead = NeedPolicy(samples=[(400.0, 8.0)])
    assert ahead.decide(now, Standing(9), WIDE).need == pytest.approx(8)
    assert [at for at, _ in ahead.samples()] == [315, 315]


def test_a_policy_with_a_long_window_hands_on_few_samples() -> None:
    day = Tuning(window=86_400.0)
    first = NeedPolicy(day)
    for tick in range(3 * SAMPLES_MAX):
        first.decide(demand(tick * TICK, in_flight=16), Standing(9), WIDE)
    assert SAMPLES_MAX / 2 <= len(first.samples()) <= SAMPLES_MAX
    last = (3 * SAMPLES_MAX - 1) * TICK
    assert first.samples()[-1][0] == last
    now = demand(last + TICK, in_flight=16)
    few, all_of_them = (
        NeedPolicy(day, samples).decide(now, Standing(9), WIDE).need
        for samples in (first.samples(), first._arriving.samples)
    )
    assert few == pytest.approx(all_of_them, rel=0.05)


def test_nothing_shrinks_or_grows_while_demand_cannot_be_read() -> None:
    policy = NeedPolicy(Tuning(window=20, boot=40))
    policy.decide(demand(0, in_flight=10), Standing(5), WIDE)
    for _ in range(10):
        assert policy.decide(None, Standing(4, booting=1), WIDE).wanted == 5
    # It looks anew for half a boot first.
    assert policy.decide(demand(500), Standing(5), WIDE).wanted == 5
    assert policy.decide(demand(510), Standing(5), WIDE).wanted == 5
    later = [policy.decide(demand(at), Standing(5), WIDE).wanted for at in (530, 550, 570)]
    assert later == [2, 0, 0]


def test_errors_of_counts_even_out() -> None:
    randoms, policy = random.Random(1), NeedPolicy()  # noqa: S311 - the same numbers each time
    needs = []
    for tick in range(300):
        counted = round(200 * (0.9 + 0.2 * randoms.random()))
        needs.append(policy.decide(demand(tick * TICK, in_flight=counted), Standing(110), WIDE).need)
    assert 95 < sum(needs[20:]) / len(needs[20:]) < 105


@pytest.mark.parametrize(
    ("bounds", "standing", "wanted", "words"),
    [
        (Bounds(0, 6), Standing(0), 6, "6 is the maximum"),
        (Bounds(40, 50), Standing(0), 40, "40 is the minimum"),
        (Bounds(3, 2), Standing(9), 2, "2 is the maximum"),
        (Bounds(0, -1), Standing(3), 0, "0 is the maximum"),
    ],
)
def test_bounds_hold_and_it_says_so(bounds: Bounds, standing: Standing, wanted: int, words: str) -> None:
    decision = NeedPolicy().decide(demand(visible=1_000), standing, bounds)
    assert decision.wanted == wanted
    assert words in decision.why


counts = st.integers(0, 5_000)
looks = st.lists(
    st.tuples(st.floats(0.1, 60), counts, counts, st.floats(0, 100), st.booleans()), min_size=1, max_size=40
)


@settings(deadline=None)
@given(looks, st.integers(0, 50), st.integers(0, 500), st.integers(0, 300))
def test_whatever_comes_bounds_hold_and_nobody_at_work_is_sent_away(
    told: list[tuple[float, int, int, float, bool]], least: int, more: int, have: int
) -> None:
    policy, at, bounds = NeedPolicy(), 0.0, Bounds(least, least + more)
    for seconds, visible, in_flight, service, is_read in told:
        at += seconds
        # What is in flight is in the slots of hosts that are there.
        in_hand = min(in_flight, have * 2)
        now = Demand(at, visible, in_hand, service, slots=2.0) if is_read else None
        decision = policy.decide(now, Standing(have), bounds)
        assert bounds.minimum <= decision.wanted <= bounds.maximum
        assert decision.wanted >= min(math.ceil(in_hand / 2) if is_read else have, bounds.maximum)
        assert decision.wanted <= max(2 * have + STEP, bounds.minimum)
        have = decision.wanted


@settings(deadline=None)
@given(st.lists(st.tuples(counts, counts), max_size=20), st.floats(0, 600), st.integers(0, 1_000))
def test_it_reaches_nothing_soon_after_the_last_job(
    told: list[tuple[int, int]], window: float, have: int
) -> None:
    policy, at = NeedPolicy(Tuning(window=window)), 0.0
    for visible, in_flight in told:
        at += TICK
        have = policy.decide(demand(at, visible, in_flight), Standing(have), WIDE).wanted
    for _ in range(math.ceil(window / TICK) + 5):
        at += TICK
        have = policy.decide(demand(at), Standing(have), WIDE).wanted
    assert have == 0
    assert policy.decide(demand(at + TICK), Standing(0), WIDE).wanted == 0
