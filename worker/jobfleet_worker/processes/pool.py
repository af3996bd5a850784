"""Processes for what may hang, swell or crash: one core each, every job's harm kept to itself.

Side by side, their jobs may want more memory than the host has: most want little, and to leave room for the
largest in each process would leave most of them idle. Then the kernel kills the process that has the most
(`child.FIRST_TO_BE_KILLED`), and its job is done again while no other runs.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Value

from jobfleet_worker.errors import GivenUp
from jobfleet_worker.operations.limits import limits_of
from jobfleet_worker.operations.outcome import Outcome
from jobfleet_worker.processes import child
from jobfleet_worker.processes.memory_file import MemoryFile, path_of
from jobfleet_worker.processes.slot import TASKS_PER_SLOT, KilledFromOutside, Slot
from jobfleet_worker.settings import WorkerSettings
from jobfleet_worker.turns import FairPlaces

# Pillow gives the memory of every picture back to the system, and gets it page by page for the next. Six of
# its blocks, 96 MiB, are what a photo of 12 megapixels takes before and after; kept by each process, they
# took a quarter off the CPU time of its threshold, and a fifth off that of greyscale.
PILLOW_BLOCKS = "6"


class Pool:
    """`run` does one operation in a process; any number of threads may call it."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._context = child.Context()
        self._context.set_forkserver_preload([
            "jobfleet_worker.processes.child", "jobfleet_worker.operations.imaging.decode",
            "jobfleet_worker.operations.imaging.encode", "pebble.pool.process",
        ])  # fmt: skip
        # Libraries that make threads of their own would only take the cores from each other.
        os.environ.setdefault("OMP_THREAD_LIMIT", "1")
        os.environ.setdefault("PILLOW_BLOCKS_MAX", PILLOW_BLOCKS)
        self._limits = limits_of(settings)
        self._slots = [Slot(settings, self._context) for _ in range(settings.processes)]
        self._number = settings.processes * TASKS_PER_SLOT
        self._places, self._first = FairPlaces(self._number), FairPlaces(1)
        self._choosing = threading.Lock()
        # Of its own, as it may take an hour: one at a time, so that it has the disk to itself.
        self._stream, self._stream_place = Slot(settings, self._context), FairPlaces(1)

    def start(self) -> None:
        """Start the processes, so that the first job need not wait for them."""
        for slot in self._slots:
            slot.start()

    def stop(self) -> None:
        """Kill the processes. What they worked on ends as given up."""
        for slot in [*self._slots, self._stream]:
            slot.stop()

    def run(
        self,
        operation: Operation,
        parameters: Mapping[str, Value],
        data: bytes,
        output: str | None,
        given_up: Callable[[], str | None] = lambda: None,
        begun: Callable[[], None] = lambda: None,
        group: str = "",
    ) -> Outcome:
        """Return the outcome. Raises `BadJob`, `BrokenAttempt`, and `GivenUp` with what `given_up` returns.

        `begun` is called when the job has its place, when it begins again because of a neighbour, and
        again and again while it waits to begin alone. Groups take turns for places.
        """
        look = partial(_look, given_up)
        with self._places.place(group, look):
            look()
            with self._choosing:
                slot = min(self._slots, key=lambda one: one.tasks)
                slot.tasks += 1
            try:
                return self._run_in(slot, operation, parameters, data, output, begun)
            except KilledFromOutside:
                pass
            finally:
                with self._choosing:
                    slot.tasks -= 1

        def waiting() -> None:
            begun()  # its time does not run while it waits for its neighbours
            look()

        with self._alone(group, waiting):
            return self._run_in(self._slots[0], operation, parameters, data, output, begun)

    @contextmanager
    def _alone(self, group: str, look: Callable[[], None]) -> Iterator[None]:
        """Wait until no other job runs, and let none begin inside. Raises what `look` raises."""
        with ExitStack() as held:
            held.enter_context(self._first.place(group, look))
            for _ in range(self._number):
                held.enter_context(self._places.place(group, look))
            yield

    def stream_place(self, given_up: Callable[[], str | None], group: str) -> AbstractContextManager[None]:
        """Wait for the one place for a stream, and have it inside. Raises `GivenUp`."""
        return self._stream_place.place(group, partial(_look, given_up))

    def run_streamed(
        self,
        operation: Operation,
        parameters: Mapping[str, Value],
        source: BinaryIO,
        folder: Path,
        time_limit: float,
        given_up: Callable[[], str | None],
    ) -> Outcome:
        """Return the outcome on a file; `folder` is for what does not fit into memory.

        `given_up` is asked all the time. Raises what `run` does.
        """
        task = child.Task(operation, parameters, path_of(source.fileno()), "", None, self._limits, folder)
        done = self._stream.run(task, time_limit, given_up)
        if done.bad:
            raise BadJob(*done.bad)
        return Outcome(done.result or {})

    def _run_in(
        self,
        slot: Slot,
        operation: Operation,
        parameters: Mapping[str, Value],
        data: bytes,
        output: str | None,
        begun: Callable[[], None],
    ) -> Outcome:
        with MemoryFile(data) as source, MemoryFile() as target:
            task = child.Task(operation, parameters, source.path, target.path, output, self._limits)
            done = slot.run(task, begun=begun)
            if done.bad:
                raise BadJob(*done.bad)
            outcome = Outcome(done.result or {})
            if done.content_type is None:
                return outcome
            return replace(outcome, data=target.read(), content_type=done.content_type)


def _look(given_up: Callable[[], str | None]) -> None:
    if reason := given_up():
        raise GivenUp(reason)
