"""Inputs that are opened, kept where they can be read only once, and whose faults are told in words."""

import errno
import io
import os
import select
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from jobfleet_jobs.protocol.message import LARGE_BYTES

from jobfleet.errors import BadInput
from jobfleet.files.paths import is_stream, named

_CHUNK_BYTES = 1024 * 1024

T = TypeVar("T")


class RawInput(io.FileIO):
    """A file that is read; where the system refuses that, `BadInput` says so. `called` names it there.

    A device without an end is refused when it is read: it would fill the memory, or the disk.
    """

    def __init__(self, file: str | int, called: str) -> None:
        super().__init__(file, "rb", closefd=isinstance(file, str))
        self._called = called
        self._endless = _is_endless(self)

    def readinto(self, buffer: Any) -> int:
        """Read some bytes. Raises `BadInput`."""
        found: int = self._in_words(lambda: io.FileIO.readinto(self, buffer))
        return found

    def readall(self) -> bytes:
        """Read all bytes. Raises `BadInput`."""
        return self._in_words(lambda: io.FileIO.readall(self))

    def _in_words(self, read: Callable[[], T | None]) -> T:
        if self._endless:
            raise BadInput(
                f"{self._called} is a device, and reading it does not end: give a file, or a part of it "
                "through a pipe (head -c 1000)"
            )
        try:
            # Others may have made it a stream that does not wait.
            while (found := read()) is None:
                select.select([self], [], [])
            return found
        except OSError as problem:
            raise BadInput(f"{self._called} cannot be read: {why(problem)}") from problem


def _is_endless(file: io.FileIO) -> bool:
    """Tell whether a file is one of those devices that are read on and on, as /dev/zero or /dev/urandom."""
    about = os.fstat(file.fileno())
    if not stat.S_ISCHR(about.st_mode) or file.isatty():
        return False
    return about.st_rdev != Path(os.devnull).stat().st_rdev


def why(problem: OSError) -> str:
    """Return why the system refuses something, for people."""
    return "it is closed" if problem.errno == errno.EBADF else str(problem.strerror or problem)


def opened(path: Path) -> BinaryIO:
    """Open an input. Raises `BadInput` in words, also for what goes wrong while it is read."""
    try:
        if path.is_dir():
            raise BadInput(f"{named(path)} is a folder; give a file")
        return io.BufferedReader(RawInput(str(path), named(path)))
    except FileNotFoundError as problem:
        raise BadInput(f"there is no file {named(path)}") from problem
    except OSError as problem:
        raise BadInput(f"{named(path)} cannot be read: {problem.strerror}") from problem
    except ValueError as problem:  # as for a NUL in it
        raise BadInput(f"{named(path)} is no name that a file can have") from problem


def check_readable(path: Path) -> None:
    """Raise `BadInput` for an input that cannot be opened; a pipe is left alone, as that would begin it."""
    if not is_stream(path):
        opened(path).close()


def kept(pipe: BinaryIO, called: str, head: bytes = b"") -> BinaryIO:
    """Return what can be read only once as a file that can be read again, and goes when it is closed.

    What is not large is kept in memory. `head` was read from it already. Raises `BadInput`.
    """
    file: BinaryIO = io.BytesIO()
    try:
        file.write(head)
        while chunk := pipe.read(_CHUNK_BYTES):
            if isinstance(file, io.BytesIO) and file.tell() + len(chunk) > LARGE_BYTES:
                small, file = file, tempfile.TemporaryFile()  # noqa: SIM115 - it is read when the job is sent
                file.write(small.getvalue())
            file.write(chunk)
        file.seek(0)
    except OSError as problem:
        raise BadInput(
            f"{called} cannot be kept until it is sent: {problem.strerror}; make room in "
            f"{_temporary_folder()}, or set TMPDIR to a folder that has some"
        ) from problem
    return file


def _temporary_folder() -> str:
    try:
        return tempfile.gettempdir()
    except OSError:
        return "/tmp"  # noqa: S108 - it is named, not written to


def size_of(file: BinaryIO) -> int | None:
    """Return how many bytes are left in an open file, or None for one that cannot tell, as a pipe."""
    try:
        here = file.tell()
        end = file.seek(0, os.SEEK_END)
        file.seek(here)
    except (OSError, AttributeError):
        return None
    return end - here
