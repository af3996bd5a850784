"""The optional parts of a worker: what some operations need and not every host has.

A declaration names its part (`jobs.catalogue.Operation.part`); here stands how a worker finds out
whether it has it. A probe runs once, when the worker starts: it returns None if the part is there, and
otherwise a sentence that says what is missing and how to get it. A probe must not load what is large, nor
call what may hang.
"""

from collections.abc import Callable, Mapping

from worker.settings import Settings

PARTS: Mapping[str, Callable[[Settings], str | None]] = {}
