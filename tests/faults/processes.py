"""What a fault test starts or stands in for: a worker's processes, and systemd's ear."""

import json
import os
import signal
import socket
import subprocess
import threading
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.patience import patience


@dataclass
class Worker:
    """A worker process; what it says lies in `path`."""

    process: subprocess.Popen[bytes]
    path: Path

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def alive(self) -> bool:
        """Tell whether the process runs."""
        return self.process.poll() is None

    def lines(self) -> list[dict[str, Any]]:
        """Return what it has written to its journal so far; other text stands under `text`."""
        found = []
        for line in self.path.read_text().splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                found.append({"event": "", "text": line})
        return found

    def told(self, event: str) -> list[dict[str, Any]]:
        """Return its lines about one kind of event."""
        return [line for line in self.lines() if line.get("event") == event]

    def pool(self) -> list[int]:
        """Return the processes that do its image work: the last below it, and none that only serve them."""
        parents = _parents()
        below, edge = set(), {self.pid}
        while edge:
            edge = {pid for pid, parent in parents.items() if parent in edge}
            below |= edge
        leaves = below - {parents[pid] for pid in below}
        return sorted(pid for pid in leaves if not self._serves(pid, parents[pid]))

    def _serves(self, pid: int, parent: int) -> bool:
        command = _command(pid)
        return "resource_tracker" in command or ("forkserver" in command and parent == self.pid)

    def kill(self) -> None:
        """Kill it as a crash of the machine does: at once and with all its processes."""
        self._signal_all()
        self.process.wait(patience(10))

    def stop(self, seconds: float = 90) -> int:
        """Ask it to stop; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait(seconds)

    def wait(self, seconds: float) -> int:
        """Wait for its end; return its exit code."""
        try:
            return self.process.wait(patience(seconds))
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the worker had not stopped after {patience(seconds):g} s") from None
        finally:
            self._signal_all()  # what its pool may have left behind

    def _signal_all(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)


def _parents() -> dict[int, int]:
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            after_name = path.read_text().rpartition(") ")[2].split()
            found[int(path.parent.name)] = int(after_name[1])
    return found


def _command(pid: int) -> str:
    with suppress(OSError):
        return (Path("/proc") / str(pid) / "cmdline").read_text()
    return ""


class Systemd:
    """The socket that a unit's process tells its state to."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"notify-{uuid.uuid4().hex[:6]}"
        self.heard: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._socket.settimeout(0.1)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def status(self) -> str:
        """Return the last status line."""
        return next((word for word in reversed(self.heard) if word.startswith("STATUS=")), "")

    def turns(self) -> int:
        """Return how often a worker's main thread went round: it says so each time."""
        return self.heard.count("WATCHDOG=1")

    def close(self) -> None:
        """Listen no more."""
        self._closing.set()
        self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        while not self._closing.is_set():
            with suppress(TimeoutError):
                self.heard += self._socket.recv(65_536).decode().splitlines()
