"""Those who send files to the web tier: load generators, and a client that names each of its uploads."""

# ruff: noqa: S311 - seeded chance, so that a run can be had again; no secrets
import io
import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import requests
from PIL import Image

from tests.faults.web_host import AUTH, WebHost
from tests.patience import patience, wait_for

# How long a sender tries one file, and how long it waits before it tries again unless it is told.
GIVE_UP_SECONDS, PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 40, 0.2, 2.0


@dataclass(frozen=True)
class Picture:
    """A file to be made grey; no other has its name, its size in pixels or its bytes."""

    name: str
    data: bytes
    size: tuple[int, int]
    grey: bytes

    @property
    def stem(self) -> str:
        """The name without its ending, which a load generator finds in its answer."""
        return self.name.rpartition(".")[0]


def pictures(count: int, seed: int = 21) -> list[Picture]:
    """Return pictures of which no two are alike in anything."""
    return [_picture(n, random.Random(seed + n)) for n in range(count)]


def _picture(number: int, chance: random.Random) -> Picture:
    size = 16 + number % 60, 16 + number // 60
    image = Image.frombytes("RGB", size, chance.randbytes(3 * size[0] * size[1]))
    out = io.BytesIO()
    image.save(out, "PNG")
    return Picture(f"test_{number}.png", out.getvalue(), size, image.convert("L").tobytes())


@dataclass
class Sending:
    """One file on its way: what each try came to, and the answer with which it was taken."""

    picture: Picture
    key: str | None
    tries: list[str] = field(default_factory=list)
    answer: requests.Response | None = None

    @property
    def by_generator(self) -> bool:
        """Whether a load generator has sent it, which cannot say that a try is one of its own again."""
        return self.key is None


# What befalls a sender whose connection breaks, or whose answer breaks off in the middle.
_CUT_OFF = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)

Send = Callable[[str, Sending], requests.Response]


def by_generator(url: str, one: Sending) -> requests.Response:
    """Send as the load generators of courses do: a connection each, one file in a field.

    They have no time-out. This one has, so that a test ends.
    """
    files = {"inputFile": (one.picture.name, one.picture.data)}
    return requests.post(url, files=files, auth=AUTH, timeout=patience(GIVE_UP_SECONDS))


def by_client(batch: str, *, waits: bool = False) -> Send:
    """Return how a careful client sends: each upload has a name of its own, and all are of one batch."""
    prefer = f"wait={patience(20):.0f}" if waits else "respond-async"

    def send(url: str, one: Sending) -> requests.Response:
        return requests.post(
            f"{url}/api/v1/upload",
            params={"operation": "greyscale", "batch": batch},
            files={"file": (one.picture.name, one.picture.data, "image/png")},
            headers={"Idempotency-Key": one.key or "", "Prefer": prefer}, auth=AUTH, timeout=patience(40),
        )  # fmt: skip

    return send


def new_batch(host: WebHost) -> str:
    """Return a batch that nothing is in, of a host that was just started."""
    host.until_started()
    answer = requests.post(f"{host.url}/api/v1/batches", auth=AUTH, timeout=patience(30))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["batch"])


class Senders:
    """Threads that send files to web hosts in turn, each until it is taken. Use it in a `with`."""

    def __init__(self, hosts: Sequence[WebHost], threads: int = 12) -> None:
        self._turns = itertools.cycle(host.url for host in hosts)
        self._pool = ThreadPoolExecutor(threads)
        self._closing = threading.Event()
        self._under_way: list[Future[None]] = []
        self.sendings: list[Sending] = []

    def __enter__(self) -> "Senders":
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._pool.shutdown(cancel_futures=True)

    def begin(self, some: Sequence[Picture], send: Send = by_generator, keys: str = "") -> None:
        """Begin to send; where `keys` is given, each upload has a name that begins with it."""
        for picture in some:
            one = Sending(picture, f"{keys}-{picture.name}" if keys else None)
            self.sendings.append(one)
            self._under_way.append(self._pool.submit(self._send, send, one))

    def under_way(self) -> bool:
        """Tell whether somebody still sends."""
        return any(not future.done() for future in self._under_way)

    def taken(self) -> int:
        """Return how many files were taken so far."""
        return sum(one.answer is not None for one in self.sendings)

    def until_taken(self, more: int) -> None:
        """Wait until so many more files were taken, or nobody sends any more."""
        before = self.taken()
        wait_for(
            lambda: self.taken() >= before + more or not self.under_way(), 60,
            lambda: f"{more} more taken; so far {self.taken()} after {self.tries()}",
        )  # fmt: skip

    def tries(self) -> Counter[str]:
        """Return what all tries so far came to."""
        return Counter(what for one in self.sendings for what in tuple(one.tries))

    def finish(self) -> None:
        """Wait until every file was taken or given up."""
        for future in self._under_way:
            future.result()

    def _send(self, send: Send, one: Sending) -> None:
        until = time.monotonic() + patience(GIVE_UP_SECONDS)
        while time.monotonic() < until and not self._closing.is_set():
            pause = PAUSE_SECONDS
            try:
                answer = send(next(self._turns), one)
            except _CUT_OFF as problem:
                one.tries.append(type(problem).__name__)
            else:
                one.tries.append(word(answer))
                if answer.status_code in (200, 202):
                    one.answer = answer
                    return
                pause = min(float(answer.headers.get("Retry-After", pause)), LONGEST_PAUSE_SECONDS)
            self._closing.wait(pause)


def word(answer: requests.Response) -> str:
    """Return the status of an answer; of one that does not say when to try again, that and its body."""
    status = answer.status_code
    if status in (200, 202) or ((status == 429 or status >= 500) and "Retry-After" in answer.headers):
        return str(status)
    return f"{status} without Retry-After: {answer.text[:300]}"


def may_be_tried_again(what: str) -> bool:
    """Tell whether a try ended as it may: taken, or in such a way that any client tries again."""
    if what in [kind.__name__ for kind in _CUT_OFF]:
        return True
    return what in ("200", "202") or (what.isdigit() and (what == "429" or what >= "500"))


def job_of(one: Sending) -> dict[str, Any]:
    """Return the job that an answer tells of, where it was not one to a load generator."""
    assert one.answer is not None
    (job,) = one.answer.json()["jobs"]
    return dict(job)
