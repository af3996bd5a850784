"""A load generator that costs little: raw HTTP, one connection an upload, as python-requests sends it.

It is a process of its own. It reads a `Plan` as JSON from standard input, sends, checks every answer, and
prints what came of it: `python -m benchmarks.web.load`.
"""

# ruff: noqa: S311 - chance for arrival times; no secrets
import asyncio
import base64
import json
import random
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.telling.places import ROOT
from benchmarks.web.photos import Photo, read_photo

BOUNDARY = "5e5d1c4a9a0f4c4f8c4f9f2b7a1d3e6f"
GIVE_UP_SECONDS, PAUSE_SECONDS = 60.0, 0.2

Json = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What is sent where. `how` is `closed` (`concurrent` at a time), `open` (`rate` a second) or `burst`.

    `expects` is `text`, a load generator's answer with the photo's name and size; `jobs`, JSON that names
    the photo; or `status` alone. `first` is the number of the first photo.
    """

    port: int
    folder: str
    count: int
    how: str = "closed"
    rate: float = 1.0
    path: str = "/"
    token: str = ""
    prefer: str = ""
    field: str = "inputFile"
    expects: str = "status"
    first: int = 0
    concurrent: int = 1


@dataclass
class Outcome:
    """What came of a plan. `seconds` has a figure for each upload, from the first try to the answer."""

    seconds: list[float] = field(default_factory=list)
    wall: float = 0.0
    cpu: float = 0.0
    wrong: int = 0
    lost: int = 0
    tried_again: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)


def run(plan: Plan, timeout: float = 300.0) -> Json:
    """Carry out a plan in a process of its own; return its outcome."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.web.load"], input=json.dumps(asdict(plan)), cwd=ROOT,
        capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[-2000:])
    answer: Json = json.loads(done.stdout)
    return answer


class Generator:
    """Sends the photos of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._out = plan, Outcome()
        self._tried_again: Counter[str] = Counter()
        folder = Path(plan.folder)
        self._photos = [read_photo(folder, plan.first + number) for number in range(plan.count)]

    async def run(self) -> Outcome:
        """Send all of them."""
        ways: dict[str, Callable[[], Awaitable[None]]] = {
            "closed": lambda: self._closed(self._plan.concurrent), "open": self._open,
            "burst": lambda: self._closed(len(self._photos)),
        }  # fmt: skip
        start, cpu = time.perf_counter(), time.process_time()
        await ways[self._plan.how]()
        self._out.wall, self._out.cpu = time.perf_counter() - start, time.process_time() - cpu
        self._out.tried_again = dict(self._tried_again)
        return self._out

    async def _closed(self, concurrent: int) -> None:
        left = iter(self._photos)

        async def sender() -> None:
            for photo in left:
                await self._send(photo)

        await asyncio.gather(*(sender() for _ in range(concurrent)))

    async def _open(self) -> None:
        chance, tasks = random.Random(7), []
        due = time.perf_counter()
        for photo in self._photos:
            due += chance.expovariate(self._plan.rate)
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(self._send(photo)))
        await asyncio.gather(*tasks)

    async def _send(self, photo: Photo) -> None:
        """Send a photo until it is taken, as generators do; note how long that took."""
        request, start = self._request(photo), time.perf_counter()
        while time.perf_counter() - start < GIVE_UP_SECONDS:
            try:
                status, body = await _exchange(self._plan.port, request)
            except (OSError, asyncio.IncompleteReadError) as problem:
                self._tried_again[type(problem).__name__] += 1
            else:
                if status in (200, 202):
                    self._out.seconds.append(time.perf_counter() - start)
                    self._check(photo, body)
                    return
                self._tried_again[str(status)] += 1
                self._example(f"{status} {body[:300]!r}")
            await asyncio.sleep(PAUSE_SECONDS)
        self._out.lost += 1

    def _check(self, photo: Photo, body: bytes) -> None:
        if not _is_right(self._plan.expects, photo, body):
            self._out.wrong += 1
            self._example(f"{photo.name} {photo.size}: {body[:300]!r}")

    def _example(self, words: str) -> None:
        if len(self._out.examples) < 5:
            self._out.examples.append(words)

    def _request(self, photo: Photo) -> bytes:
        plan = self._plan
        body = (
            f"--{BOUNDARY}\r\nContent-Disposition: form-data; "
            f'name="{plan.field}"; filename="{photo.name}"\r\n\r\n'
        ).encode() + photo.data + f"\r\n--{BOUNDARY}--\r\n".encode()  # fmt: skip
        more = f"Prefer: {plan.prefer}\r\n" if plan.prefer else ""
        if plan.token:
            more += f"Authorization: Basic {base64.b64encode(f'bench:{plan.token}'.encode()).decode()}\r\n"
        head = (
            f"POST {plan.path} HTTP/1.1\r\nHost: 127.0.0.1:{plan.port}\r\nUser-Agent: python-requests/2.34.2"
            "\r\nAccept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: keep-alive\r\n"
            f"Content-Length: {len(body)}\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
            f"{more}\r\n"
        )
        return head.encode() + body


def _is_right(expects: str, photo: Photo, body: bytes) -> bool:
    """Tell whether an answer is about the photo that was sent, and no other."""
    if expects == "status":
        return True
    try:
        if expects == "jobs":
            return [job["name"] for job in json.loads(body)["jobs"]] == [photo.name]
        name, _, result = body.decode().partition(":")
        told = json.loads(result)
        return name == photo.name.rpartition(".")[0] and (told["width"], told["height"]) == photo.size
    except (ValueError, LookupError, TypeError):
        return False


async def _exchange(port: int, request: bytes) -> tuple[int, bytes]:
    """Send a request on a connection of its own; return the status and the body of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        return int(lines[0].split()[1]), body
    finally:
        writer.close()


def main() -> None:
    """Read a plan, carry it out, print the outcome."""
    plan = Plan(**json.loads(sys.stdin.read()))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    outcome = uvloop.run(Generator(plan).run())
    sys.stdout.write(json.dumps(asdict(outcome)))


if __name__ == "__main__":
    main()
