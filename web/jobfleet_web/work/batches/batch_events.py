"""Changes in batches, told to whoever listens: one task looks for each batch, however many listen."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from jobfleet_web.model import JobView
from jobfleet_web.problems import Problem
from jobfleet_web.work.batches.batch_views import Batches, checked_batch_id

# How often the bucket is looked at for what other hosts did; longer while nothing changes. What this process
# did is told at once.
LOOK_SECONDS, LOOK_LONGEST_SECONDS = 1.0, 5.0

# How often something is sent where nothing happens, so that proxies leave the line open.
COMMENT_SECONDS = 15.0

# After how many milliseconds a browser connects again.
RETRY_MILLISECONDS = 3_000


@dataclass(frozen=True)
class Event:
    """Something that happened. Without a `name` it is a comment, that keeps the line open.

    `about` is a job, or the fleet as JSON.
    """

    name: str = ""
    about: JobView | Mapping[str, Any] = field(default_factory=dict)
    number: int = 0

    @property
    def data(self) -> Mapping[str, Any]:
        """What it tells, as JSON: made when it is sent, as thousands may wait for that."""
        return self.about.to_json() if isinstance(self.about, JobView) else self.about

    def encode(self) -> bytes:
        """Return it as it stands in an event stream (https://html.spec.whatwg.org/#server-sent-events)."""
        if not self.name:
            return f": still here\nretry: {RETRY_MILLISECONDS}\n\n".encode()
        body = json.dumps(self.data, ensure_ascii=False, separators=(",", ":"))
        return f"event: {self.name}\nid: {self.number}\ndata: {body}\n\n".encode("utf-8", "replace")


class _Listener:
    """What one listener is yet to be told: of each job the last news alone, so a slow one holds little."""

    def __init__(self) -> None:
        self._news: OrderedDict[str, Event] = OrderedDict()
        self._came = asyncio.Event()

    def put(self, whose: str, event: Event) -> None:
        """Leave news of a job, or of the fleet."""
        self._news[whose] = event
        self._came.set()

    def end(self) -> None:
        """Wake it up where nothing happens any more."""
        self._came.set()

    async def next(self) -> Event:
        """Return the next news, or a comment if none comes for a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(COMMENT_SECONDS):
                await self._came.wait()
        event = self._news.popitem(last=False)[1] if self._news else Event()
        if not self._news:
            self._came.clear()
        return event


class _Watch:
    """One batch that somebody listens to: what was told of it, and to whom."""

    def __init__(self) -> None:
        self.told: dict[str, Event] = {}
        self.listeners: set[_Listener] = set()
        self.number = 0
        self.task: asyncio.Task[None] | None = None
        self.fleet: Mapping[str, Any] = {}

    def tell(self, whose: str, name: str, about: JobView | Mapping[str, Any]) -> Event:
        """Tell all listeners."""
        self.number += 1
        event = Event(name, about, self.number)
        for listener in self.listeners:
            listener.put(whose, event)
        return event


class BatchEvents:
    """Tells what changes in batches, and how the fleet is. `read_fleet` returns that as JSON."""

    def __init__(
        self, batches: Batches, read_fleet: Callable[[], Coroutine[Any, Any, Mapping[str, Any]]]
    ) -> None:
        self._batches, self._read_fleet = batches, read_fleet
        self._watches: dict[str, _Watch] = {}
        self._closed = False

    async def listen(self, batch: str) -> AsyncGenerator[Event, None]:
        """Give each job of a batch as it is now, and then each one that changes, until `close`."""
        watch = self._watches.setdefault(checked_batch_id(batch), _Watch())
        listener = _Listener()
        for job_id, event in watch.told.items():
            listener.put(job_id, event)
        watch.listeners.add(listener)
        if watch.task is None:
            watch.task = asyncio.create_task(self._watch(batch, watch))
        try:
            yield Event()
            while not self._closed:
                event = await listener.next()
                if not self._closed:
                    yield event
        finally:
            watch.listeners.discard(listener)
            if not watch.listeners and self._watches.get(batch) is watch:
                del self._watches[batch]
                if watch.task:
                    watch.task.cancel()

    def job_changed(self, job: JobView) -> None:
        """Tell at once of a job of this process."""
        watch = self._watches.get(job.batch or "")
        if watch:
            self._tell_if_new(watch, job)

    def close(self) -> None:
        """End all streams, and let no new one begin."""
        self._closed = True
        for watch in self._watches.values():
            if watch.task:
                watch.task.cancel()
            for listener in watch.listeners:
                listener.end()

    async def _watch(self, batch: str, watch: _Watch) -> None:
        pause = LOOK_SECONDS
        while True:
            changed = 0
            # What cannot be read now is read at the next turn; the fleet's state says why.
            with suppress(Problem):
                changed = sum([self._tell_if_new(watch, job) for job in await self._batches.jobs(batch)])
            await self._tell_fleet(watch)
            pause = LOOK_SECONDS if changed else min(2 * pause, LOOK_LONGEST_SECONDS)
            await asyncio.sleep(pause)

    def _tell_if_new(self, watch: _Watch, job: JobView) -> bool:
        last = watch.told[job.id].about if job.id in watch.told else None
        # A look that began before the answer came is older than what was told.
        if last == job or (isinstance(last, JobView) and last.is_done and not job.is_done):
            return False
        watch.told[job.id] = watch.tell(job.id, "job", job)
        return True

    async def _tell_fleet(self, watch: _Watch) -> None:
        fleet = await self._read_fleet()
        if fleet != watch.fleet:
            watch.fleet = fleet
            watch.tell("", "fleet", fleet)
