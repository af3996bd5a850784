"""The program `jobfleet-web` as a process of its own, on a stack of `tests/aws/conftest.py`."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.patience import patience, wait_for
from tests.places import REPOSITORY

TOKEN = "a-token-of-the-tests"  # noqa: S105


class WebProcess:
    """One web host's process. `url` has the token in it, as people give it to load generators."""

    def __init__(self, stack: Any, folder: Path, arguments: tuple[str, ...], **environment: str) -> None:
        self._log = folder / "web.log"
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jobfleet_web", "--config", str(folder / "web.toml"), *arguments],
                cwd=REPOSITORY, env={**stack.environment, **environment}, stdout=subprocess.PIPE, stderr=log,
                text=True,
            )  # fmt: skip
        self.port = 0

    def listens(self) -> "WebProcess":
        """Wait for the line with its address."""
        assert self.process.stdout
        said = self.process.stdout.readline().strip()
        assert said.startswith("http://127.0.0.1:"), self.log()
        self.port = int(said.rpartition(":")[2])
        return self

    @property
    def url(self) -> str:
        """Its address, with the token."""
        return f"http://anybody:{TOKEN}@127.0.0.1:{self.port}"

    def connect(self) -> socket.socket:
        """Return a connection to it."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=patience(20))

    def exchange(self, sent: bytes) -> bytes:
        """Send bytes on a connection of their own; return all that comes back until it is closed."""
        with self.connect() as connection:
            connection.sendall(sent)
            found = b""
            while piece := connection.recv(65_536):
                found += piece
            return found

    def log(self) -> str:
        """Return all that it has said."""
        return self._log.read_text()

    def lines(self, event: str) -> list[dict[str, Any]]:
        """Return its lines about one kind of event."""
        found = [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]
        return [line for line in found if line["event"] == event]

    def stop(self) -> int:
        """Ask it to stop; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(patience(30))

    def close(self) -> None:
        """End it, however it is."""
        self.process.kill()
        self.process.communicate()


StartWeb = Callable[..., WebProcess]


@pytest.fixture
def start_web(stack: Any, tmp_path: Path) -> Iterator[StartWeb]:
    """Start processes; they end with the test. Settings are given by name, a socket's path as `uds`."""
    started: list[WebProcess] = []

    def start(
        *arguments: str, environment: dict[str, str] | None = None, uds: str = "", **settings: Any
    ) -> WebProcess:
        (tmp_path / "web-token").write_text(TOKEN)
        values = {
            "stack": stack.name, "region": "us-east-1", "bucket": stack.bucket,
            "endpoint_url": stack.front.url, "token_file": str(tmp_path / "web-token"),
            "stop_timeout": 10, **settings,
        }  # fmt: skip
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in values.items()]
        (tmp_path / "web.toml").write_text("".join(lines))
        way = ("--uds", uds) if uds else ("--bind", "127.0.0.1:0")
        state = {"XDG_STATE_HOME": str(tmp_path / "web-state")}
        process = WebProcess(stack, tmp_path, arguments or way, **state, **(environment or {}))
        started.append(process)
        if "--bind" in way and not arguments:
            process.listens()
            wait_for(lambda: process.lines("started"), 20, process.log)
        return process

    yield start
    for one in started:
        one.close()
