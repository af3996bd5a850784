"""What HAProxy told of requests, read as it comes.

HAProxy writes each line at once into a file, which loses none, however many come.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_NOBODY = "<NOSRV>"


class ServedRequest(NamedTuple):
    """A request that a balancer has answered, or given up."""

    end: float
    """When, as a Unix time."""
    balancer: str
    """`app/NAME/ID`"""
    group: str | None
    """`targetgroup/NAME/ID`; None where it came to no group."""
    instance: str | None
    """The target that was chosen; None where none was."""
    status: int
    """Below 100 where the client got none."""
    took: float | None
    """Seconds until the target began to answer; None where it did not."""
    size: int
    """Bytes of request and answer, with their heads."""
    opens: bool
    """Whether its connection is a new one."""
    kind: str
    """`fixed` or `redirect` where the balancer was told to answer so, else empty."""
    refused: bool
    """Whether the target did not take the connection."""


class RequestsReader:
    """Reads a file of lines from where it stopped before."""

    def __init__(self, path: Path) -> None:
        """Read `path`, which need not be there yet."""
        self._path = path
        self._position = 0

    def read(self) -> Iterator[ServedRequest]:
        """Yield the requests that are new; a line that is not whole comes the next time."""
        try:
            with self._path.open("rb") as log:
                log.seek(self._position)
                for line in log:
                    if not line.endswith(b"\n"):
                        return
                    self._position += len(line)
                    if (found := read_line(line.decode(errors="replace"))) is not None:
                        yield found
        except FileNotFoundError:
            return


def read_line(line: str) -> ServedRequest | None:
    """Return what a line tells, see `configuration`; None where it is about no request."""
    words = line.split()
    if len(words) != 12 or not words[0].isdigit():
        return None
    end, frontend, backend, server, status, left, answered, sent, got, state, first, kind = words
    name, number, _ = frontend.rstrip("~").rsplit(".", 2)
    reached = backend.rstrip("~") != frontend.rstrip("~")
    chosen = None if server == _NOBODY else "-".join(server.split("-")[:2])
    refused = chosen is not None and state.startswith(("SC", "sC"))
    took = (int(answered) - int(left)) / 1_000_000 if left.isdigit() and answered.isdigit() else None
    return ServedRequest(
        int(end) / 1000,
        f"app/{name}/{number}",
        f"targetgroup/{'/'.join(backend.rsplit('.', 1))}" if reached and "." in backend else None,
        chosen,
        # The client got our page of a bad gateway, see `configuration`.
        502 if refused else int(status),
        took,
        int(sent) + int(got),
        first == "1",
        "" if kind == "-" else kind,
        refused,
    )
