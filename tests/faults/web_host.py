"""The web tier as a process, on a socket that outlives it as one of systemd's does."""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import requests

from tests.faults.harness import Stack
from tests.patience import patience, wait_for
from tests.places import REPOSITORY

TOKEN = "token-of-the-fault-tests"  # noqa: S105 - of a web tier on loopback that lives for seconds

AUTH = ("sender", TOKEN)

# As many callers may knock while no process is there; systemd's sockets take 4,096.
BACKLOG = 1_024

# Puts a socket where systemd does (sd_listen_fds(3)), and becomes the web tier.
_AS_SYSTEMD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execv(sys.executable, [sys.executable, "-m", "jobfleet_web", *sys.argv[2:]])
"""


class WebHost:
    """One web host of a stack; `changes` are settings and `environment` variables other than usual."""

    def __init__(
        self, stack: Stack, name: str = "web", environment: dict[str, str] | None = None, **changes: Any
    ) -> None:
        self._stack, self._environment = stack, environment or {}
        self.path = stack.folder / f"{name}.log"
        self.config = self._settings_file(name, changes)
        # Bound here, so that a restart refuses nobody.
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._process: subprocess.Popen[bytes] | None = None

    def _settings_file(self, name: str, changes: dict[str, Any]) -> Path:
        token = self._stack.folder / f"{name}-token"
        token.write_text(TOKEN)
        values = {
            "stack": self._stack.name, "region": self._stack.cloud["AWS_REGION"],
            "bucket": self._stack.bucket, "endpoint_url": self._stack.proxy.url,
            "token_file": str(token), "default_operation": "greyscale", **changes,
        }  # fmt: skip
        path = self._stack.folder / f"{name}.toml"
        path.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items()))
        return path

    def start(self) -> None:
        """Start the process; whoever has knocked meanwhile is let in."""
        number = self._socket.fileno()
        with self.path.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _AS_SYSTEMD, str(number), "--config", str(self.config)],
                cwd=self._environment.get("HOME", REPOSITORY),
                env={**self._stack.environment(), **self._environment},
                pass_fds=(number,), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip

    def until_started(self) -> None:
        """Wait until the process answers; the socket lets callers in before it does."""
        wait_for(lambda: '"started"' in self.said() or not self.alive, 30, self.said)
        assert self.alive, self.said()

    def get(self, path: str) -> requests.Response:
        """Ask for something."""
        return requests.get(self.url + path, auth=AUTH, timeout=patience(20))

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def said(self) -> str:
        """Return all that the processes have written."""
        return self.path.read_text()

    def kill(self) -> None:
        """Kill the process, if it is there."""
        if self._process:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(patience(10))

    def stop(self) -> int:
        """Ask the process to stop, and wait until it has; return its exit code."""
        assert self._process
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(patience(40))
        finally:
            self.kill()

    def close(self) -> None:
        """Leave nothing behind."""
        self.kill()
        self._socket.close()
