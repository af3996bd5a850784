"""The stop token: how far a worker still goes with what it has in hand."""

import threading

STOPS = "the worker stops"


class StopToken:
    """Begin jobs and finish them; then finish them only (`draining`); then neither (`halted`).

    One token goes to everything that waits. Any thread may ask it, and wait for it.
    """

    def __init__(self) -> None:
        self.draining, self.halted = threading.Event(), threading.Event()

    def stop(self) -> None:
        """Take one step further. No lock: a handler of signals calls it, which a second one may interrupt."""
        if self.draining.is_set():
            self.halted.set()
        self.draining.set()

    def drain(self) -> None:
        """Begin no more; what was begun is finished. Called again, it changes nothing."""
        self.draining.set()
