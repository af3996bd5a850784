"""A worker in the test's own process, on a stack of `tests/aws/conftest.py`."""

import io
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jobfleet_worker.aws.clients import make_clients
from jobfleet_worker.offers.offer import make_offer
from jobfleet_worker.settings import from_file
from jobfleet_worker.wiring import Surroundings, build

from tests.patience import patience


class Bench:
    """An engine, its parts, and what it says."""

    def __init__(
        self, stack: Any, backoff: Callable[[int], int] = lambda attempt: 0, **settings: Any
    ) -> None:
        self.stack = stack
        self.settings = from_file(stack.settings_file(**{"processes": 1, **settings}))
        self.clients = make_clients(self.settings.region, self.settings.endpoint_url)
        self.out, self.credentials = io.StringIO(), 0
        around = Surroundings(
            credentials=lambda: self.credentials, backoff=backoff, out=self.out, version="1.2.3"
        )
        worker = build(self.settings, self.clients, make_offer(self.settings), around)
        self.engine, self.stop_token, self.journal = worker.engine, worker.stop, worker.journal
        self.queues, self.storage, self.breaker = (
            worker.tools.queues,
            worker.tools.storage,
            worker.tools.breaker,
        )
        self.parts, self.heartbeats = worker.engine.parts, worker.heartbeats
        self.well: bool | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> "Bench":
        """Let it work."""
        self._thread.start()
        return self

    def _run(self) -> None:
        self.well = self.engine.run()

    def wait(self) -> None:
        """Wait until it has stopped."""
        self._thread.join(patience(60))
        assert not self._thread.is_alive()

    def stop(self) -> None:
        """Stop it and wait until it has."""
        self.stop_token.stop()
        self.wait()

    def work(self, done: Callable[[], Any] | None = None, seconds: float = 60) -> "Bench":
        """Let it work until nothing is left on the request queue, or until `done`."""
        self.start()
        self.stack.until(done or (lambda: self.stack.waiting(self.stack.requests) == 0), seconds)
        self.stop()
        return self

    def break_jobs(self, *causes: str) -> None:
        """Let each attempt at a job break for the next of these causes."""
        left = iter(causes)

        def fails(*_: Any) -> bytes:
            raise RuntimeError(next(left))

        self.storage.read_input = fails  # type: ignore[method-assign]

    def close(self) -> None:
        """Stop it if it still runs, and close its connections."""
        if self._thread.is_alive():
            self.stop_token.stop()
            self.stop()
        # Its threads end when they will; what one of them says now is not to leave a file open.
        self.journal._new_file = lambda **_: (None, self.journal._last)  # type: ignore[method-assign]
        self.journal.upload()
        for client in self.clients:
            client.close()

    def lines(self) -> list[dict[str, Any]]:
        """Return what it has said."""
        return [json.loads(line) for line in self.out.getvalue().splitlines()]

    def events(self) -> list[str]:
        """Return the names of what it has said."""
        return [line["event"] for line in self.lines()]


@pytest.fixture
def bench(stack: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Bench]]:
    """Make workers; they end with the test."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    for name in ("AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    benches: list[Bench] = []

    def make(**settings: Any) -> Bench:
        benches.append(Bench(stack, **settings))
        return benches[-1]

    yield make
    stack.front.fails = lambda call: False
    stack.front.delays = lambda call: 0.0
    for one in benches:
        one.close()
