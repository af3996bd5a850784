"""Requests that compute: a bounded number, beside an event loop that goes on."""

import asyncio
import hashlib
import threading
from collections.abc import Callable, Iterator

import httpx
import pytest
from jobfleet_web.instance.cpu_work import ROUNDS

from tests.patience import patience
from tests.web_bench import Site

Make = Callable[..., Site]


class Gate:
    """Stands for the computing itself, and lets nobody through before it is opened."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.rounds: list[int] = []

    def compute(self, name: str, password: bytes, salt: bytes, rounds: int) -> bytes:
        self.rounds.append(rounds)
        assert self.opened.wait(patience(20))
        return b""


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Computing that waits."""
    one = Gate()
    monkeypatch.setattr(hashlib, "pbkdf2_hmac", one.compute)
    yield one
    one.opened.set()


@pytest.mark.parametrize(("query", "rounds"), [("", ROUNDS), ("?rounds=1", 1), ("?rounds=200000", 200_000)])
def test_it_computes_and_says_who_did(site: Make, query: str, rounds: int) -> None:
    made = site(balanced=True, instance="i-1", prefixes=("/cluster1",))
    answer = made.get(f"/cluster1/work{query}")
    assert answer.json() == {**made.get("/whoami").json(), "rounds": rounds}
    assert made.cpu_work == ["done"]


def test_as_many_rounds_are_done_as_were_asked_for(site: Make, gate: Gate) -> None:
    gate.opened.set()
    site(balanced=True).get("/work?rounds=7")
    assert gate.rounds == [7]


@pytest.mark.parametrize("rounds", ["0", "200001", "-1", "1.5", "x", "", "\u0661", "9" * 30])
def test_a_number_of_rounds_that_is_none_is_refused(site: Make, rounds: str) -> None:
    answer = site(balanced=True).get("/work", params={"rounds": rounds})
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:jobfleet:problem:bad-rounds")
    assert answer.json()["value"] == rounds
    assert "200,000" in answer.json()["mend"]


def test_where_no_balancer_stands_in_front_nobody_can_have_it_compute(site: Make) -> None:
    assert site().get("/work").status_code == 404


def test_so_many_wait_and_the_next_are_told_to_come_again_while_all_else_goes_on(
    site: Make, gate: Gate
) -> None:
    made = site(balanced=True, waiting_max=3)

    async def crowd() -> tuple[httpx.Response, httpx.Response, list[int]]:
        async with made.client() as client:
            most = made.cpu.cores + 3
            held = [asyncio.ensure_future(client.get("/work")) for _ in range(most)]
            await made.until(lambda: made.cpu.held == most)
            async with asyncio.timeout(patience(5)):
                refused, healthy = await client.get("/work"), await client.get("/healthz")
            gate.opened.set()
            return refused, healthy, [one.status_code for one in await asyncio.gather(*held)]

    refused, healthy, statuses = made.run(crowd())
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:jobfleet:problem:cpu-busy")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert healthy.status_code == 200
    assert set(statuses) == {200}
    assert made.cpu.held == 0
    assert sorted(made.cpu_work) == ["done"] * len(statuses) + ["refused"]


def test_for_a_sender_that_has_gone_nothing_is_computed(site: Make, gate: Gate) -> None:
    made = site(balanced=True)
    gone = asyncio.Event()

    async def leave() -> None:
        async with made.client() as client:
            held = [asyncio.ensure_future(client.get("/work?rounds=1")) for _ in range(made.cpu.cores)]
            await made.until(lambda: made.cpu.held == made.cpu.cores)
            leaving = asyncio.ensure_future(made.cpu.derive(2, asyncio.ensure_future(_waiting(gone))))
            await made.until(lambda: made.cpu.held == made.cpu.cores + 1)
            gone.set()
            await asyncio.wait([leaving])
            assert made.cpu.held == made.cpu.cores
            gate.opened.set()
            await asyncio.gather(*held)
            await client.get("/work?rounds=3")

    made.run(leave())
    assert set(gate.rounds) == {1, 3}
    assert made.cpu_work.count("left") == 1


async def _waiting(event: asyncio.Event) -> None:
    await event.wait()
