"""The end of the process, as those learn of it who hold a request."""

import asyncio


class Stop:
    """Tells when the process was asked to stop, and when who still waits must answer with what there is.

    Held requests keep waiting for their results after the first: most have them within seconds, and the
    sender is spared a second try. Before the server would cut them off, `patience_ended` has them answer as
    if their wait were over: 202, or 504 for a sender that knows no 202. Streams of events end at once, as
    browsers connect again by themselves.
    """

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.patience_ended = asyncio.Event()

    def ask(self, patience_seconds: float) -> None:
        """Tell of the stop; after `patience_seconds`, patience ends."""
        if not self.asked.is_set():
            self.asked.set()
            asyncio.get_running_loop().call_later(patience_seconds, self.patience_ended.set)
