"""One HAProxy process, from its start to its end, and what it is told meanwhile.

https://docs.haproxy.org/2.6/management.html#9.3
"""

import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from localcloud.balancers.haproxy.configuration import Layout, preamble
from localcloud.errors import LocalcloudError

# Starting takes milliseconds; a loaded machine takes longer.
_START_SECONDS = 10.0
_PAUSE_SECONDS = 0.01
_SOCKET_SECONDS = 5.0

_MOST_CONNECTIONS = 10_000
# A connection has two ends; the rest are files, sockets and checks.
_OTHER_FILES = 200


class Server(NamedTuple):
    """A server of a backend, as HAProxy knows it."""

    backend: str
    name: str
    address: str
    source: str
    """As on AWS, a target sees the load balancer's address."""


class Generation:
    """A HAProxy with one layout. Its servers can change, all else needs another generation."""

    def __init__(self, number: int, layout: Layout, servers: dict[Server, bool], log: Path) -> None:
        """Prepare one whose `servers` are ready, or not, and that tells of requests in `log`."""
        self.layout = layout
        self.servers = dict(servers)
        folder = layout.folder
        # By names alone: it runs in the folder, whose path may hold blanks, or be too long for a socket's.
        self._socket, self._file = f"{number}.sock", f"{number}.cfg"
        self._errors = folder / f"{number}.log"
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, before: "Generation | None") -> None:
        """Take the ports over from the one `before`, which ends what it has. Raises `LocalcloudError`."""
        self._write()
        command = ["haproxy", "-db", "-f", self._file]
        if before is not None and before.is_alive():
            command += ["-x", before._socket, "-sf", str(before.pid)]
        # Whatever ends this server ends the proxy: nobody else would.
        if shutil.which("setpriv"):
            command = ["setpriv", "--pdeathsig", "KILL", *command]
        with self._log.open("ab") as log, self._errors.open("wb") as errors:
            self._process = subprocess.Popen(  # noqa: S603  the arguments are our own
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=errors, cwd=self.layout.folder
            )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(OSError):
                self.tell("show info")
                return
            time.sleep(_PAUSE_SECONDS)
        self.kill()
        raise LocalcloudError(f"HAProxy does not start: {self._last_alert()}")

    def _write(self) -> None:
        servers: dict[str, list[str]] = {}
        for one, ready in self.servers.items():
            words = f"server {one.name} {one.address} source {one.source}{'' if ready else ' disabled'}"
            servers.setdefault(one.backend, []).append(words)
        for name, content in self.layout.files.items():
            path = self.layout.folder / name
            # Keys of certificates are among them.
            path.touch(0o600)
            path.write_bytes(content.encode())
        head = preamble(self._socket, _connections())
        (self.layout.folder / self._file).write_text(f"{head}\n{self.layout.text(servers)}")

    def _last_alert(self) -> str:
        text = self._errors.read_text(errors="replace")
        alerts = re.findall(r"\[ALERT\]\s+\(\d+\) : (.*)", text)
        return alerts[0] if alerts else "it did not answer"

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid if self._process else 0

    def is_alive(self) -> bool:
        """Tell whether it still runs."""
        return self._process is not None and self._process.poll() is None

    def tell(self, command: str) -> str:
        """Send a command and return the answer. Raises `OSError` where it does not listen."""
        with _opened(self.layout.folder) as folder, socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_SOCKET_SECONDS)
            # The kernel takes 107 bytes of a socket's path: unix(7).
            connection.connect(f"/proc/self/fd/{folder}/{self._socket}")
            connection.sendall(f"{command}\n".encode())
            parts = []
            while part := connection.recv(65_536):
                parts.append(part)
        return b"".join(parts).decode().strip()

    def bring(self, servers: dict[Server, bool]) -> None:
        """Let just these servers be there, ready or not. Raises `OSError`.

        One that still has connections stays, not ready, and is tried again with the next call.
        """
        for one, ready in servers.items():
            if one not in self.servers:
                words = f"add server {one.backend}/{one.name} {one.address} source {one.source}"
                if "registered" not in (answer := self.tell(words)):
                    raise OSError(f"HAProxy does not take {one.name}: {answer}")
                self.servers[one] = False
            self._set(one, ready=ready)
        for one in [one for one in self.servers if one not in servers]:
            self._set(one, ready=False)
            # Those that were to end by themselves had the time of the deregistration delay for it.
            self.end_requests(one)
            if "deleted" in self.tell(f"del server {one.backend}/{one.name}"):
                del self.servers[one]

    def _set(self, one: Server, *, ready: bool) -> None:
        if self.servers[one] != ready:
            self.tell(f"set server {one.backend}/{one.name} state {'ready' if ready else 'maint'}")
            self.servers[one] = ready

    def end_requests(self, one: Server) -> None:
        """End what a server still has. Raises `OSError`."""
        self.tell(f"shutdown sessions server {one.backend}/{one.name}")

    def end_softly(self) -> None:
        """Close its ports, and let it end when what it carries has ended."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGUSR1)

    def kill(self) -> None:
        """End it, and all that it carries."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self.forget()

    def forget(self) -> None:
        """Remove its files; it has ended."""
        for name in (self._socket, self._file, self._errors.name):
            (self.layout.folder / name).unlink(missing_ok=True)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _connections() -> int:
    """Return how many connections HAProxy can have at once, by the files that it may open."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        return _MOST_CONNECTIONS
    return max(100, min(_MOST_CONNECTIONS, (hard - _OTHER_FILES) // 2))
