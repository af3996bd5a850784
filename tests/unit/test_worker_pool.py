"""The pool's processes come to their own end after so many jobs, and no job hears of it."""

from collections.abc import Iterator

import pytest

from jobs.catalogue import OPERATIONS
from worker import pool as pools
from worker.pool import Pool
from worker.settings import from_mapping


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    monkeypatch.setattr(pools, "TASKS_PER_PROCESS", 2)
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
