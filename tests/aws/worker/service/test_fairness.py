"""One client's folder of images does not hold up what others ask for.

Nothing is timed: outputs of images are let through one by one, and counted.
"""

import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jobfleet import Fleet, Settings
from jobfleet.sending.prepare import prepare
from jobfleet_worker.service.backlog import WAITING_PER_PROCESS, io_threads
from PIL import Image

from tests.client_bench import Jobfleet
from tests.patience import patience, wait_for

IMAGES = 300
# Of one alone, a process that is slow to start would make the worker think that all are long.
SHORT = 20
PROCESSES = 2
IN_HAND = io_threads(PROCESSES) + WAITING_PER_PROCESS * PROCESSES


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 6), (200, 100, 50)).save(out, "PNG")
    return out.getvalue()


class Gate:
    """Holds outputs up, until one is let through; `held` is how many stand there, `came` which ones.

    A worker puts an output again that was held for longer than it waits for an answer. It stands there once.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._standing: dict[str, int] = {}  # by output, which of its puts is the last
        self._passes, self._through = 0, set[str]()
        self.came = list[str]()

    @property
    def held(self) -> int:
        with self._changed:
            return len(self._standing) - self._passes

    def __call__(self, call: str) -> float:
        if call.startswith("PUT outputs/"):
            self._stand(call.removeprefix("PUT outputs/"))
        return 0.0

    def let_through(self, count: int = 1) -> None:
        """Let that many through, of those that are there or come."""
        with self._changed:
            self._passes += count
            self._changed.notify_all()

    def _stand(self, output: str) -> None:
        with self._changed:
            if output in self._through:
                return
            if output not in self._standing:
                self.came.append(output)
            mine = self._standing[output] = self._standing.get(output, 0) + 1
            self._changed.notify_all()
            over = self._changed.wait_for(
                lambda: self._standing.get(output) != mine or self._passes, patience(60)
            )
            if over and self._standing.get(output) == mine:
                self._passes -= 1
                self._through.add(output)
                del self._standing[output]


@pytest.fixture
def gate(stack: Any) -> Iterator[Gate]:
    gate = Gate()
    stack.front.delays = gate
    yield gate
    gate.let_through(10 * IMAGES)


@pytest.fixture
def folder(stack: Any, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The images of one client: a worker has its hands full of them, and the others wait in the queue."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("XDG_STATE_HOME", str(stack.folder / "state"))
    image, stored = io.BytesIO(png()), stack.request("greyscale", png()).input
    with Fleet(Settings(stack.name, "us-east-1", endpoint_url=stack.front.url), replies=False) as fleet:
        jobs = [prepare("greyscale", image, file_name="x.png") for _ in range(IMAGES + SHORT)]
        fleet.exchange.send([fleet.exchange.request(job, stored=stored) for job in jobs])
    settings = stack.settings_file(processes=PROCESSES, visibility_timeout=300)
    # Until some are done, a worker does not know that they are short, and does not fill its hands.
    gate.let_through(SHORT)
    stack.worker("--config", str(settings))
    stack.until(lambda: is_full(stack, gate, IMAGES))


def is_full(stack: Any, gate: Gate, requests: int) -> bool:
    """Tell whether the worker does nothing until an image is let through; so many requests are left."""
    left = stack.waiting(stack.requests)
    full = gate.held == io_threads(PROCESSES) and left - stack.visible() == IN_HAND
    return bool(full and left == requests)


def images_until(stack: Any, gate: Gate, came: Callable[[int], bool], most: int) -> int:
    """Let images through one by one until something `came` after so many; return how many.

    It is not waited for after more than `most`.
    """
    for count in range(1, most + 1):
        gate.let_through()
        wait_for(lambda count=count: came(count) or is_full(stack, gate, IMAGES + 1 - count), 60)
        if came(count):
            return count
    raise AssertionError(f"it did not come after {most} images")


@pytest.mark.usefixtures("folder")
def test_numbers_of_another_client_wait_for_an_image_or_two(stack: Any, gate: Gate, tmp_path: Path) -> None:
    jobfleet = Jobfleet(stack, tmp_path / "home")
    process = jobfleet.start("stats", "1", "2", "3")
    stack.until(lambda: stack.waiting(stack.requests) == IMAGES + 1)

    # It is received when one has ended, and done at once.
    assert images_until(stack, gate, lambda count: stack.waiting(stack.requests) == IMAGES - count, 4)

    out, err = process.communicate(timeout=patience(60))
    assert process.returncode == 0, err
    assert "mean" in out


@pytest.mark.usefixtures("folder")
def test_an_image_of_another_client_does_not_wait_for_those_in_line(stack: Any, gate: Gate) -> None:
    stack.send(stack.request("greyscale", png(), output="outputs/other.png"), "another-client")

    # One ends, and it is received; another one, and it is begun.
    assert images_until(stack, gate, lambda count: "other.png" in gate.came, 4)


def test_a_job_takes_its_sender_s_turn_for_a_process_and_for_the_disk(
    stack: Any, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the pool is asked for is noted on the way; its own tests show how it gives turns."""
    worker, asked = bench(stream_from_bytes=5), list[str]()
    run, stream_place = worker.parts.pool.run, worker.parts.pool.stream_place

    def noted_run(*arguments: Any) -> Any:
        asked.append(f"process for {arguments[-1]}")
        return run(*arguments)

    def noted_stream_place(given_up: Any, group: str) -> Any:
        asked.append(f"disk for {group}")
        return stream_place(given_up, group)

    monkeypatch.setattr(worker.parts.pool, "run", noted_run)
    monkeypatch.setattr(worker.parts.pool, "stream_place", noted_stream_place)
    stack.send(stack.request("greyscale", png(), output="outputs/x.png"), "client-1")
    stack.send(stack.request(source=b"1 2 3 4 5 6"), "client-2")
    worker.work()
    assert sorted(asked) == ["disk for client-2", "process for client-1"]
