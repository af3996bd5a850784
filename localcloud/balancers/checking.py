"""All checks of all targets, each when it is due, several at a time."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from localcloud.balancers.health import CheckFailure, Health, probe
from localcloud.balancers.model import Balancer, Check, Target, TargetGroup, TargetName

_AT_ONCE = 32

Key = tuple[str, TargetName]
Probe = Callable[[Target, Check, str], CheckFailure | None]


class _Watched:
    """A target that is checked."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.health = Health()
        self.due = 0.0
        self.is_asked = False


class TargetChecks:
    """The health of targets. Safe for several threads."""

    def __init__(self, now: Callable[[], float], real: Callable[[float], float], ask: Probe = probe) -> None:
        """Read the time from `now`; `real` says how many of its seconds AWS's seconds are."""
        self._now, self._real, self._ask = now, real, ask
        self._watched: dict[Key, _Watched] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(_AT_ONCE, "health checks")

    def stop(self) -> None:
        """Begin no check any more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def health(self, group: str, target: TargetName) -> Health | None:
        """Return what is known of a target; None if it is not checked."""
        with self._lock:
            found = self._watched.get((group, target))
            return found.health if found else None

    def turn(self, balancers: list[Balancer], then: Callable[[], None]) -> float | None:
        """Begin what is due, and call `then` after each; return in how many seconds more will be."""
        wanted = {
            (group.arn, target.name): (balancer, group, target)
            for balancer in balancers
            for group in balancer.groups
            for target in group.targets
            if target.address is not None and not target.draining
        }
        with self._lock:
            for key in [key for key in self._watched if key not in wanted]:
                del self._watched[key]
            for key, (balancer, group, target) in wanted.items():
                self._look_after(key, balancer, group, target, then)
            due = [one.due for one in self._watched.values() if not one.is_asked]
        return max(0.0, min(due) - self._now()) if due else None

    def _look_after(
        self, key: Key, balancer: Balancer, group: TargetGroup, target: Target, then: Callable[[], None]
    ) -> None:
        address = target.address or ""
        watched = self._watched.get(key)
        if watched is None or watched.address != address:
            # A new target, or an instance that was stopped and started: what was known is of no use.
            watched = self._watched[key] = _Watched(address)
        if not watched.is_asked and watched.due <= self._now():
            watched.is_asked = True
            watched.due = self._now() + self._real(group.check.interval)
            self._pool.submit(self._check, watched, target, group.check, balancer.address, then)

    def _check(
        self, watched: _Watched, target: Target, check: Check, source: str, then: Callable[[], None]
    ) -> None:
        failure = self._ask(target, check, source)
        with self._lock:
            watched.health.note(failure, check)
            watched.is_asked = False
        then()
