"""The web tier's application in the test's own process, before work that a test scripts.

`ScriptedWork` stands for `jobfleet_web.work`: it keeps what was submitted, and says what the test wants of
it. That nothing is lost on the way to a real stack is for `tests/aws/web` to show.
"""

import asyncio
import io
import json
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import pytest
from jobfleet.stack.offered_operations import Offered, Offers
from jobfleet.stack.scaling.view import ScalingView
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_web.app import AppParts, create_app
from jobfleet_web.door.door import Door, Hall
from jobfleet_web.door.log import WebLog
from jobfleet_web.door.stop import Stop
from jobfleet_web.door.waiting_room import WaitingRoom
from jobfleet_web.instance.cpu_pool import CpuPool
from jobfleet_web.model import FleetView, InBucket, JobView, Upload
from jobfleet_web.problems import Problem
from jobfleet_web.settings import WebSettings
from jobfleet_web.uploads.limits import UploadLimits
from jobfleet_web.wiring import checks_of
from jobfleet_web.work.scaling_report import scaling_report
from jobfleet_web.work.work import Submitted

T = TypeVar("T")

# What a job is answered with where a test says nothing of it.
LABELS = {"labels": [{"label": "tabby", "score": 0.9, "index": 281}], "model": "0123456789ab"}


class ScriptedLarge:
    """A body that goes to the bucket in parts."""

    def __init__(self, job_id: str, name: str) -> None:
        self.key = f"uploads/{job_id}/{name}"
        self.parts: list[bytes] = []
        self.finished = self.aborted = False

    async def write(self, part: bytes) -> None:
        self.parts.append(part)

    async def finish(self) -> InBucket:
        self.finished = True
        return InBucket(self.key, sum(map(len, self.parts)))

    async def abort(self) -> None:
        self.aborted = True


@dataclass
class ScriptedWork:
    """Answers as `jobfleet_web.work.work.Work` does. `done` makes the view of a job from its upload."""

    done: Callable[[Upload], JobView] = lambda upload: view(upload, "succeeded", LABELS)
    refusal: Exception | None = None
    lacking: tuple[str, ...] = ()
    # Where set, nothing is done before a test sets it.
    gate: asyncio.Event | None = None
    uploads: list[Upload] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    large: list[ScriptedLarge] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    scales: ScalingView = field(default_factory=lambda: ScalingView(datetime.now(UTC)))

    async def operation(self, name: str) -> Operation:
        if name in self.lacking:
            raise Problem(400, "not-offered", f"no live worker does {name}")
        return OPERATIONS[name]

    async def operations(self) -> Offers:
        offers = Offers(["w1"], True)
        offers.offered = {
            name: Offered(one, ["w1"]) for name, one in OPERATIONS.items() if name not in self.lacking
        }
        return offers

    async def submit(
        self,
        uploads: Sequence[Upload],
        *,
        batch: str | None,
        key: str | None,
        sender: str,
        new_batch: bool = False,
    ) -> Submitted:
        if batch is None and (new_batch or len(uploads) > 1):
            batch = new_job_id()
        if self.refusal:
            raise self.refusal
        self.uploads += uploads
        self.calls.append({"batch": batch, "key": key, "sender": sender})
        return Submitted(batch, [view(one, "waiting", None, batch=batch) for one in uploads])

    async def wait(self, job_ids: Sequence[str], seconds: float) -> list[JobView]:
        self.waits.append(seconds)
        mine = [one for one in self.uploads if one.job_id in job_ids]
        if not seconds:
            return [view(one, "waiting", None) for one in mine]
        if self.gate:
            await self.gate.wait()
        return [self.done(one) for one in mine]

    def begin_large(self, job_id: str, name: str) -> ScriptedLarge:
        self.large.append(ScriptedLarge(job_id, name))
        return self.large[-1]

    async def scaling(self) -> Mapping[str, Any]:
        if self.refusal:
            raise self.refusal
        return scaling_report(self.scales, timedelta(hours=3))

    async def fleet(self) -> FleetView:
        return FleetView({}, {}, {}, "")

    def end_streams(self) -> None:
        pass

    async def close(self) -> None:
        pass


def view(upload: Upload, status: Any, result: dict[str, Any] | None, **more: Any) -> JobView:
    """Return a job as the work tells it."""
    return JobView(
        upload.job_id, upload.name, upload.operation.name, status, parameters=upload.parameters,
        bytes=upload.bytes, result=result, **more,
    )  # fmt: skip


class Site:
    """The application behind its door, and a browser's or program's way to it."""

    def __init__(self, work: ScriptedWork | None, limits: UploadLimits | None, **more: Any) -> None:
        self.work = work or ScriptedWork()
        values = {"token_file": "", "open_to_all_without_token": True, "max_input_bytes": 1024 * 1024, **more}
        self.settings = WebSettings("trial", "us-east-1", "jobfleet-trial", **values)
        self.out = io.StringIO()
        self.problems: list[str] = []
        self.hall = Hall(
            WaitingRoom(self.settings.waiting_max),
            WebLog(self.out),
            Stop(),
            2 * self.settings.max_input_bytes,
            self.problems.append,
        )
        self.limits = limits or UploadLimits(self.settings.max_input_bytes)
        self.cpu_work: list[str] = []
        self.cpu = CpuPool(self.settings.waiting_max, self.cpu_work.append)
        self.parts = AppParts(self.settings, self.work, self.limits, self.hall.stop, self.cpu)  # type: ignore[arg-type]
        self.app = Door(create_app(self.parts), checks_of(self.settings), self.hall, self.settings.prefixes)
        self._runner = asyncio.Runner()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in this site's event loop."""
        return self._runner.run(coroutine)

    def client(self, peer: str = "192.0.2.7") -> httpx.AsyncClient:
        """Return a program that speaks to it, from an address."""
        transport = httpx.ASGITransport(self.app, client=(peer, 1))
        return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send one request."""

        async def sent() -> httpx.Response:
            async with self.client() as client:
                return await client.request(method, path, **more)

        return self.run(sent())

    def get(self, path: str, **more: Any) -> httpx.Response:
        """Read something."""
        return self.send("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        """Send something."""
        return self.send("POST", path, **more)

    def close(self) -> None:
        """End its event loop."""
        self.cpu.close()
        self._runner.close()

    async def until(self, look: Callable[[], object]) -> None:
        """Let tasks go on until something holds."""
        for _ in range(10_000):
            if look():
                return
            await asyncio.sleep(0)
        pytest.fail("it never held")

    def lines(self) -> list[dict[str, Any]]:
        """Return what it has logged."""
        return [json.loads(line) for line in self.out.getvalue().splitlines()]


@pytest.fixture
def site() -> Iterator[Callable[..., Site]]:
    """Make sites; they end with the test."""
    sites: list[Site] = []

    def make(work: ScriptedWork | None = None, limits: UploadLimits | None = None, **more: Any) -> Site:
        sites.append(Site(work, limits, **more))
        return sites[-1]

    yield make
    for one in sites:
        one.close()
