"""Runs cases in a process of their own (`tests.fuzz.child`), and a new one where one dies."""

import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz.child import target_of
from tests.patience import patience
from tests.places import REPOSITORY

# Finds of one kind are told so often; a fault of one line would fill the screen otherwise.
TOLD_PER_KIND = 3

# Longer than a target itself waits for anything. A limit of CPU time tells nothing of what waits for ever.
CLOCK_SECONDS = 120.0
START_SECONDS = 60.0
END_SECONDS = 60.0


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
            child = child or Child(place)
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


class Child:
    """A process that checks cases, in a process group and with a folder for files that end with it."""

    def __init__(self, place: str, clock: float = CLOCK_SECONDS) -> None:
        """Start it. A case may take `clock` seconds where nothing else runs."""
        command = [sys.executable, "-m", "tests.fuzz.child", place]
        self._clock, self._hangs, self._got = patience(clock), False, b""
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by `end`
        # One that dies removes nothing.
        self._files = tempfile.TemporaryDirectory(prefix="jobfleet-fuzz-")
        self._process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env={**os.environ, "TMPDIR": self._files.name},
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            start_new_session=True,
        )
        if self._read(patience(START_SECONDS)) is None:
            raise RuntimeError(f"{' '.join(command)} did not start: {self.end()}")

    @property
    def id(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def files(self) -> Path:
        """Where its files lie."""
        return Path(self._files.name)

    def check(self, seed: int) -> dict[str, Any] | None:
        """Return what the process tells of a case; None if it died of it, or before, or does not answer."""
        assert self._process.stdin
        try:
            self._process.stdin.write(f"{seed}\n".encode())
        except BrokenPipeError:
            return None
        return self._read(self._clock)

    def end(self) -> tuple[str, str]:
        """Let it come to its end; return how it ended, and what it said last."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        hangs = self._hangs or not self.has_ended(patience(END_SECONDS))
        if hangs:
            os.kill(self.id, signal.SIGABRT)  # it says where it hangs
            self.has_ended(patience(5))
        # Its own processes, too. Until it is waited for, nobody else has its id.
        os.killpg(self.id, signal.SIGKILL)
        code = self._process.wait()
        self._process.stdout.close()
        with self._said, self._files:
            self._said.seek(0)
            said = self._said.read()
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        why = ", it took too much CPU time" if code == -signal.SIGPROF else ", it hung" if hangs else ""
        return how + why, said[-2_000:]

    def has_ended(self, seconds: float) -> bool:
        """Tell whether it ends within so many seconds; it is not waited for as a parent does."""
        process = os.pidfd_open(self.id)
        try:
            return bool(select.select([process], [], [], seconds)[0])
        finally:
            os.close(process)

    def _read(self, seconds: float) -> dict[str, Any] | None:
        assert self._process.stdout
        deadline = time.monotonic() + seconds
        while b"\n" not in self._got:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self._process.stdout], [], [], left)[0]:
                self._hangs = True
                return None
            some = self._process.stdout.read(65_536)
            if not some:
                return None
            self._got += some
        line, _, self._got = self._got.partition(b"\n")
        told: dict[str, Any] = json.loads(line)
        return told


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
