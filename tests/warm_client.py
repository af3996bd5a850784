"""The client as a process that need not import its libraries first, which is most of a command's CPU time.

A server imports what the client imports, and forks itself for each command. The new process runs the
installed script to its end, with its own words, folder, environment and streams. What Python reads when it
begins (`_AT_START`) is the server's. Where a test wants other values, the command is started anew.
"""

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TextIO

from tests.places import REPOSITORY

# Variables that Python and the C library read once, by how their names begin.
_AT_START = ("PYTHON", "LANG", "LC_", "LD_", "MALLOC_", "GLIBC_", "OPENSSL_", "SSL_", "JOBFLEET_BUILD")

# What a socket of this kind takes at once, wherever Linux runs.
_MESSAGE_MAX = 100_000

# The load generator alone needs it, and its libraries start threads, which a fork does not take along.
_LEFT_OUT = "jobfleet.bench"


def run_client(
    command: list[str], folder: Path, environment: dict[str, str], given: bytes, seconds: float
) -> "subprocess.CompletedProcess[bytes]":
    """Run the installed client to its end; as `subprocess.run` does it, and raises as that.

    `command` begins with the path of a script in Python, `given` is its standard input.
    """
    message = json.dumps([command, str(folder), environment]).encode()
    if _read_at_start(environment) != _read_at_start(dict(os.environ)) or len(message) > _MESSAGE_MAX:
        return subprocess.run(
            command,
            cwd=folder,
            env=environment,
            input=given,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    (stdin, feed), (out, stdout), (err, stderr) = (os.pipe() for _ in range(3))
    started = _server().start(message, (stdin, stdout, stderr))
    with started.control, os.fdopen(out, "rb") as printed, os.fdopen(err, "rb") as said:
        found: dict[str, bytes] = {}
        threads = [
            threading.Thread(target=work, daemon=True)
            for work in (
                lambda: _feed(feed, given),
                lambda: found.update(stdout=printed.read()),
                lambda: found.update(stderr=said.read()),
            )
        ]
        for thread in threads:
            thread.start()
        code = started.wait(seconds)
        for thread in threads:
            # As `subprocess.run`: a process that the command left behind may write on.
            thread.join(seconds)
        if code is None:
            raise subprocess.TimeoutExpired(command, seconds, found.get("stdout"), found.get("stderr"))
        return subprocess.CompletedProcess(command, code, found["stdout"], found["stderr"])


def in_text(ran: "subprocess.CompletedProcess[bytes]") -> "subprocess.CompletedProcess[str]":
    """Return what ran with what it printed as text, lines ending as Python ends them."""
    printed, said = (
        stream.decode().replace("\r\n", "\n").replace("\r", "\n") for stream in (ran.stdout, ran.stderr)
    )
    return subprocess.CompletedProcess(ran.args, ran.returncode, printed, said)


def _read_at_start(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_AT_START)}


def _feed(pipe: int, given: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), os.fdopen(pipe, "wb") as stream:
        stream.write(given)


class _Server:
    """The process that forks; it ends when this one does."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            number = theirs.fileno()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.warm_client", str(number)], cwd=REPOSITORY, pass_fds=[number]
            )

    def start(self, message: bytes, streams: tuple[int, int, int]) -> "_Started":
        """Start a command with these streams, which are closed here."""
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            socket.send_fds(self._ours, [message], [*streams, theirs.fileno()])
        for one in streams:
            os.close(one)
        return _Started(control)


@cache
def _server() -> _Server:
    return _Server()


@dataclass
class _Started:
    """A command that runs; on `control` come its process's id and then its exit code."""

    control: socket.socket

    def wait(self, seconds: float) -> int | None:
        """Return the exit code, as `subprocess` has it. What takes too long is killed: None."""
        self.control.settimeout(None)  # the server may be importing as yet
        process = int(self.control.recv(64))
        self.control.settimeout(seconds)
        try:
            return int(self.control.recv(64))
        except TimeoutError:
            os.kill(process, signal.SIGKILL)
            return None


def _serve(asked: socket.socket) -> "_Command | None":
    """Fork for each command that is asked for, and return it in the new process; None when all is over."""
    running: dict[int, tuple[int, socket.socket]] = {}
    with selectors.DefaultSelector() as events:
        events.register(asked, selectors.EVENT_READ)
        while True:
            for event, _ in events.select():
                if event.fd != asked.fileno():
                    events.unregister(event.fd)
                    process, control = running.pop(event.fd)
                    os.close(event.fd)
                    _tell_end(process, control)
                    continue
                message, passed, _, _ = socket.recv_fds(asked, _MESSAGE_MAX, 4)
                if not message:
                    return None
                control = socket.socket(fileno=passed[3])
                process = os.fork()
                if not process:
                    for end in running:
                        os.close(end)
                    return _Command(*json.loads(message), streams=passed[:3])
                for one in passed[:3]:
                    os.close(one)
                control.send(str(process).encode())
                ended = os.pidfd_open(process)
                events.register(ended, selectors.EVENT_READ)
                running[ended] = process, control


def _tell_end(process: int, control: socket.socket) -> None:
    _, status = os.waitpid(process, 0)
    with control, contextlib.suppress(BrokenPipeError):  # who started it is gone
        control.send(str(os.waitstatus_to_exitcode(status)).encode())


@dataclass
class _Command:
    """A command in the process that was forked for it."""

    words: list[str]
    folder: str
    environment: dict[str, str]
    streams: list[int]

    def run(self) -> None:
        """Become the command: it ends the process."""
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number, stream in enumerate(self.streams):
            os.dup2(stream, number)
            os.close(stream)
        os.chdir(self.folder)
        os.environ.clear()
        os.environ.update(self.environment)
        time.tzset()
        # Of the kinds that Python chose when the server began.
        sys.stdin, sys.stdout, sys.stderr = (_anew(one) for one in (sys.stdin, sys.stdout, sys.stderr))
        sys.argv = self.words
        runpy.run_path(self.words[0], run_name="__main__")


def _anew(stream: TextIO) -> TextIO:
    """Return a stream on what its number means now, without what the old one holds."""
    return open(stream.fileno(), stream.mode, encoding=stream.encoding, errors=stream.errors, closefd=False)


def _import_the_client() -> None:
    import jobfleet

    for module in pkgutil.walk_packages(jobfleet.__path__, "jobfleet."):
        if not module.name.startswith(_LEFT_OUT) and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    # A search for unused objects would touch, and so copy, all of it in each new process.
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    # Ctrl-C at a terminal goes to all of its processes, and is the tests' to answer.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _import_the_client()
    with socket.socket(fileno=int(sys.argv[1])) as _asked:
        _command = _serve(_asked)
    if _command:
        _command.run()
