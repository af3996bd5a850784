"""A fault in the thread that extends holds, for workers that tests start with this folder on PYTHONPATH.

Python imports this by itself in every process; the product knows nothing of it.
"""

from typing import Any

from jobfleet_worker.job.held_messages import Holds


def _beat(self: Any, crew: Any) -> list[Any]:
    if len(self):
        raise ZeroDivisionError("a fault of the worker's own")
    return []


Holds.beat = _beat  # type: ignore[method-assign]
