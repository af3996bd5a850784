"""The pool's processes: their end after so many jobs, of which no job hears, and what they are given."""

from collections.abc import Iterator
from multiprocessing import forkserver
from pathlib import Path

import pytest
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.processes import slot as slots
from jobfleet_worker.processes.pool import Pool
from jobfleet_worker.settings import from_mapping


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    monkeypatch.setattr(slots, "TASKS_PER_PROCESS", 2)
    names = ("stack", "region", "bucket", "request_queue", "response_queue", "dead_letter_queue")
    pool = Pool(from_mapping({**dict.fromkeys(names, "st"), "processes": 1}))
    pool.start()
    yield pool
    pool.stop()


def test_a_process_that_did_its_share_makes_place_for_a_new_one(pool: Pool) -> None:
    (slot,) = pool._slots
    begun_with = slot._pool
    for n in range(7):
        outcome = pool.run(OPERATIONS["stats"], {}, f"{n} 2".encode(), None)
        assert outcome.result["count"] == 2
    assert slot._pool is begun_with, "its end was taken for a death"


def test_libraries_in_the_processes_make_no_threads_and_keep_some_memory(pool: Pool) -> None:
    server = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined] # all are forked from it
    given = Path(f"/proc/{server}/environ").read_bytes().split(b"\0")
    assert {b"OMP_THREAD_LIMIT=1", b"PILLOW_BLOCKS_MAX=6"} <= set(given)
