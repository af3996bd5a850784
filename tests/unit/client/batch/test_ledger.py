"""A run goes on where its ledger cannot: on a real disk that is full."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from jobfleet.batch.ledger import Ledger
from jobfleet.batch.plan import BatchItem

from tests import abilities


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system that is full after a few notes."""
    with abilities.small_disk(tmp_path / "full", "256k") as folder:
        yield folder


def item(number: int) -> BatchItem:
    return BatchItem(Path(f"/photos/{number}.png"), None, None, number, number)


def test_what_a_full_disk_cannot_hold_is_told_once_and_kept_in_memory(full_disk: Path) -> None:
    told: list[Exception] = []
    with Ledger(full_disk / "run.sqlite", told.append) as ledger:
        for number in range(500):
            ledger.note([(item(number), f"job-{number}", "x" * 5_000)], "sending")
            ledger.mark_sent([f"job-{number}"])
        ledger.mark(item(499), "done")
        found = ledger.find(item(499))
        assert found is not None
        assert found.state == "done"
        assert 0 < ledger.count("sent") < 499
    assert [str(problem) for problem in told] == ["database or disk is full"]
