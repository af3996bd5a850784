"""The links of the chain from this machine's credentials to a worker's answer, tested in order."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum

from jobfleet.doctor.checks import Examination, Note, Unneeded
from jobfleet.errors import Exit, FleetError


class State(StrEnum):
    """What is known of a link."""

    OK = "ok"
    NOTE = "note"
    BROKEN = "broken"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Link:
    """One link: what was found, or what is broken and how to mend it; `seconds` is how long it took."""

    name: str
    state: State
    words: str
    seconds: float | None = None
    exit: Exit = Exit.OK


Test = Callable[[Examination], str]

LINKS: Mapping[str, Test] = {
    "variables file": Examination.variables_file,
    "settings": Examination.known,
    "credentials found": Examination.credentials,
    "AWS reached": Examination.reached,
    "credentials accepted": Examination.accepted,
    "stack deployed": Examination.deployed,
    "bucket read": Examination.bucket_read,
    "bucket written": Examination.bucket_written,
    "reply queue": Examination.reply_queue,
    "scaling": Examination.scaling,
    "workers": Examination.workers_alive,
    "a job": Examination.job,
}


def test_links(
    examination: Examination, testing: Callable[[str], AbstractContextManager[object]]
) -> Iterator[Link]:
    """Test one link after the other, each within `testing(name)`; what follows a broken one is skipped."""
    broken = False
    for name, test in LINKS.items():
        if broken:
            yield Link(name, State.SKIPPED, "not tested")
            continue
        with testing(name):
            link = _tested(name, test, examination)
        broken = link.state is State.BROKEN
        yield link


def _tested(name: str, test: Test, examination: Examination) -> Link:
    begun = time.monotonic()

    def link(state: State, words: str, code: Exit = Exit.OK) -> Link:
        return Link(name, state, words, round(time.monotonic() - begun, 6), code)

    try:
        with examination.in_words():
            return link(State.OK, test(examination))
    except Note as note:
        return link(State.NOTE, str(note))
    except Unneeded as why:
        return Link(name, State.SKIPPED, str(why))
    except FleetError as problem:
        return link(State.BROKEN, str(problem), problem.exit)
