"""The engine: all load balancers of a cloud, and the thread that keeps them as they are to be."""

import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from localcloud.balancers.checking import TargetChecks
from localcloud.balancers.haproxy.requests_log import ServedRequest
from localcloud.balancers.health import Health, HealthOf
from localcloud.balancers.model import Balancer, TargetName
from localcloud.turns import TurnTaker

# What is told as a failure is final to whoever waits for a balancer. So a port that is about to be free, and
# a proxy that was too slow to start, are tried again before (`HaProxy` does so after 5 seconds).
_FAILED_AFTER_SECONDS = 8.0


class Proxy(Protocol):
    """What carries the requests."""

    def bring(self, balancers: list[Balancer], health: HealthOf) -> dict[str, str]:
        """Make it balance like this; return the balancers, by ARN, that cannot listen, and why."""

    def stop(self) -> None:
        """End it, and what it carries."""

    def served(self) -> Iterator[ServedRequest]:
        """Yield the requests that have ended since the last call."""


class BalancerEngine:
    """Keeps load balancers as they are to be. Safe for several threads."""

    def __init__(self, wanted: Callable[[], list[Balancer]], real: Callable[[float], float]) -> None:
        """Ask `wanted` what is to be; `real` says how long AWS's seconds are. Nothing moves as yet."""
        self._wanted = wanted
        self._checks = TargetChecks(self.now, real)
        self._proxy: Proxy | None = None
        self._problems: dict[str, str] = {}
        self._problem_since: dict[str, float] = {}
        self._balancers: list[Balancer] = []
        self._turns = TurnTaker("load balancers", self.turn)

    def now(self) -> float:
        """Return seconds since some moment, which never go back."""
        return time.monotonic()

    def start(self, proxy: Proxy | None) -> None:
        """Begin, in a thread of its own."""
        self._proxy = proxy
        self._turns.start()

    def stop(self) -> None:
        """Close all ports."""
        self._turns.stop()
        self._checks.stop()
        if self._proxy is not None:
            self._proxy.stop()

    def wake(self) -> None:
        """Look at the balancers soon: something has changed."""
        self._turns.wake()

    def health(self, group: str, target: TargetName) -> Health | None:
        """Return what is known of a target of a group; None before its first check has begun."""
        return self._checks.health(group, target)

    def is_active(self, balancer: str) -> bool:
        """Tell whether a balancer listens."""
        return any(one.arn == balancer for one in self._balancers) and balancer not in self._problems

    def problem(self, balancer: str) -> str | None:
        """Return why a balancer cannot listen; None if it can, or may soon."""
        since = self._problem_since.get(balancer)
        if since is None or self.now() - since < _FAILED_AFTER_SECONDS:
            return None
        return self._problems.get(balancer)

    def balancers(self) -> list[Balancer]:
        """Return the balancers as they are."""
        return list(self._balancers)

    def served(self) -> list[ServedRequest]:
        """Return the requests that have ended since the last call. Called by one thread."""
        return list(self._proxy.served()) if self._proxy is not None else []

    def summary(self) -> list[dict[str, Any]]:
        """Return what people want to know of each balancer."""
        return [
            {"name": one.name.split("/")[1], "address": one.address, "problem": self.problem(one.arn)}
            for one in self.balancers()
        ]

    def turn(self) -> float | None:
        """Bring all balancers on as far as it goes, and return in how many seconds something is due."""
        wanted = self._wanted()
        due = self._checks.turn(wanted, self.wake)
        self._problems = self._proxy.bring(wanted, self.health) if self._proxy is not None else {}
        before, now = self._problem_since, self.now()
        self._problem_since = {arn: before.get(arn, now) for arn in self._problems}
        self._balancers = wanted
        return due
