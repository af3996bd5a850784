"""A memory with a bound in number and in bytes; what was used longest ago goes first."""

from collections import OrderedDict
from typing import Generic, TypeVar

V = TypeVar("V")


class Kept(Generic[V]):
    """Values by key, at most `count` of them, which take at most `size` bytes together."""

    def __init__(self, count: int, size: int) -> None:
        self._most, self._room = count, size
        self._values: OrderedDict[str, tuple[V, int]] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: str) -> V | None:
        """Return a value, or None if it is not there (any more)."""
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: str, value: V, size: int) -> None:
        """Keep a value that takes `size` bytes; one that is larger than all the room is not kept."""
        self.drop(key)
        if size > self._room:
            return
        self._values[key] = (value, size)
        self.bytes += size
        while len(self._values) > self._most or self.bytes > self._room:
            self.drop(next(iter(self._values)))

    def drop(self, key: str) -> None:
        """Forget a value, if it is there."""
        found = self._values.pop(key, None)
        if found:
            self.bytes -= found[1]
