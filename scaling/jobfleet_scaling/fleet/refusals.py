"""What AWS refuses is said once, and tried again after longer and longer times with jitter."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from jobfleet_scaling.aws.errors import is_throttled, words

FIRST_SECONDS, LONGEST_SECONDS = 10.0, 300.0

# The same refusal is said again so often, and forgotten if nobody tried again: the host may be gone.
SAY_AGAIN_SECONDS = 900.0


@dataclass
class _Refusal:
    pause: float
    until: float
    said: str
    said_at: float


class Refusals:
    """Remembers what was refused, by a name such as that of a group."""

    def __init__(self, monotonic: Callable[[], float], say: Callable[[str, str], None]) -> None:
        """`say` gets what was refused and why."""
        self._monotonic, self._say = monotonic, say
        self._refused: dict[str, _Refusal] = {}

    def may(self, what: str) -> bool:
        """Tell whether it is time to try."""
        refusal = self._refused.get(what)
        return refusal is None or self._monotonic() >= refusal.until

    def passed(self, what: str) -> None:
        """Note that it worked."""
        self._refused.pop(what, None)

    def failed(self, what: str, problem: BaseException) -> None:
        """Note that AWS refused it, and say so unless that was said just now."""
        self.refused(what, words(problem), quietly=is_throttled(problem))

    def refused(self, what: str, why: str, *, quietly: bool = False, first: float | None = None) -> None:
        """Note that it was refused for a reason. `quietly`: a first time may pass by itself.

        `first` is how many seconds to wait before the first new try.
        """
        now, before = self._monotonic(), self._refused.get(what)
        pause = min(2 * before.pause, LONGEST_SECONDS) if before else (first or FIRST_SECONDS)
        until = now + pause * random.uniform(0.75, 1.25)  # noqa: S311 - jitter, not a secret
        said, said_at = (before.said, before.said_at) if before else ("", 0.0)
        if not (quietly and before is None) and (said != why or now - said_at >= SAY_AGAIN_SECONDS):
            self._say(what, why)
            said, said_at = why, now
        self._refused = {
            one: refusal for one, refusal in self._refused.items() if now - refusal.until < SAY_AGAIN_SECONDS
        }
        self._refused[what] = _Refusal(pause, until, said, said_at)
