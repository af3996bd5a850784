"""Numbers too many for memory: through the disk, in parts, one job at a time, and nothing left behind."""

import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.daemon_pool import DaemonPool
from jobfleet_worker.errors import BrokenAttempt, GivenUp
from jobfleet_worker.job import large_input
from jobfleet_worker.operations.numbers.stats import stats

NUMBERS = b"\n".join(b"%d.%d" % (n * 7919 % 1000, n % 10) for n in range(900))


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of 1,000 bytes; the numbers above are five of them."""
    monkeypatch.setattr(large_input, "LARGE_BYTES", 1000)


def numbers() -> dict[str, Any]:
    return stats(map(float, NUMBERS.split()), more=True)


def test_numbers_above_the_threshold_are_streamed_and_say_what_they_say_in_memory(
    stack: Any, bench: Any, small_parts: None
) -> None:
    table = b"a,b\n" + b"".join(b"%d,%d\n" % (n % 7, 2**60 + n) for n in range(300))
    asked = [
        stack.request(source=NUMBERS, parameters={"more": True}),
        stack.request(source=table, parameters={"columns": "b,a"}),
        stack.request(source=NUMBERS + b"\nnine", parameters={}),
        stack.request(source=b"1 2 3"),
    ]
    for request in asked:
        stack.send(request)
    worker = bench(stream_from_bytes=1000, max_input_bytes=1000)
    worker.work(lambda: stack.waiting(stack.replies) == 4)
    found, tables, bad, small = (stack.stored(request.id) for request in asked)
    assert found.result == numbers()
    assert tables.result["columns"]["b"]["median"] == 2**60 + 149.5
    assert tables.result["columns"]["a"]["count"] == 300
    assert bad.error.message == "line 901: 'nine' is not a number"
    assert small.result["count"] == 3
    parts = [call for call in stack.front.calls if call == f"GET uploads/{asked[0].id}/x"]
    assert len(parts) == 1 + -(-len(NUMBERS) // 1000)
    line = next(line for line in worker.lines() if line.get("job") == asked[0].id)
    assert line["input_bytes"] == len(NUMBERS)
    assert set(line["timings"]) == {"input", "wait", "operation"}
    assert list(worker.settings.spool.glob("*")) == []


def test_a_part_that_does_not_come_is_fetched_again_and_no_other(
    stack: Any, bench: Any, small_parts: None
) -> None:
    request = stack.request(source=NUMBERS, parameters={"more": True})
    stack.send(request)
    came: list[str] = []

    def third_fails(call: str) -> bool:
        came.append(call)
        return call.startswith("GET uploads/") and len([c for c in came if c == call]) in (3, 4, 5)

    stack.front.fails = third_fails
    worker = bench(stream_from_bytes=1000)
    worker.work(lambda: stack.waiting(stack.replies))
    assert stack.stored(request.id).result == numbers()
    assert stack.stored(request.id).attempt == 1
    assert "attempt-broken" not in worker.events()
    # The look at it, its parts, and those that failed.
    assert came.count(f"GET uploads/{request.id}/x") == 1 + -(-len(NUMBERS) // 1000) + 3


def test_an_input_that_is_overwritten_meanwhile_is_read_anew(
    stack: Any, bench: Any, small_parts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = stack.request(source=NUMBERS)
    stack.send(request)
    worker = bench(stream_from_bytes=1000)
    read_part = worker.storage.read_part

    def overwritten(large: Any, start: int, size: int) -> bytes:
        if start == 2000 and not worker.events():
            stack.s3.put_object(Bucket=stack.bucket, Key=large.key, Body=b"5 " * 900)
        return read_part(large, start, size)  # type: ignore[no-any-return]

    monkeypatch.setattr(worker.storage, "read_part", overwritten)
    worker.work(lambda: stack.waiting(stack.replies))
    stored = stack.stored(request.id)
    assert (stored.result["min"], stored.result["max"], stored.attempt) == (5, 5, 2)
    broken = worker.lines()[0]
    assert (broken["event"], broken["cause"]) == (
        "attempt-broken",
        "BrokenAttempt: the input was overwritten while it was read",
    )


def test_numbers_that_are_dropped_are_streamed_too(stack: Any, bench: Any, small_parts: None) -> None:
    key = stack.open_drop_folder().drop("stats/many.txt", NUMBERS)
    worker = bench(stream_from_bytes=1000).work()
    result = json.loads(stack.take(stack.responses)["Body"])
    assert (result["dropped"], result["result"]) == (key, stats(map(float, NUMBERS.split())))
    assert stack.front.calls.count(f"GET {key}") > len(NUMBERS) // 1000
    assert "attempt-broken" not in worker.events()


def test_an_input_too_large_for_a_stream_is_a_bad_job_and_one_too_large_for_the_disk_waits(
    stack: Any, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    huge, large = stack.request(source=b"1 " * 3000), stack.request(source=b"1 " * 1000)
    stack.send(huge)
    stack.send(large)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(9000, 5000, 4000))
    worker = bench(stream_from_bytes=1000, max_stream_bytes=5000).start()
    stack.until(lambda: "attempt-broken" in worker.events() and stack.waiting(stack.replies) == 1)
    assert stack.stored(huge.id).error.message == (
        "the input has 6,000 bytes; this worker takes at most 5,000"
    )
    broken = next(line for line in worker.lines() if line["event"] == "attempt-broken")
    assert "the input's 2,000 bytes need 5,000 bytes of disk, and 4,000 are free in " in broken["cause"]
    monkeypatch.undo()
    worker.close()


def test_a_stream_is_watched_has_its_own_time_limit_and_one_of_others_ends_with_it(
    stack: Any, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = bench(stream_from_bytes=1000, job_time_limit=60, stream_seconds_per_mib=7)
    limits: list[float] = []
    looks: list[str] = []

    def slot_run(task: Any, time_limit: float, given_up: Any) -> Any:
        limits.append(time_limit)
        looks.append(str(given_up()))
        [held] = worker.parts.leases.all()
        assert held.begun is not None
        # As if it had begun so long ago that any other job would be given up, and this one is not.
        held.begun -= 60 + 60 + 5
        worker.parts.leases.extend(DaemonPool(0))
        looks.append(str(given_up()))
        held.begun -= 7
        worker.parts.leases.extend(DaemonPool(0))
        looks.append(str(given_up()))
        raise BrokenAttempt("enough")

    monkeypatch.setattr(worker.parts.pool._stream, "run", slot_run)
    stack.send(stack.request(source=NUMBERS))
    worker.start()
    stack.until(lambda: len(looks) == 3)
    assert (limits[0], looks) == (67, ["None", "None", "the lease is lost"])


def test_a_hold_that_is_lost_kills_the_stream_that_works_for_it(
    stack: Any, bench: Any, tmp_path: Path
) -> None:
    worker = bench(stream_from_bytes=1000).start()
    with (tmp_path / "endless").open("w+b") as file:
        file.write(b"1.5 " * 3_000_000)
        file.flush()
        with pytest.raises(GivenUp, match="lost"):
            worker.parts.pool.run_streamed(
                OPERATIONS["stats"], {"more": True}, file, worker.settings.spool, 600,
                lambda: "lost",
            )  # fmt: skip
    assert worker.parts.pool._stream._pool is None


def test_a_killed_worker_leaves_nothing_on_the_disk(stack: Any, tmp_path: Path) -> None:
    stack.send(stack.request(source=b"1.5 " * 3_000_000))
    path = stack.settings_file(stream_from_bytes=1000)
    worker = stack.worker("--config", str(path))
    spool = tmp_path / "spool"

    def holds_a_file() -> bool:
        targets = [str(link.readlink()) for link in Path(f"/proc/{worker.pid}/fd").iterdir()]
        return any(target.startswith(str(spool)) and target.endswith("(deleted)") for target in targets)

    def looked() -> bool:
        try:
            return holds_a_file()
        except FileNotFoundError:  # a file that was closed meanwhile
            return False

    stack.until(looked)
    worker.kill()
    worker.wait()
    assert [path for path in spool.iterdir() if path.suffix != ".jsonl"] == []
