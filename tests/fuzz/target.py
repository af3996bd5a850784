"""A target of the fuzzer: how its cases are made, and what must hold for each.

A case follows from the target's name and a seed alone, so that one line makes it again:
`python -m tests.fuzz NAME SEED`. Cases come from a seeded `random.Random` and mutators that know the formats,
and not from hypothesis or atheris. Images come from a corpus that is changed, where hypothesis's shrinking
finds nothing smaller; atheris sees no coverage in the native code of Pillow, and has wheels for some versions
of Python only (https://github.com/google/atheris#installation-instructions). And a case that kills its
process must be known by what the process was last told, which is a number here.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class Find(AssertionError):
    """Something that must hold does not; the text says what, and of which case."""


@dataclass(frozen=True)
class Target:
    """`make` makes a case of random choices, `check` returns in a word what became of it.

    `check` raises `Find`; whatever else it raises is a find, too. `seconds` is the CPU time that one case may
    take, far more than any needs, and `memory` how many bytes of address space beside what is there when the
    first begins: inputs are small, so whatever needs more took an input at its word. `stop` ends what checks
    have begun. A case is shown by its `repr`, and its `data` are kept in a file on request.
    """

    name: str
    make: Callable[[random.Random], Any]
    check: Callable[[Any], str]
    seconds: float = 20.0
    memory: int = 768 * 1024**2
    stop: Callable[[], None] = lambda: None

    def case(self, seed: int) -> Any:
        """Return the case that a seed stands for, the same on every machine."""
        return self.make(random.Random(f"{self.name} {seed}"))  # noqa: S311 - no secret: it is to come again

    def line(self, seed: int) -> str:
        """Return the command that makes and checks this case again."""
        return f"python -m tests.fuzz {self.name} {seed}"


def require(holds: object, what: str) -> None:
    """Raise `Find` that says `what`, unless it `holds`."""
    if not holds:
        raise Find(what)
