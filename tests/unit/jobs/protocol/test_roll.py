from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jobfleet_jobs.protocol.heartbeat import Heartbeat
from jobfleet_jobs.protocol.names import heartbeat_key
from jobfleet_jobs.protocol.roll import ENTRY_PERIOD_SECONDS, OnRoll, call_roll, one_of_each_offer, roll_key

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def seconds(count: float) -> datetime:
    return NOW + timedelta(seconds=count)


def heartbeat(worker: str = "i-1", **more: Any) -> Heartbeat:
    return Heartbeat(worker, **{"version": "0.1.0+ab.c", "offer": {"operations": ["stats"]}, **more})


@pytest.mark.parametrize("worker", ["i-0abc", "a.b_c-d", "x.json"])
@pytest.mark.parametrize(
    ("more", "state"),
    [({}, "alive"), ({"paused": "credentials"}, "paused"), ({"paused": "x", "stopped": True}, "stopped")],
)
def test_the_listing_tells_how_a_worker_is(worker: str, more: dict[str, Any], state: str) -> None:
    told = heartbeat(worker, **more)
    (found,) = call_roll([(roll_key(told), NOW), (heartbeat_key(worker), seconds(60))])
    assert (found.worker, found.at, found.state, found.version) == (worker, seconds(60), state, "0.1.0+ab.c")


def test_of_several_entries_the_last_counts_and_of_one_second_none() -> None:
    alive, stopped = roll_key(heartbeat()), roll_key(heartbeat(stopped=True))
    for when, state in ((-1, "stopped"), (0, None), (1, "alive")):
        listed = [(alive, seconds(when)), (stopped, NOW), (heartbeat_key("i-1"), seconds(1))]
        assert [one.state for one in call_roll(listed)] == [state]


def test_what_an_earlier_version_left_or_a_later_one_writes_is_to_be_read() -> None:
    late = seconds(ENTRY_PERIOD_SECONDS + 700)
    listed = [
        (heartbeat_key("old"), NOW),
        (roll_key(heartbeat("back")), NOW), (heartbeat_key("back"), late),
        (heartbeat_key("new"), NOW), ("workers/new/moon/1/2", NOW), ("workers/new/alive", NOW),
        (roll_key(heartbeat("gone")), NOW),
    ]  # fmt: skip
    assert call_roll(listed) == [OnRoll("old", NOW), OnRoll("back", late), OnRoll("new", NOW)]


def test_one_heartbeat_tells_the_offer_of_all_with_its_mark() -> None:
    alike = [heartbeat(f"i-{n}", version=f"{n}") for n in range(3)]
    other = heartbeat("i-3", offer={"operations": ["stats", "shine"]})
    listed = [(roll_key(one), NOW) for one in (*alike, other)]
    listed += [(heartbeat_key(f"i-{n}"), seconds(n % 3)) for n in range(6)]
    chosen = one_of_each_offer(call_roll(listed))
    assert sorted(one.worker for one in chosen) == ["i-2", "i-3", "i-4", "i-5"]
