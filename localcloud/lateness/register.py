"""The register of what was made and removed a moment ago."""

import threading
from collections import Counter, defaultdict
from typing import Any, NamedTuple

from localcloud.state import PUNCTUAL, Delays


class Thing(NamedTuple):
    """Something that was made: whose, of which kind, and what calls name it by."""

    account: str
    kind: str
    name: str


class Lateness:
    """What calls do not see yet, and what they still see. Safe for several threads."""

    def __init__(self) -> None:
        """Begin with a cloud that is never late."""
        self.delays = PUNCTUAL
        self._lock = threading.Lock()
        self._made: dict[Thing, Counter[str]] = {}
        self._removed: defaultdict[tuple[str, str], list[tuple[Any, Counter[str]]]] = defaultdict(list)

    def set(self, delays: Delays) -> None:
        """Be so late from now on; what is not seen yet is seen at once."""
        with self._lock:
            self.delays = delays
            self._made.clear()
            self._removed.clear()

    def made(self, thing: Thing) -> None:
        """Note that something was made."""
        with self._lock:
            if self.delays.eventual:
                self._made[thing] = Counter()

    def is_unseen(self, action: str, thing: Thing) -> bool:
        """Tell whether a call of this action, which names a thing, does not see it yet; count the call."""
        with self._lock:
            calls = self._made.get(thing)
            if calls is None or calls[action] >= self.delays.eventual:
                return False
            calls[action] += 1
            return True

    def removed(self, account: str, kind: str, thing: Any) -> None:
        """Note that something was removed."""
        with self._lock:
            if self.delays.eventual:
                self._removed[account, kind].append((thing, Counter()))

    def lingering(self, action: str, account: str, kind: str) -> list[Any]:
        """Return what was removed and a call of this action still sees; count the call."""
        with self._lock:
            found = [one for one in self._removed[account, kind] if one[1][action] < self.delays.eventual]
            for _, calls in found:
                calls[action] += 1
            return [thing for thing, _ in found]


late = Lateness()
