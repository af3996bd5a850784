"""Images of the same content, when the first of them cannot be uploaded."""

from pathlib import Path

from jobfleet.batch.duplicates import Duplicates
from jobfleet.batch.plan import BatchItem


def items(folder: Path, count: int) -> list[BatchItem]:
    made = []
    for number in range(count):
        path = folder / f"{number}.png"
        path.write_bytes(b"alike")
        made.append(BatchItem(path, None, None, 5, 0))
    return made


def test_whoever_hears_late_of_a_first_one_that_was_lost_looks_for_another(tmp_path: Path) -> None:
    first, early, late, new = items(tmp_path, 4)
    twins = Duplicates()
    twins.expect([first, early, late, new])
    assert [twins.first_like(each) for each in (first, early, late)] == [first, first, first]
    assert twins.request_like(first, early) is None

    assert twins.lost(first) == [early]

    # `late` asked for its first one before that was lost, and is told of it only now.
    assert twins.is_lost(first)
    assert twins.first_like(new) is new
    assert not twins.is_lost(new)
