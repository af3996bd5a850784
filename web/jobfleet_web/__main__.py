"""The program `jobfleet-web`: one process that answers HTTP, until SIGTERM or SIGINT."""

import argparse
import os
import socket
import sys
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path

from jobfleet_jobs.credentials.fitness import strip_environment
from jobfleet_jobs.version import __version__

from jobfleet_web.server import BACKLOG, serve
from jobfleet_web.settings import BadSettings, from_file
from jobfleet_web.wiring import build

DEFAULT_CONFIG = Path("/etc/jobfleet/web.toml")

# The first socket that systemd hands over (sd_listen_fds(3)).
LISTEN_FDS_START = 3


class Exit(IntEnum):
    """What the process's exit code means."""

    STOPPED = 0
    USAGE = 2  # argparse's own
    CONFIG = 78  # EX_CONFIG of sysexits.h: starting again does not help


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until stopped; return the exit code."""
    options = _parser().parse_args(arguments)
    strip_environment()
    try:
        settings = from_file(options.config)
        web = build(settings)
        listening = _socket(options)
    except BadSettings as problem:
        sys.stderr.write(f"jobfleet-web: {problem}\n")
        return Exit.CONFIG
    if listening.family == socket.AF_INET:
        host, port = listening.getsockname()
        sys.stdout.write(f"http://{host}:{port}\n")
        sys.stdout.flush()
    serve(web, listening, settings.stop_timeout)
    return Exit.STOPPED


def _socket(options: argparse.Namespace) -> socket.socket:
    """Return where to listen: what systemd opened, or what the command line names. Raises `BadSettings`."""
    if os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS"):
        handed = socket.socket(fileno=LISTEN_FDS_START)
        handed.set_inheritable(False)
        return handed
    try:
        if options.uds:
            return _bound(socket.AF_UNIX, options.uds)
        host, _, port = options.bind.rpartition(":")
        return _bound(socket.AF_INET, (host, int(port)))
    except (OSError, ValueError) as problem:
        raise BadSettings(f"cannot listen on {options.uds or options.bind}: {problem}") from problem


def _bound(family: socket.AddressFamily, address: str | tuple[str, int]) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(address)
    # Whoever is told the address is let in, however long the application takes to start.
    listening.listen(BACKLOG)
    return listening


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="jobfleet-web", description="The web tier of a jobfleet stack.")
    parser.add_argument(
        "--config", type=Path, default=DEFAULT_CONFIG, help="settings file (default: %(default)s)"
    )
    parser.add_argument(
        "--bind", default="127.0.0.1:8080", metavar="ADDRESS:PORT",
        help="where to listen if systemd hands over no socket; port 0: any free one (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--uds", help="listen on this Unix socket instead")
    parser.add_argument("--version", action="version", version=f"jobfleet {__version__}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
