"""A thread that keeps hold of what is worked on, and tells systemd that the loop is alive."""

import threading
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from worker.queue import Message, Queues
from worker.systemd import notify, watchdog_seconds

# Two beats may fail before a hold is lost.
BEATS_PER_TIMEOUT = 3


class Heartbeat:
    """Extends the visibility timeout of every message held; `alive` says whether the loop still moves.

    A loop that no longer moves loses its holds and systemd's patience, so that its job goes to
    another worker and it is started anew.
    """

    def __init__(
        self, queues: Queues, visibility_timeout: int, alive: Callable[[], bool], tell: Callable[..., None]
    ) -> None:
        self._queues, self._timeout, self._alive, self._tell = queues, visibility_timeout, alive, tell
        self._held: dict[str, Message] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._period = min(visibility_timeout, watchdog_seconds() or visibility_timeout) / BEATS_PER_TIMEOUT
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """Beat no more."""
        self._stop.set()
        self._thread.join()

    def hold(self, message: Message) -> None:
        """Extend the visibility timeout of `message` from now on."""
        with self._lock:
            self._held[message.receipt] = message

    def let_go(self, message: Message) -> None:
        """Extend it no more; when this returns, no extension is under way."""
        with self._lock:
            self._held.pop(message.receipt, None)

    def beat(self) -> None:
        """Extend every hold once."""
        with self._lock:
            for message in self._held.values():
                try:
                    self._queues.hide(message, self._timeout)
                except (BotoCoreError, ClientError) as problem:
                    self._tell("hold-not-extended", attempt=message.attempt, cause=str(problem))

    def _run(self) -> None:
        while not self._stop.wait(self._period):
            if self._alive():
                notify("WATCHDOG=1")
                self.beat()
