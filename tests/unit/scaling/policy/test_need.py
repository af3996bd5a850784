import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jobfleet_scaling.policy.figures import Bounds, Demand, Standing, Tuning
from jobfleet_scaling.policy.need import ASSUMED_SERVICE_SECONDS, ASSUMED_SLOTS, STEP, NeedPolicy

WIDE = Bounds(0, 10_000)
TICK = 10.0


def demand(at: float = 0, visible: int = 0, in_flight: int = 0, *, seconds: float = 6.0) -> Demand:
    return Demand(at, visible, in_flight, service_seconds=seconds, slots=2.0)


def test_jobs_in_hand_and_a_backlog_to_clear_make_the_need() -> None:
    decision = NeedPolicy(Tuning(clear=60)).decide(demand(visible=100, in_flight=8), Standing(4), WIDE)
    # 8 ÷ 2 at work, and 100 jobs of 6 s within 60 s on 2 slots each: 5
    assert decision.need == pytest.approx(9)
    assert decision.wanted == 12


def test_jobs_that_a_worker_holds_beyond_its_slots_wait() -> None:
    decision = NeedPolicy(Tuning(clear=60)).decide(demand(in_flight=22), Standing(1), WIDE)
    assert decision.need == pytest.approx(1 + 20 * 6 / (2 * 60))


def test_hosts_that_leave_still_work_on_what_they_have() -> None:
    decision = NeedPolicy().decide(demand(in_flight=8), Standing(1, leaving=3), WIDE)
    assert decision.need == pytest.approx(4)


def test_one_message_wakes_a_fleet_from_nothing() -> None:
    assert NeedPolicy().decide(demand(visible=1, seconds=0.001), Standing(0), WIDE).wanted == 1


@pytest.mark.parametrize("unknown", [0.0, -1.0, math.nan, math.inf])
def test_what_nobody_knows_yet_is_assumed_and_then_remembered(unknown: float) -> None:
    policy = NeedPolicy()
    nothing_known = Demand(0, visible=240, in_flight=0, service_seconds=unknown, slots=unknown)
    assumed = 240 * ASSUMED_SERVICE_SECONDS / (ASSUMED_SLOTS * 60)
    assert policy.decide(nothing_known, Standing(0), WIDE).need == pytest.approx(assumed)
    policy.decide(Demand(10, 240, 0, service_seconds=2.0, slots=4.0), Standing(0), WIDE)
    later = Demand(20, visible=240, in_flight=0, service_seconds=unknown, slots=unknown)
    assert policy.decide(later, Standing(0), WIDE).need == pytest.approx(240 * 2 / (4 * 60))


def test_it_grows_by_steps_and_counts_what_boots() -> None:
    policy = NeedPolicy()
    have, wanted = 0, []
    for tick in range(6):
        decision = policy.decide(demand(tick * TICK, visible=3_000), Standing(0, booting=have), WIDE)
        have = decision.wanted
        wanted.append(have)
    # 3,000 jobs of 6 s within 60 s are 150 hosts, and their square root comes on top.
    assert wanted == [10, 30, 70, 150, 163, 163]
    assert STEP == 10


def test_it_shrinks_to_the_greatest_need_of_the_window_and_then_to_nothing() -> None:
    policy = NeedPolicy(Tuning(window=40))
    have, wanted = 8, []
    for tick, in_flight in enumerate([16, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0]):
        have = policy.decide(demand(tick * TICK, in_flight=in_flight), Standing(have), WIDE).wanted
        wanted.append(have)
    assert wanted == [11, 11, 11, 11, 11, 6, 6, 0, 0, 0, 0, 0]


def test_it_keeps_what_there_is_until_it_has_seen_a_whole_window() -> None:
    policy = NeedPolicy(Tuning(window=40))
    kept = [policy.decide(demand(tick * TICK), Standing(5), WIDE).wanted for tick in range(6)]
    assert kept == [5, 5, 5, 5, 0, 0]


def test_a_policy_goes_on_where_another_stopped() -> None:
    first = NeedPolicy(Tuning(window=40))
    for tick in range(4):
        first.decide(demand(tick * TICK, in_flight=2), Standing(5), WIDE)
    # The clock of the next one is 5 s behind.
    second = NeedPolicy(Tuning(window=40), first.samples())
    assert second.decide(demand(25), Standing(5), WIDE).wanted == 5
    assert second.decide(demand(40), Standing(5), WIDE).wanted == 2
    assert [at for at, _ in second.samples()] == [0, 10, 20, 25, 25, 40]


def test_nothing_shrinks_or_grows_while_demand_cannot_be_read() -> None:
    policy = NeedPolicy(Tuning(window=20))
    policy.decide(demand(0, in_flight=10), Standing(5), WIDE)
    for _ in range(10):
        assert policy.decide(None, Standing(4, booting=1), WIDE).wanted == 5
    # What was needed before the silence counts until the window has passed since it ended.
    assert policy.decide(demand(500), Standing(5), WIDE).wanted == 5
    assert policy.decide(demand(520), Standing(5), WIDE).wanted == 0


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


@given(st.lists(st.tuples(counts, counts), max_size=20), st.floats(0, 600), st.integers(0, 1_000))
def test_it_reaches_nothing_one_window_after_the_last_job(
    told: list[tuple[int, int]], window: float, have: int
) -> None:
    policy, at = NeedPolicy(Tuning(window=window)), 0.0
    for visible, in_flight in told:
        at += TICK
        have = policy.decide(demand(at, visible, in_flight), Standing(have), WIDE).wanted
    for _ in range(math.ceil(window / TICK) + 2):
        at += TICK
        have = policy.decide(demand(at), Standing(have), WIDE).wanted
    assert have == 0
    assert policy.decide(demand(at + TICK), Standing(0), WIDE).wanted == 0
