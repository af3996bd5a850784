"""Numbers that do not fit into memory: sorted in runs on disk, and merged from there.

Once in, once out: however many there are, they are written once and read once in order, with as many
in memory as one run has, or a block of each run. Of equal numbers in a run one is kept, and how many.
"""

import marshal
import os
import tempfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self

from jobfleet_worker.operations.numbers.exact_math import Number, exact_sum
from jobfleet_worker.operations.numbers.ordered import Batch, Ordered, in_order, merged, run_lengths

# Half a million floats take 16 MB, and while they are sorted and written some times that.
RUN_NUMBERS = 2**19

# Read at a time of each run: a thousand runs are half a billion numbers, and a million in memory.
BLOCK_NUMBERS = 1024

# Counts below this take a byte each.
_ONE_BYTE = 256

# As marshal wrote it before it looked for objects that come twice, which takes time; floats are 8 bytes.
_MARSHAL_VERSION = 2


class Scratch:
    """A file for what does not fit into memory. It has no name, and goes with the process."""

    def __init__(self, folder: Path) -> None:
        self._file: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed on exit
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, batch: Batch) -> "Block":
        """Keep a batch; return where it is."""
        times: list[int] | bytes | None = None
        if batch.times is not None:
            times = bytes(batch.times) if max(batch.times) < _ONE_BYTE else list(batch.times)
        data = marshal.dumps((list(batch.values), times), _MARSHAL_VERSION)
        self._file.write(data)
        self._end += len(data)
        return Block(self._end - len(data), len(data))

    def read(self, block: "Block") -> Batch:
        """Return what was kept there."""
        self._file.flush()
        data = os.pread(self._file.fileno(), block.size, block.start)
        # What this process wrote a moment ago into a file that nobody else can open by name.
        return Batch(*marshal.loads(data))  # noqa: S302


class Block(NamedTuple):
    """Where a batch lies in the file, in bytes."""

    start: int
    size: int


class Spilled(Ordered):
    """Numbers on disk. `add` all of them first; then they can be asked for in order."""

    def __init__(
        self, scratch: Scratch, run_numbers: int = RUN_NUMBERS, block_numbers: int = BLOCK_NUMBERS
    ) -> None:
        self._scratch, self._run_numbers, self._block_numbers = scratch, run_numbers, block_numbers
        self._waiting: list[Number] = []
        self._runs: list[list[Block]] = []
        self._kinds: set[type] = set()
        self._ends: list[Number] = []
        self.count, self.total = 0, Fraction()

    def add(self, numbers: Iterable[Number]) -> None:
        """Take numbers."""
        self._waiting += numbers
        if len(self._waiting) >= self._run_numbers:
            self._end_run()

    def close(self) -> None:
        """Take no more. There must have been one."""
        if self._waiting:
            self._end_run()
        self.whole, self.floats = self._kinds == {int}, self._kinds == {float}
        ends = in_order(self._ends)
        self.least, self.greatest = ends[0], ends[-1]

    def batches(self) -> Iterator[Batch]:
        """Yield all numbers from least to greatest. Equal numbers are in one batch."""
        cursors = [_Cursor(self._scratch, blocks) for blocks in self._runs]
        while cursors:
            # Whatever is not greater lies in the blocks that were read: no run has a smaller one behind.
            bound = min(cursor.last for cursor in cursors)
            yield merged([cursor.take(bound) for cursor in cursors if cursor.first <= bound])
            cursors = [cursor for cursor in cursors if cursor.more()]

    def _end_run(self) -> None:
        ordered = in_order(self._waiting)
        self._waiting = []
        self.count += len(ordered)
        self.total += exact_sum(ordered)
        self._kinds |= set(map(type, ordered))
        self._ends += (ordered[0], ordered[-1])
        run = run_lengths(ordered)
        del ordered
        self._runs.append([self._scratch.write(batch) for batch in self._blocks(run)])

    def _blocks(self, run: Batch) -> Iterator[Batch]:
        values, times = run
        start = 0
        while start < len(values):
            end = start + self._block_numbers
            if end < len(values) and values[end - 1] == values[end]:
                end += 1  # a whole number and a float that are equal stay in one block
            yield Batch(values[start:end], times and times[start:end])
            start = end


class _Cursor:
    """Goes through one run, a block at a time."""

    def __init__(self, scratch: Scratch, blocks: list[Block]) -> None:
        self._scratch, self._blocks = scratch, iter(blocks)
        self._batch, self._start = Batch([]), 0
        self.more()

    @property
    def first(self) -> Number:
        return self._batch.values[self._start]

    @property
    def last(self) -> Number:
        return self._batch.values[-1]

    def more(self) -> bool:
        """Read the next block if this one is used up; tell whether there was one."""
        if self._start < len(self._batch.values):
            return True
        block = next(self._blocks, None)
        if block is None:
            return False
        self._batch, self._start = self._scratch.read(block), 0
        return True

    def take(self, bound: Number) -> Batch:
        """Return what is left of the block up to `bound`."""
        values, times = self._batch
        start, self._start = self._start, bisect_right(values, bound, self._start)
        return Batch(values[start : self._start], times and times[start : self._start])
