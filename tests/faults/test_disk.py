"""Log lines between the worker and the bucket: a full spool disk, a crash before the upload."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests import abilities
from tests.faults.acts import server_error
from tests.faults.catalogue import Job, mixed
from tests.faults.harness import Baseline, Stack

# So many jobs are done while the disk is full.
JOBS_WHILE_FULL = 5


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB where the workers' spool lies."""
    with abilities.small_disk(tmp_path / "spool", "256k", "--lazy") as spool:
        yield spool


def fill(folder: Path) -> Path:
    """Take all the room that is left; what an upload gives free has to be taken again."""
    path = folder / "filler"
    with path.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4_096)
        except OSError:
            return path


def test_a_worker_killed_while_the_spool_is_full_loses_no_job_and_no_log_line(
    small_disk: Path, stack: Stack, good: list[Job], slow: list[Job], baseline: Baseline
) -> None:
    stack.send(mixed(good, slow))
    worker = stack.start()
    stack.until(lambda: stack.proxy.count("PUT outputs/") > 10, 30, "the worker is at work")

    filler = fill(small_disk)
    stack.proxy.injected["disk full"] += 1
    stack.until(
        lambda: fill(small_disk) and "No space left" in worker.path.read_text(), 10, "the journal says so"
    )
    assert worker.alive
    assert stack.left(), "all was done before the disk was full; take more jobs"
    worker.kill()
    stack.proxy.injected["kill -9 of the worker"] += 1
    second = stack.start()
    stack.until(
        lambda: fill(small_disk) and len(second.told("job")) >= JOBS_WHILE_FULL, 30, "the next one works"
    )
    filler.unlink()
    stack.until_done(60)

    stack.check(baseline)


def test_a_full_spool_stops_no_worker_for_good(
    small_disk: Path, stack: Stack, good: list[Job], slow: list[Job], baseline: Baseline
) -> None:
    filler = fill(small_disk)
    stack.proxy.injected["disk full"] += 1
    stack.send(mixed(good, slow))
    worker = stack.start()
    stack.until(
        lambda: fill(small_disk) and len(worker.told("job")) >= JOBS_WHILE_FULL, 30, "it works all the same"
    )
    filler.unlink()
    stack.until_done(60)

    stack.check(baseline)
    assert len(stack.workers) == 1
    assert worker.path.read_text().count("spool-failed") <= 2


def test_lines_that_a_killed_worker_left_in_its_spool_are_uploaded_by_the_next(
    stack: Stack, good: list[Job], baseline: Baseline
) -> None:
    stack.send(good[:40])
    stack.proxy.inject("500 to a log upload", server_error, "PUT logs/")
    worker = stack.start()

    def spooled() -> set[tuple[str, str]]:
        files = (stack.folder / "spool").glob("*.jsonl")
        return job_lines([line for file in files for line in file.read_text().splitlines()])

    stack.until(lambda: len(spooled()) >= 5, 30, "job lines are in the spool")
    left = spooled()
    worker.kill()
    stack.proxy.clear()
    stack.start()
    stack.until_done(60)

    stack.check(baseline)
    assert left <= job_lines([json.dumps(line) for line in stack.logged()])


def job_lines(lines: list[str]) -> set[tuple[str, str]]:
    """Return the time and the id of each whole line about a job."""
    found = set()
    for text in lines:
        with suppress(ValueError):
            line = json.loads(text)
            if line["event"] == "job":
                found.add((line["time"], line["job"]))
    return found
