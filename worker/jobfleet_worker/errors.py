"""The errors that keep a worker from finishing a job that is not bad."""

import traceback

from jobfleet_jobs.credentials.redaction import redact

# As much of where an error came from as a log line shows: the last calls, which say most.
TRACE_CHARACTERS = 2_000


class BrokenAttempt(Exception):
    """An attempt failed, and the job may succeed in another: it goes back to the queue.

    `trace` is where the fault lies, if its words do not say it.
    """

    trace = ""


class GivenUp(Exception):
    """The worker stops, or has lost its lease on the message: whoever gets it next does the job."""


def trace(problem: BaseException) -> str:
    """Return where an error came from: files, lines and their text, the innermost last.

    Of one that came from a process of the pool, where it was raised there.
    """
    if isinstance(problem, BrokenAttempt):
        return redact(problem.trace)
    there = getattr(problem, "traceback", None)  # pebble's
    text = there if isinstance(there, str) else "".join(traceback.format_tb(problem.__traceback__))
    return redact(text)[-TRACE_CHARACTERS:]


def words(problem: BaseException) -> str:
    """Return an exception as one line for the log, without secrets."""
    # Before it is cut, or half a secret would be left.
    return redact(f"{type(problem).__name__}: {problem}")[:1_000]
