"""All that was measured of one phase with one target: every request, so that percentiles are exact."""

from array import array
from collections import Counter
from dataclasses import dataclass

OK = "ok"
# Names of instances are given by answers, which may be anybody's.
_PLACES_MAX, _OTHERS = 200, "others"


@dataclass(frozen=True)
class Reply:
    """What came of one request.

    `kind` is `OK` or how it failed; `size` the bytes of the answer's body; `place` who answered, if it is
    told. `done` is when the answer was there, by the loop's clock, where it was looked into after that.
    """

    kind: str = OK
    size: int = 0
    place: str = ""
    done: float | None = None


class Samples:
    """Columns of equal length, one entry for each request that ended, in the order of their ends.

    `due`, `sent` and `done` are seconds of the loop's clock: when the request was to be sent, when it was,
    and when the answer was there. `kinds` and `places` are indices into `kind_names` and `place_names`.
    """

    def __init__(self) -> None:
        self.due, self.sent, self.done = array("d"), array("d"), array("d")
        self.sizes, self.kinds, self.places = array("Q"), array("H"), array("H")
        self.kind_names: list[str] = [OK]
        self.place_names: list[str] = [""]
        self.begun = 0
        self._kinds, self._places = {OK: 0}, {"": 0}

    def __len__(self) -> int:
        return len(self.done)

    def add(self, due: float, sent: float, done: float, reply: Reply) -> None:
        """Note a request that has ended."""
        self.due.append(due)
        self.sent.append(sent)
        self.done.append(done)
        self.sizes.append(reply.size)
        self.kinds.append(_index(self._kinds, self.kind_names, reply.kind))
        full = len(self.place_names) > _PLACES_MAX and reply.place not in self._places
        self.places.append(_index(self._places, self.place_names, _OTHERS if full else reply.place))

    def kind_counts(self) -> dict[str, int]:
        """Return how many requests ended in which way, the most frequent first."""
        return {self.kind_names[index]: count for index, count in Counter(self.kinds).most_common()}

    def place_counts(self) -> dict[str, int]:
        """Return how many requests each instance answered, by name; nothing where none tells its name."""
        counts = {self.place_names[index]: count for index, count in Counter(self.places).items() if index}
        return dict(sorted(counts.items()))


def _index(known: dict[str, int], names: list[str], name: str) -> int:
    index = known.get(name)
    if index is None:
        index = known[name] = len(names)
        names.append(name)
    return index
