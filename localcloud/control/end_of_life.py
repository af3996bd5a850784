"""When a cloud ends: at a signal, or with the process that it is there for."""

import logging
import os
import select
import signal
import sys
import threading

log = logging.getLogger(__name__)


def end_of_life(lives_with: int | None) -> threading.Event:
    """Return what is set at SIGTERM, at SIGINT, and when the process `lives_with` ends, however it does.

    Only from the main thread. Ends this process with a word if there is none of that id.
    """
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    if lives_with is not None:
        _end_with(lives_with, end)
    return end


def _end_with(process: int, end: threading.Event) -> None:
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        sys.exit(f"there is no process {process}: give --while the id of one that runs")

    def wait() -> None:
        # It can be read from once the process has ended, see pidfd_open(2).
        select.select([descriptor], [], [])
        log.info("process %s has ended", process)
        end.set()

    threading.Thread(target=wait, name="while", daemon=True).start()
