"""The three standard streams, whatever the shell made of them: closed, full, or a pipe that nobody reads.

Every write and read of the command line goes through them, so this is the one place where what the
system refuses there becomes words.
"""

import io
import os
import select
import sys
from typing import Any, TextIO

from jobfleet.errors import BadOutput
from jobfleet.files.inputs import RawInput, why

_INPUT, _OUTPUT, _TALK = 0, 1, 2


class ReaderGone(Exception):
    """Whoever read standard output has seen enough, as `head` does. It is no error, and nobody is told."""


class _Results(io.FileIO):
    """Standard output. What it cannot take is told once; from then on all goes nowhere.

    Python may raise Ctrl-C when the system has taken the bytes already. The buffer before this takes them for
    unwritten then, and brings them again at the end. They are not written a second time.
    """

    _interrupted = b""

    def write(self, data: Any) -> int:
        """Write. Raises `BadOutput` and `ReaderGone`."""
        again, self._interrupted = self._interrupted, b""
        if again and bytes(data[: len(again)]) == again:
            return len(again)
        try:
            return _all_written(self, data)
        except KeyboardInterrupt:
            self._interrupted = bytes(data)
            raise
        except BrokenPipeError:
            _to_nowhere(_OUTPUT)
            raise ReaderGone from None
        except OSError as problem:
            _to_nowhere(_OUTPUT)
            raise BadOutput(f"standard output cannot be written: {why(problem)}") from problem


class _Talk(io.FileIO):
    """Standard error. What it cannot take is lost, and changes nothing else."""

    def write(self, data: Any) -> int:
        """Write, if that can be."""
        try:
            return _all_written(self, data)
        except OSError:
            return len(data)


def guard() -> None:
    """Put streams that speak in words in the place of Python's own; those of a test are left alone."""
    _open_closed()
    if sys.stdin in (None, sys.__stdin__):
        reader = io.BufferedReader(RawInput(_INPUT, "standard input"))
        sys.stdin = io.TextIOWrapper(reader, encoding=_encoding(sys.stdin), errors="surrogateescape")
    if sys.stdout in (None, sys.__stdout__):
        sys.stdout = _writer(_Results(_OUTPUT, "wb", closefd=False), sys.stdout)
    if sys.stderr in (None, sys.__stderr__):
        sys.stderr = _writer(_Talk(_TALK, "wb", closefd=False), sys.stderr, by_line=True)


def check_output() -> None:
    """Raise `BadOutput` where nothing could be shown: standard output is closed, or full."""
    try:
        # No byte; the system says all the same whether one could be written.
        os.write(_OUTPUT, b"")
    except OSError as problem:
        raise BadOutput(
            f"standard output cannot be written: {why(problem)}; send it elsewhere, or to /dev/null"
        ) from problem


def _open_closed() -> None:
    """Open what is closed, or the next file that is opened would take its place.

    It is opened so that what is read and written is refused, but talk that nobody hears.
    """
    for number, mode in ((_INPUT, os.O_WRONLY), (_OUTPUT, os.O_RDONLY), (_TALK, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, mode)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)


def _writer(raw: io.FileIO, before: TextIO | None, *, by_line: bool = False) -> io.TextIOWrapper:
    # What a terminal has no letter for is no reason to fail.
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=_encoding(before), errors="backslashreplace",
        line_buffering=by_line or raw.isatty(), write_through=bool(getattr(before, "write_through", False)),
    )  # fmt: skip


def _encoding(before: TextIO | None) -> str:
    return getattr(before, "encoding", None) or "utf-8"


def _all_written(raw: io.FileIO, data: Any) -> int:
    """Write some bytes, however long it takes; others may have made a stream that does not wait."""
    while (count := io.FileIO.write(raw, data)) is None:
        select.select([], [raw], [])
    return count


def _to_nowhere(number: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
