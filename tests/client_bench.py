"""The installed `jobfleet`, on a stack of `tests/aws/conftest.py`, as a person would type it."""

import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from jobfleet.aws.account import Account
from jobfleet.errors import Exit
from jobfleet.settings.settings import Settings

from tests.patience import patience
from tests.warm_client import in_text, run_client

JOBFLEET = Path(sys.executable).with_name("jobfleet")
Ran = subprocess.CompletedProcess[str]
T = TypeVar("T", str, bytes)

# No command may take longer, on however busy a machine.
SECONDS_MAX = 150
# How long a command waits for an answer where a test says nothing of it: a worker takes its time to start.
PATIENCE_SECONDS = "100"


class Jobfleet:
    """Runs the client in an empty home folder, with the stack named in the environment."""

    def __init__(self, stack: Any, home: Path) -> None:
        self.stack, self.home = stack, home
        home.mkdir()

    def environment(self, **changes: str) -> dict[str, str]:
        """What the process sees; an empty text takes a variable away."""
        settings = {
            "JOBFLEET_STACK": self.stack.name, "JOBFLEET_REGION": "us-east-1", "HOME": str(self.home),
            "TZ": "UTC", "COLUMNS": "200", "JOBFLEET_TIMEOUT": PATIENCE_SECONDS,
        }  # fmt: skip
        given = {**self.stack.environment, **settings, **changes}
        return {name: value for name, value in given.items() if value}

    def __call__(self, *arguments: str, stdin: str = "", **changes: str) -> Ran:
        """Run a command to its end, without a terminal."""
        command = [str(JOBFLEET), *arguments]
        return in_text(
            run_client(command, self.home, self.environment(**changes), stdin.encode(), SECONDS_MAX)
        )

    def start(self, *arguments: str, **changes: str) -> subprocess.Popen[str]:
        """Start a command; it ends with the test at the latest."""
        process = subprocess.Popen(
            [JOBFLEET, *arguments], cwd=self.home, env=self.environment(**changes),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        return self._bounded(process)

    def at_terminal(
        self,
        *arguments: str,
        types: str = "",
        until: str = "",
        when: Callable[[], bool] = lambda: True,
        **changes: str,
    ) -> tuple[int, str]:
        """Run a command on a terminal of its own; return its exit code and all that it showed.

        With `until`, press Ctrl-C once that is shown, and `when` says yes as more is shown.
        """
        controller, terminal = pty.openpty()
        os.write(controller, types.encode())
        process = subprocess.Popen(
            [JOBFLEET, *arguments], cwd=self.home, env=self.environment(TERM="xterm", **changes),
            stdin=terminal, stdout=terminal, stderr=terminal,
        )  # fmt: skip
        os.close(terminal)
        self._bounded(process)
        shown, is_to_end = b"", bool(until)
        try:
            while chunk := os.read(controller, 65_536):
                shown += chunk
                if is_to_end and until.encode() in shown and when():
                    is_to_end = False
                    process.send_signal(signal.SIGINT)
        except OSError:  # Linux says so when the last writer is gone
            pass
        finally:
            os.close(controller)
        return process.wait(patience(30)), shown.decode().replace("\r\n", "\n")

    def _bounded(self, process: "subprocess.Popen[T]") -> "subprocess.Popen[T]":
        """Let a process end with the test, and before that where the test waits for words in vain."""
        self.stack.processes.append(process)
        timer = threading.Timer(SECONDS_MAX, process.kill)
        timer.daemon = True
        timer.start()
        return process


@pytest.fixture
def jobfleet(stack: Any, tmp_path: Path) -> Jobfleet:
    """The client, for this test's stack."""
    return Jobfleet(stack, tmp_path / "client-home")


def says_why(ran: Ran, code: Exit, *words: str) -> None:
    """The command ended with `code`, with all `words` in the last line on stderr and nothing on stdout."""
    assert (ran.returncode, ran.stdout) == (code, ""), ran.stderr
    last = ran.stderr.splitlines()[-1]
    for word in words:
        assert word in last


@pytest.fixture
def account(stack: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """This test's stack as the parts of the client see it, in this process."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    for name in ("AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    made = Account(Settings(stack.name, "us-east-1", endpoint_url=stack.front.url))
    yield made
    for name in ("sqs", "s3", "sts", "cloudwatch"):
        if name in vars(made):
            getattr(made, name).close()
