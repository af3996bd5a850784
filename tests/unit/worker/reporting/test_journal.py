import io
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jobfleet_worker.reporting.journal import Journal
from jobfleet_worker.settings import BadSettings

from tests.abilities import need_root


class StoppedClock:
    def monotonic(self) -> float:
        return 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)


class Bucket(dict[str, bytes]):
    """A store that never writes a key twice with other bytes."""

    def put(self, key: str, lines: bytes) -> None:
        assert self.get(key, lines) == lines
        self[key] = lines


def journal(spool: Path, bucket: Bucket, out: io.StringIO | None = None) -> Journal:
    return Journal(spool, "w1", bucket.put, StoppedClock(), out or io.StringIO())


def test_a_line_goes_to_the_journal_the_disk_and_then_the_bucket(tmp_path: Path) -> None:
    bucket, out = Bucket(), io.StringIO()
    log = journal(tmp_path / "spool", bucket, out)
    batch = log.batch([("job", {"job": "ID", "outcome": "succeeded"})])
    line = {
        "time": "2026-01-02T03:04:05.678+00:00",
        "worker": "w1",
        "event": "job",
        "job": "ID",
        "outcome": "succeeded",
    }
    assert json.loads(out.getvalue()) == line
    (spooled,) = (tmp_path / "spool").iterdir()
    assert json.loads(spooled.read_text()) == line
    log.store(batch)
    assert {key: json.loads(lines) for key, lines in bucket.items()} == {
        "logs/by-time/2026/01/02/030405-678901-w1.jsonl": line
    }
    assert list((tmp_path / "spool").iterdir()) == []


def test_lines_are_synced_to_the_disk_before_they_count_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: dict[Path, bytes] = {}

    def note(file: int) -> None:
        path = Path(f"/proc/self/fd/{file}").readlink()
        synced[path] = path.read_bytes()

    monkeypatch.setattr(os, "fsync", note)
    log = journal(tmp_path, Bucket())
    log.tell("told")
    batch = log.batch([("job", {"number": 1}), ("job", {"number": 2})])
    log.tell("told")
    log.keep(batch)
    assert synced == {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert sorted(lines.count(b"\n") for lines in synced.values()) == [2, 2]
    log.upload()


def test_each_batch_is_an_object_of_its_own_and_none_is_lost(tmp_path: Path) -> None:
    bucket = Bucket()
    log = journal(tmp_path, bucket)
    for number in range(5):
        log.tell("told", number=number)
        log.store(log.batch([("job", {"number": number})]))
        if number % 2:
            log.upload()
    log.upload()
    # The clock stands still, so each new key must step aside by itself.
    told = [json.loads(line) for lines in bucket.values() for line in lines.splitlines()]
    assert sorted((line["event"], line["number"]) for line in told) == sorted(
        (event, number) for event in ("job", "told") for number in range(5)
    )


def test_what_a_crash_left_is_uploaded_by_the_next_worker_without_the_torn_line(tmp_path: Path) -> None:
    (tmp_path / "20260101-000000-000007.jsonl").write_bytes(b'{"job": 1}\n{"jo')
    bucket = Bucket()
    log = journal(tmp_path, bucket)
    log.upload()
    assert bucket == {"logs/by-time/2026/01/01/000000-000007-w1.jsonl": b'{"job": 1}\n'}
    assert list(tmp_path.iterdir()) == []


def test_lines_stay_spooled_while_the_bucket_fails(tmp_path: Path) -> None:
    def fails(key: str, lines: bytes) -> None:
        raise ConnectionError

    log = Journal(tmp_path, "w1", fails, StoppedClock(), io.StringIO())
    batch = log.batch([("job", {"number": 1})])
    with pytest.raises(ConnectionError):
        log.store(batch)
    log.keep(batch)
    bucket = Bucket()
    journal(tmp_path, bucket).upload()
    assert len(bucket) == 1


def test_a_file_another_worker_is_writing_is_left_to_it(tmp_path: Path) -> None:
    bucket = Bucket()
    mine, theirs = journal(tmp_path, bucket), journal(tmp_path, bucket)
    mine.tell("told")
    batch = mine.batch([("job", {"number": 1})])
    theirs.upload()
    assert bucket == {}
    mine.upload()
    mine.store(batch)
    assert len(bucket) == 2


def test_a_spool_that_belongs_to_another_user_is_refused(tmp_path: Path) -> None:
    need_root()
    spool = tmp_path / "spool"
    spool.mkdir()
    os.chown(spool, 12345, 12345)
    with pytest.raises(BadSettings, match="12345"):
        journal(spool, Bucket())


def test_where_the_disk_is_full_lines_go_from_memory_to_the_bucket_and_it_is_said_once(
    tmp_path: Path,
) -> None:
    out, bucket = io.StringIO(), Bucket()
    log = journal(tmp_path / "spool", bucket, out)
    (tmp_path / "spool").rmdir()
    log.tell("paused")
    log.tell("resumed")
    batch = log.batch([("job", {"number": 1})])
    log.store(batch)
    log.upload()
    log.upload()
    said = [json.loads(line)["event"] for line in out.getvalue().splitlines()]
    assert said == ["paused", "spool-failed", "resumed", "job"]
    stored = [json.loads(line)["event"] for lines in bucket.values() for line in lines.splitlines()]
    assert sorted(stored) == sorted(said)
    assert len(bucket) == 2
