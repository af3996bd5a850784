"""A scenario carried out: phase by phase, with each target in turn."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Protocol

from jobfleet.bench.engine.loops import OnDone, Send, send_phase
from jobfleet.bench.engine.own_cpu import OwnCpu, watching_cpu
from jobfleet.bench.engine.precise_loop import make_loop
from jobfleet.bench.engine.samples import Reply, Samples
from jobfleet.bench.scenario.scenario import Phase, Scenario

SEED = 1

PIECE_SECONDS = 0.5


class BenchTarget(Protocol):
    """What is measured. `name` is how reports call it."""

    name: str

    def open(self) -> AbstractAsyncContextManager[Send]:
        """Give what sends one request and returns what came of it."""


# Called with what is under way and how many requests it will be, None where that is not known. Gives what is
# called after each.
Watch = Callable[[str, int | None], AbstractContextManager[OnDone]]


@dataclass
class PhaseRun:
    """One phase with one target, as far as it went. `begun` and `ended` are the loop's clock, in seconds."""

    phase: Phase
    target: str
    round: int
    at: datetime
    samples: Samples = field(default_factory=Samples)
    begun: float = 0.0
    ended: float = 0.0
    never_sent: int = 0
    cpu: OwnCpu = field(default_factory=OwnCpu)

    @property
    def under_way(self) -> int:
        """How many requests were begun whose end was not waited for."""
        return self.samples.begun - len(self.samples)


class ScenarioRun:
    """Carries out a scenario; `runs` has what was measured so far, also after Ctrl-C."""

    def __init__(
        self, scenario: Scenario, targets: Sequence[BenchTarget], watch: Watch, seed: int = SEED
    ) -> None:
        self._scenario, self._targets, self._watch = scenario, targets, watch
        self._seed = seed
        self.runs: list[PhaseRun] = []
        self.interrupted = False

    def run(self) -> None:
        """Do all of it in an event loop of its own. Ctrl-C ends it early."""
        try:
            with asyncio.Runner(loop_factory=make_loop) as runner:
                runner.run(self.go())
        except KeyboardInterrupt:
            self.interrupted = True

    async def go(self) -> None:
        """Do all of it in the running loop."""
        end = asyncio.get_running_loop().time() + self._scenario.time_limit
        for target in self._targets:
            await self._warm_up(target, end)
        for number in range(self._scenario.rounds):
            targets = self._targets if number % 2 == 0 else list(reversed(self._targets))
            for place, phase in enumerate(self._scenario.phases):
                if phase.pause:
                    await self._pause(phase, end)
                    continue
                for target in targets:
                    # Equal gaps for every target, others in each phase and round.
                    chance = Random(f"{self._seed} {number} {place}")  # noqa: S311 - no secret
                    await self._one(phase, target, number + 1, chance, end)

    async def _warm_up(self, target: BenchTarget, end: float) -> None:
        count = self._scenario.warm_up
        if not count:
            return
        phase = Phase("warm-up", requests=count, clients=min(count, 10))
        with self._watch(f"warm-up, {target.name}", count) as on_done:
            async with target.open() as send:
                await send_phase(phase, send, Samples(), Random(0), end=end, on_done=on_done)  # noqa: S311

    async def _pause(self, phase: Phase, end: float) -> None:
        clock = asyncio.get_running_loop().time
        over = min(clock() + phase.pause, end)
        with self._watch(f"pause of {phase.pause:g} s", None):
            # In pieces: on Windows, a loop that sleeps hears of Ctrl-C only when it wakes.
            while (left := over - clock()) > 0:
                await asyncio.sleep(min(left, PIECE_SECONDS))

    async def _one(self, phase: Phase, target: BenchTarget, number: int, chance: Random, end: float) -> None:
        loop = asyncio.get_running_loop()
        run = PhaseRun(phase, target.name, number, datetime.now(UTC))
        with self._watch(f"{phase.name}, {target.name}", phase.expected) as on_done:
            async with target.open() as send:
                self.runs.append(run)
                run.begun = run.ended = loop.time()
                try:
                    async with watching_cpu(run.cpu):
                        run.never_sent = await send_phase(
                            phase, send, run.samples, chance, end=end, on_done=on_done
                        )
                finally:
                    run.ended = loop.time()


def try_once(target: BenchTarget) -> Reply:
    """Send one request that is not measured, and return what came of it."""

    async def once() -> Reply:
        async with target.open() as send:
            return await send()

    with asyncio.Runner(loop_factory=make_loop) as runner:
        return runner.run(once())
