"""A scenario: phases in their order, each a closed loop, an open loop, or a pause."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jobfleet.errors import BadInput
from jobfleet.human_text import many

# Bounds, so that a slip of the finger is no attack, and all samples fit into memory (36 bytes each).
CLIENTS_MAX = 500
RATE_MAX = 2_000.0
REQUESTS_MAX = 1_000_000
SECONDS_MAX = 3_600.0
PHASES_MAX, ROUNDS_MAX = 50, 20

CLIENTS, REQUESTS, WARM_UP = 10, 1_000, 10


@dataclass(frozen=True)
class Phase:
    """One step of a scenario, done with each target in turn.

    With `rate`, an open loop: so many requests a second at chance times (Poisson), whether or not others were
    answered. Else a closed loop of `clients`, each of which sends again once it has its answer. It ends after
    so many `requests`, or after `duration` seconds, whichever is first. With `pause` nothing is sent for so
    many seconds.
    """

    name: str
    requests: int | None = None
    duration: float | None = None
    clients: int | None = None
    rate: float | None = None
    pause: float = 0.0

    @property
    def loop(self) -> str:
        """How it sends, in words."""
        return f"open, {self.rate:g}/s" if self.rate else f"closed, {many(self.clients or CLIENTS, 'client')}"

    @property
    def expected(self) -> int | None:
        """How many requests it will be, as far as that is known before."""
        if self.rate and self.duration:
            most = round(self.rate * self.duration)
            return min(most, self.requests) if self.requests else most
        return self.requests

    def check(self) -> None:
        """Raise `BadInput` for what is out of bounds or contradicts itself."""
        _bounded(self.name, "clients", self.clients, CLIENTS_MAX)
        _bounded(self.name, "rate", self.rate, RATE_MAX)
        _bounded(self.name, "requests", self.requests, REQUESTS_MAX)
        _bounded(self.name, "duration", self.duration, SECONDS_MAX)
        _bounded(self.name, "pause", self.pause or None, SECONDS_MAX)
        sends = (self.requests, self.duration, self.clients, self.rate)
        if self.pause and any(value is not None for value in sends):
            raise BadInput(f"phase {self.name}: a pause sends nothing; make it a phase of its own")
        if not self.pause and self.requests is None and self.duration is None:
            raise BadInput(f"phase {self.name}: give requests, duration, or both; else it would never end")
        if self.clients is not None and self.rate is not None:
            raise BadInput(f"phase {self.name}: give clients (closed loop) or rate (open loop), but not both")
        if (self.expected or 0) > REQUESTS_MAX:
            raise BadInput(f"phase {self.name}: at most {REQUESTS_MAX:,} requests; lower rate or duration")


@dataclass(frozen=True)
class Scenario:
    """Phases, done `rounds` times, each round with the targets in the other order.

    `warm_up` requests go to each target before, and are not measured. After `time_limit` seconds no request
    is begun any more.
    """

    phases: Sequence[Phase]
    warm_up: int = WARM_UP
    rounds: int = 1
    time_limit: float = SECONDS_MAX

    def check(self) -> None:
        """Raise `BadInput` for what is out of bounds."""
        for phase in self.phases:
            phase.check()
        if not 1 <= len(self.phases) <= PHASES_MAX or all(phase.pause for phase in self.phases):
            raise BadInput(
                f"a scenario has 1 to {PHASES_MAX} phases, one of which sends; this has {len(self.phases)}"
            )
        _bounded("scenario", "rounds", self.rounds, ROUNDS_MAX)
        _bounded("scenario", "time_limit", self.time_limit, SECONDS_MAX)
        _bounded("scenario", "warm_up", self.warm_up or None, REQUESTS_MAX)
        names = [phase.name for phase in self.phases if not phase.pause]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise BadInput(f"two phases are called {twice}: give each a name of its own")

    def with_clients(self, clients: Sequence[int]) -> "Scenario":
        """Return it with clients for closed loops that name none: each such phase once for each number."""
        phases: list[Phase] = []
        for phase in self.phases:
            if phase.pause or phase.rate or phase.clients:
                phases.append(phase)
            elif len(clients) == 1:
                phases.append(replace(phase, clients=clients[0]))
            else:
                phases += [
                    replace(phase, clients=count, name=f"{phase.name}, {many(count, 'client')}")
                    for count in clients
                ]
        return replace(self, phases=tuple(phases))


def _bounded(where: str, name: str, value: float | None, most: float) -> None:
    if value is not None and not 0 < value <= most:
        place = where if where == "scenario" else f"phase {where}"
        shown = f"{value:,}" if isinstance(value, int) else f"{value:g}"
        raise BadInput(f"{place}: {name} is {shown}; it must be above 0 and at most {most:,.0f}")
