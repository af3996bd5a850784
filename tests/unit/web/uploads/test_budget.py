"""The memory that all uploads take together."""

import asyncio
from collections.abc import Awaitable

import pytest
from jobfleet_web.problems import Problem
from jobfleet_web.uploads.budget import Budget

MIB = 1024 * 1024


class Holder:
    """An upload that has its share until a test lets it go."""

    def __init__(self, budget: Budget, need: int) -> None:
        self.go, self.has = asyncio.Event(), False
        self.task = asyncio.create_task(self._hold(budget, need))

    async def _hold(self, budget: Budget, need: int) -> None:
        async with budget.share(need):
            self.has = True
            await self.go.wait()

    async def end(self) -> None:
        self.go.set()
        await self.task


async def settle() -> None:
    """Let all tasks go as far as they can."""
    for _ in range(20):
        await asyncio.sleep(0)


def run(test: Awaitable[None]) -> None:
    """Run a test's coroutine."""

    async def all_of_it() -> None:
        await test

    asyncio.run(all_of_it())


def test_who_needs_more_than_is_left_waits_until_it_is_given_back() -> None:
    async def test() -> None:
        budget = Budget(32 * MIB, 60)
        first, second = Holder(budget, 16 * MIB), Holder(budget, 16 * MIB)
        await settle()
        assert (first.has, second.has) == (True, False)
        await first.end()
        await settle()
        assert second.has
        await second.end()
        assert budget.taken == 0

    run(test())


def test_large_ones_leave_room_for_small_ones() -> None:
    async def test() -> None:
        budget = Budget(32 * MIB, 60)
        holders = [Holder(budget, 8 * MIB) for _ in range(10)]
        small = Holder(budget, MIB)
        await settle()
        assert sum(one.has for one in holders) == 3
        assert small.has
        for one in (*holders, small):
            one.go.set()
        await asyncio.gather(*(one.task for one in (*holders, small)))
        assert budget.taken == 0

    run(test())


def test_nobody_waits_for_ever() -> None:
    async def test() -> None:
        budget = Budget(16 * MIB, 0.01)
        holder = Holder(budget, 12 * MIB)
        await settle()
        with pytest.raises(Problem) as refused:
            async with budget.share(12 * MIB):
                pass
        assert refused.value.status == 503
        assert int(refused.value.headers["Retry-After"]) >= 1
        await holder.end()
        async with budget.share(12 * MIB):
            assert budget.taken == 12 * MIB

    run(test())


def test_one_that_gives_up_lets_the_next_pass() -> None:
    async def test() -> None:
        budget = Budget(16 * MIB, 60)
        first, second, third = (Holder(budget, size * MIB) for size in (8, 12, 4))
        await settle()
        assert (second.has, third.has) == (False, False)
        second.task.cancel()
        await settle()
        assert third.has
        for one in (first, third):
            await one.end()
        assert budget.taken == 0

    run(test())


def test_one_that_is_cancelled_just_when_it_is_let_in_gives_its_share_back() -> None:
    async def test() -> None:
        budget = Budget(16 * MIB, 60)
        first, second = Holder(budget, 12 * MIB), Holder(budget, 12 * MIB)
        await settle()
        first.go.set()
        for _ in range(20):
            if first.task.done():
                break
            await asyncio.sleep(0)
        second.task.cancel()
        await settle()
        assert budget.taken == 0

    run(test())


def test_one_that_gives_up_just_when_memory_is_given_back_is_told_so() -> None:
    async def test() -> None:
        budget = Budget(16 * MIB, 60)
        async with budget.share(12 * MIB) as share:
            waiting = Holder(budget, 12 * MIB)
            await settle()
            waiting.task.cancel()
            share.shrink(0)
            with pytest.raises(asyncio.CancelledError):
                await waiting.task
        assert budget.taken == 0

    run(test())


def test_what_is_not_needed_any_more_is_given_back_at_once() -> None:
    async def test() -> None:
        budget = Budget(16 * MIB, 60)
        async with budget.share(12 * MIB) as share:
            waiting = Holder(budget, 4 * MIB)
            await settle()
            assert not waiting.has
            share.shrink(8 * MIB)
            await settle()
            assert waiting.has
        await waiting.end()
        assert budget.taken == 0

    run(test())
