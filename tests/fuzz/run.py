"""Runs cases in a process of their own (`tests.fuzz.child`), and a new one where one dies."""

import json
import re
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.fuzz.child import target_of
from tests.places import REPOSITORY

# Finds of one kind are told so often; a fault of one line would fill the screen otherwise.
TOLD_PER_KIND = 3


@dataclass(frozen=True)
class Found:
    """A find: the seed, what does not hold, where that was seen, and the line that makes it again."""

    seed: int
    what: str
    trace: str
    line: str

    @property
    def kind(self) -> str:
        """Return what finds of one cause mostly have in common."""
        places = [line.strip() for line in self.trace.splitlines() if line.startswith("  File ")]
        return " ".join([re.sub(r"[0-9]+|'.*?'", "", self.what)[:60], *places[-1:]])

    def __str__(self) -> str:
        return f"{self.line}\n    {self.what}\n{self.trace}"


@dataclass
class Outcome:
    """What became of many cases: how often each word was said, and all finds."""

    words: Counter[str] = field(default_factory=Counter)
    finds: list[Found] = field(default_factory=list)

    @property
    def executions(self) -> int:
        """How many cases were checked."""
        return self.words.total() + len(self.finds)


def run(place: str, seeds: Iterable[int], found: Callable[[Found], object] = lambda _: None) -> Outcome:
    """Check the cases of these seeds; `found` hears of each find at once. `place` is `module:name`."""
    target, outcome, child = target_of(place), Outcome(), None
    try:
        for seed in seeds:
            child = child or _Child(place)
            told = child.check(seed)
            if told is None:
                words = child.end()
                find = Found(seed, f"its process died: {words[0]}", words[1], target.line(seed))
                child = None
            elif "find" in told:
                find = Found(seed, told["find"], told["trace"], target.line(seed))
            else:
                outcome.words[told["word"]] += 1
                continue
            outcome.finds.append(find)
            found(find)
    finally:
        if child:
            child.end()
    return outcome


class _Child:
    def __init__(self, place: str) -> None:
        command = [sys.executable, "-m", "tests.fuzz.child", place]
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by `end`
        self._process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
        )
        if self._read() is None:
            raise RuntimeError(f"{' '.join(command)} did not start: {self.end()}")

    def check(self, seed: int) -> dict[str, Any] | None:
        """Return what the process tells of a case; None if it died of it."""
        assert self._process.stdin
        self._process.stdin.write(f"{seed}\n")
        self._process.stdin.flush()
        return self._read()

    def end(self) -> tuple[str, str]:
        """Let it come to its end; return how it ended, and what it said last."""
        self._process.communicate()
        with self._said:
            self._said.seek(0)
            said = self._said.read()
        code = self._process.returncode
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return how + (", it took too much CPU time" if code == -signal.SIGPROF else ""), said[-2_000:]

    def _read(self) -> dict[str, Any] | None:
        assert self._process.stdout
        line = self._process.stdout.readline()
        return json.loads(line) if line else None


def report(outcome: Outcome) -> Iterator[str]:
    """Give lines on what became of the cases: finds by their kinds, then how often each word was said."""
    kinds: dict[str, list[Found]] = {}
    for find in outcome.finds:
        kinds.setdefault(find.kind, []).append(find)
    for same in kinds.values():
        yield f"{len(same)} x {same[0]}"
        yield from (f"    also: {find.line}" for find in same[1:TOLD_PER_KIND])
    yield f"{outcome.executions} cases: " + ", ".join(
        f"{n} {word}" for word, n in outcome.words.most_common()
    )
