"""What tests of load balancers share."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.abilities import need_program
from tests.aws.localcloud.balancers.bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    need_program("haproxy")
    # HAProxy's words end at blanks, a comment begins at #, and a socket's path has 107 bytes at most.
    folder = tmp_path / ('a long, éà日 # %h "$x folder ' * 6)
    folder.mkdir()
    made = Bench(folder)
    yield made
    made.end()


@pytest.fixture
def elsewhere() -> Callable[[Callable[[], Any]], threading.Thread]:
    """A function that begins something in another thread."""

    def begin(what: Callable[[], Any]) -> threading.Thread:
        thread = threading.Thread(target=what)
        thread.start()
        return thread

    return begin
