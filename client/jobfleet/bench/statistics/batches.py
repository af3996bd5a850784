"""Samples of a phase as arrays: those that count, by time, in batches."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jobfleet.bench.engine.samples import Samples
from jobfleet.bench.statistics.intervals import BATCH_MIN, BATCHES
from jobfleet.bench.statistics.percentiles import Floats


@dataclass(frozen=True)
class Answered:
    """The requests that succeeded, in the order in which they were due: seconds by the loop's clock."""

    due: Floats
    sent: Floats
    done: Floats

    def __len__(self) -> int:
        return len(self.done)


def answered(samples: Samples) -> Answered:
    """Return the requests that succeeded. A copy: the engine may go on meanwhile."""
    kinds = np.array(samples.kinds, dtype=np.uint16)
    good = kinds == 0
    due, sent, done = (np.array(column)[good] for column in (samples.due, samples.sent, samples.done))
    order = np.argsort(due, kind="stable")
    return Answered(due[order], sent[order], done[order])


def in_batches(values: Floats) -> Sequence[Floats]:
    """Cut values in their order into batches of nearly equal size; one alone if there are too few."""
    return np.array_split(values, BATCHES) if len(values) >= BATCHES * BATCH_MIN else [values]


def rates(done: Floats, begun: float, ended: float) -> list[float]:
    """Return how many ended a second, in equal parts of the time; nothing where there are too few."""
    if len(done) < BATCHES * BATCH_MIN or ended <= begun:
        return []
    counts, _ = np.histogram(done, bins=BATCHES, range=(begun, ended))
    return [float(count) * BATCHES / (ended - begun) for count in counts]
