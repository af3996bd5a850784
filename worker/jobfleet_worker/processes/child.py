"""The inside of a process of the pool: one operation at a time, within a limit of memory.

Inputs and outputs go through files in memory that belong to the worker, so that only their paths
are sent, and nothing is left behind when either process dies.
"""

import multiprocessing
import os
import resource
import sys
import threading
import traceback
from collections.abc import Mapping
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any, NamedTuple

from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Value

from jobfleet_worker.errors import BrokenAttempt
from jobfleet_worker.operations import run as operations
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.outcome import Outcome
from jobfleet_worker.processes.progress import Progress

# How a process ends that has done its share; any code does that a library hardly ends one with.
_RETIRED = 113

# Stands for exit code 0 where nobody asked the process to end; no process can have it.
UNASKED = 256

# How a process ends whose job wanted more memory than it may have. What it holds by then, and what state the
# libraries are in, nobody knows: the next job gets a process that has all its memory.
OUT_OF_MEMORY = 114

# proc(5): the most there is. Among those that have it, the kernel takes the one with the most memory.
FIRST_TO_BE_KILLED = "1000"

# On a busy host the worker's own threads go first, and all else that runs there: they take moments, and what
# is done is answered at once.
NICE = 5

_progress: Progress


class Process(ForkServerProcess):
    """A process whose exit code is 0 only if it came to its own end.

    pebble takes every end with 0 for one that was meant, and its job for one that goes on.
    """

    def run(self) -> None:
        """Do what the process is for, then end with a code of its own."""
        super().run()
        sys.exit(_RETIRED)

    @property
    def exitcode(self) -> int | None:
        """None while it lives, 0 if it did its share, `UNASKED` if a job ended it with 0, else its code."""
        code = super().exitcode
        return {_RETIRED: 0, 0: UNASKED}.get(code, code) if code is not None else None


class Context(ForkServerContext):
    """Makes such processes: forked from a server without threads, which takes milliseconds."""

    Process = Process


class Task(NamedTuple):
    """One operation to do. `source` and `target` are paths; `output` is the name the file goes under.

    With a `folder`, the source is streamed, and what does not fit into memory lies there meanwhile.
    `number` is its place in the `Progress`.
    """

    operation: Operation
    parameters: Mapping[str, Value]
    source: str
    target: str
    output: str | None
    limits: Limits
    folder: Path | None = None
    number: int = 0


class Done(NamedTuple):
    """How it went: `result` and the file's type, or the bad job's code and sentence."""

    result: Mapping[str, Any] | None = None
    content_type: str | None = None
    bad: tuple[str, str] | None = None


def prepare(memory_limit: int, progress: Progress) -> None:
    """Set this process up; `memory_limit` is bytes of address space."""
    global _progress
    _progress = progress
    resource.setrlimit(resource.RLIMIT_AS, (memory_limit, memory_limit))
    os.nice(NICE)
    # When the host's memory runs out, the kernel takes a process of a job: never the worker, sshd or another.
    Path("/proc/self/oom_score_adj").write_text(FIRST_TO_BE_KILLED)
    threading.Thread(target=_end_with_the_worker, daemon=True).start()


def work(task: Task) -> Done:
    """Do one operation. Raises what is neither its outcome nor the sender's fault."""
    with _progress.noted(task.number):
        try:
            return _done(task)
        except MemoryError:
            os._exit(OUT_OF_MEMORY)
        except Exception as problem:
            # pebble keeps the last error until the next job has ended, and with it all that its calls held.
            _forget(problem)
            raise


def _done(task: Task) -> Done:
    try:
        outcome = _outcome(task)
    except BadJob as problem:
        return Done(bad=(problem.code, problem.message))
    except SystemExit as problem:
        # Raised in the worker's thread that waits for this job, it would end that.
        raise BrokenAttempt(f"the job wanted to end its process: exit code {problem.code}") from problem
    if outcome.data is None:
        return Done(outcome.result)
    Path(task.target).write_bytes(outcome.data)
    return Done(outcome.result, outcome.content_type)


def _forget(error: BaseException) -> None:
    """Let go of what the calls held that led to an error, and to those that led to it."""
    errors: list[BaseException | None] = [error]
    for one in errors:  # grows meanwhile
        if one:
            traceback.clear_frames(one.__traceback__)
            errors += [other for other in (one.__cause__, one.__context__) if other not in errors]


def _outcome(task: Task) -> Outcome:
    if task.folder:
        with Path(task.source).open("rb") as file:
            return operations.run_streamed(task.operation, task.parameters, file, task.folder)
    data = Path(task.source).read_bytes()
    return operations.run(task.operation, task.parameters, data, task.output, task.limits)


def _end_with_the_worker() -> None:
    """End when the worker was killed, even in a job that hangs.

    The server that forked this process is no help: it lives as long as any of its children.
    """
    worker = multiprocessing.parent_process()
    if worker:
        worker.join()
        os._exit(1)
