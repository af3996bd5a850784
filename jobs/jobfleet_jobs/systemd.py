"""Messages to systemd (Type=notify): one datagram for each word (sd_notify(3))."""

import os
import socket


def notify(*words: str) -> None:
    """Tell systemd, where it listens: "READY=1", "STATUS=…", "STOPPING=1", "WATCHDOG=1"."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):  # an abstract socket
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.sendto("\n".join(words).encode(), address)
    except OSError:
        # Nobody listens any more; the work goes on.
        pass


def watchdog_seconds() -> float | None:
    """Return how often systemd wants to hear WATCHDOG=1 at the latest, or None where it does not watch."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    mine = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(microseconds) / 1e6 if microseconds.isdigit() and mine else None
