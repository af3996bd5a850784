"""The addresses that load balancers listen on: of the same range as the hosts', one for each."""

from collections.abc import Callable
from typing import Protocol

from localcloud.errors import BalancersUnavailableError, LocalcloudError


class Range(Protocol):
    """Where addresses come from."""

    def take(self) -> str:
        """Return a free address. Raises `LocalcloudError`."""

    def give_back(self, address: str) -> None:
        """Let `address` be handed out again."""


class BalancerAddresses:
    """Hands out addresses once it is told of a range, or says why there are none."""

    def __init__(self) -> None:
        """Begin without a range."""
        self._claim: Callable[[], Range] | None = None
        self._range: Range | None = None
        self.problem: str | None = "load balancers cannot be made yet: localcloud is still starting"

    def use(self, claim: Callable[[], Range]) -> None:
        """Take addresses from what `claim` returns, which is called when the first is needed."""
        self._claim, self.problem = claim, None

    def refuse(self, problem: str) -> None:
        """Refuse load balancers, because of `problem`."""
        self._claim, self.problem = None, problem

    def take(self) -> str:
        """Return a free address. Raises `BalancersUnavailableError`."""
        if self._claim is None:
            raise BalancersUnavailableError(self.problem or "")
        try:
            self._range = self._range or self._claim()
            return self._range.take()
        except LocalcloudError as problem:
            raise BalancersUnavailableError(str(problem)) from problem

    def give_back(self, address: str) -> None:
        """Let `address` be handed out again."""
        if self._range is not None:
            self._range.give_back(address)
