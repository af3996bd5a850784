"""The requests that are held at a time."""

import asyncio
from collections.abc import Callable

import pytest
from jobfleet_web.door.head import Head
from jobfleet_web.door.waiting_room import WaitingRoom
from jobfleet_web.problems import Problem

from tests.set_clock import Clock
from tests.web_bench import ScriptedWork, Site

UPLOAD = "/api/v1/upload?operation=greyscale"
HELD = Head("POST", "/api/v1/upload", {}, None)


def full(places: int, clock: Clock) -> WaitingRoom:
    """Return a room with no place left."""
    room = WaitingRoom(places, clock)
    assert all(room.enter(HELD) for _ in range(places))
    return room


def test_the_next_one_is_told_when_to_come_again_by_the_pace_of_the_last_minute() -> None:
    clock = Clock()
    room = full(40, clock)
    for _ in range(10):  # one answer every half second
        clock.now += 0.5
        room.leave(200)
        room.enter(HELD)
    with pytest.raises(Problem) as refused:
        room.enter(HELD)
    assert refused.value.status == 429
    assert refused.value.headers == {"Retry-After": "20"}  # 40 held, two answers a second


def test_a_place_that_is_given_back_is_taken_again() -> None:
    room = full(2, Clock())
    room.leave(200)
    assert room.enter(HELD)
    with pytest.raises(Problem):
        room.enter(HELD)


def test_refusals_do_not_count_as_answers() -> None:
    clock = Clock()
    room = full(3, clock)
    for _ in range(50):
        clock.now += 0.01
        room.leave(400)
        room.enter(HELD)
    assert room.retry_after() == 60


def test_where_nothing_was_answered_for_a_minute_the_longest_time_is_told() -> None:
    clock = Clock()
    room = full(3, clock)
    room.leave(200)
    clock.now += 61
    assert room.retry_after() == 60


@pytest.mark.parametrize(
    "head",
    [Head("GET", path, {}, None) for path in ("/", "/api/v1/fleet", "/healthz", "/api/v1/jobs/x")]
    + [Head("POST", "/api/v1/batches", {}, None)],
)
def test_reading_needs_no_place(head: Head) -> None:
    assert not full(1, Clock()).enter(head)


def test_a_full_room_answers_429_and_reading_goes_on(site: Callable[..., Site]) -> None:
    made = site(ScriptedWork(gate=asyncio.Event()), waiting_max=2)

    async def crowd() -> tuple[list[int], int]:
        async with made.client() as client:
            files = {"f": ("a.png", b"x")}
            sent = [asyncio.create_task(client.post(UPLOAD, files=files)) for _ in range(2)]
            await made.until(lambda: len(made.work.waits) == 2)
            refused = await client.post(UPLOAD, files=files)
            assert int(refused.headers["retry-after"]) > 0
            reading = await client.get("/nowhere")
            assert made.work.gate
            made.work.gate.set()
            held = [one.status_code for one in await asyncio.gather(*sent)]
            again = await client.post(UPLOAD, files=files)
            return [refused.status_code, *held, again.status_code], reading.status_code

    assert made.run(crowd()) == ([429, 200, 200, 200], 404)
