"""Faults of the code that works on an image: the same image meets them again, however often it is tried."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from jobfleet_jobs.credentials.redaction import in_print
from jobfleet_jobs.errors import BadJob

from jobfleet_worker.errors import BrokenAttempt, GivenUp
from jobfleet_worker.operations.memory import WRITING_BYTES_A_PIXEL, lack_is_told

# As much of what an error says as is told.
_WORDS_MAX_CHARACTERS = 200

_SAVE_ANEW = "Save the image anew in another program and send that; please report this fault"


@contextmanager
def on_this_image(what: str, pixels: int = 0, *, way_out: str = _SAVE_ANEW) -> Iterator[None]:
    """Turn an unforeseen error inside into a bad job, where `what` names the operation.

    `pixels` are those of the image, in all frames: coders may say of a lack of memory that they broke.
    `way_out` is what the sender can do.

    What another attempt may be spared goes on as it is: a lack of memory, and what the system said (an
    `OSError` with a number). Only code that does nothing but compute may stand inside. Raises `BadJob`.
    """
    try:
        with lack_is_told(WRITING_BYTES_A_PIXEL * pixels):
            yield
    except (BadJob, BrokenAttempt, GivenUp, MemoryError, ImportError):
        raise
    except Exception as problem:
        if isinstance(problem, OSError) and problem.errno is not None:
            raise
        place = traceback.extract_tb(problem.__traceback__)[-1]
        file = "/".join(place.filename.rsplit("/", 2)[1:])
        words = in_print(f"{type(problem).__name__}: {problem}", _WORDS_MAX_CHARACTERS)
        raise BadJob(
            "breaks-the-code",
            f"{what} breaks on this image, and would again: {words} ({file}, line {place.lineno}). {way_out}",
        ) from problem
