"""Who listens to a batch is told all of it, however large it is and however slow they read.

The batch is played here: thousands of jobs would take minutes to send. `tests/aws/web` listens to real ones.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from jobfleet_jobs.protocol.ids import derived_job_id
from jobfleet_web.model import JobView
from jobfleet_web.work.batches.batch_events import BatchEvents

BATCH = derived_job_id(0, b"b" * 10)
JOBS = 12_000


class PlayedBatch:
    """A batch of jobs that wait."""

    async def jobs(self, _: str) -> list[JobView]:
        return [job(number, "waiting") for number in range(JOBS)]


async def fleet() -> Mapping[str, Any]:
    """Tell nothing."""
    return {}


def job(number: int, status: Any) -> JobView:
    """Return a job of the batch."""
    return JobView(derived_job_id(number, bytes(10)), "a.png", "greyscale", status, BATCH)


def test_a_listener_of_a_large_batch_is_told_all_of_it_and_what_changes_then() -> None:
    async def test() -> None:
        events = BatchEvents(PlayedBatch(), fleet)  # type: ignore[arg-type]
        first, second = events.listen(BATCH), events.listen(BATCH)
        told = {"first": set[str](), "second": set[str]()}
        for name, listening in (("first", first), ("second", second)):
            async for event in listening:
                told[name].add(event.data.get("id", ""))
                if len(told[name]) == JOBS + 1:
                    break
            events.job_changed(job(0, "succeeded"))
        assert (await anext(first)).data["status"] == "succeeded"
        events.close()
        assert [event async for event in first] == []
        await second.aclose()

    asyncio.run(test())


def test_one_that_reads_nothing_for_long_is_told_of_each_job_once_and_how_it_is_by_then() -> None:
    async def test() -> None:
        events = BatchEvents(PlayedBatch(), fleet)  # type: ignore[arg-type]
        listening = events.listen(BATCH)
        await anext(listening)
        for status in ("waiting", "working", "succeeded"):
            events.job_changed(job(0, status))
        events.job_changed(job(1, "waiting"))
        heard = [(await anext(listening)).data for _ in range(2)]
        assert [one["status"] for one in heard] == ["succeeded", "waiting"]
        await listening.aclose()
        events.close()

    asyncio.run(test())
