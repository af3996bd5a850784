"""Outputs on their way to where they are wanted: a file that appears whole, or a device or pipe."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO

from jobfleet.errors import BadOutput
from jobfleet.files.paths import can_be, is_stream, named, why_not_here

# How the names of outputs begin that are being written. Short, as file systems limit what a name may be long.
UNFINISHED = ".jobfleet-"

STANDARD_OUTPUT = 1

# What a process has open, by name (proc(5), and fd(4) of other systems). Opening such a name can begin the
# file anew, and replacing it would leave the open one behind, so these are written to as they are open.
_OPEN_FILES = frozenset({"/dev/fd", "/proc/self/fd"})
# The greatest number that a system can be asked for; no process has so many files open.
_NO_DESCRIPTOR = 2**31 - 1
_STANDARD_STREAMS = {"/dev/stdout": STANDARD_OUTPUT, "/dev/stderr": 2}


def is_standard_output(out: str | None) -> bool:
    """Tell whether an output goes to standard output, under whichever of its names."""
    return out is not None and (out == "-" or _descriptor(out) == STANDARD_OUTPUT)


def is_replaced(path: Path) -> bool:
    """Tell whether an output there becomes a file that takes the place of what there is.

    Else it is written into what there is, from its start to its end.
    """
    return _descriptor(str(path)) is None and not is_stream(path)


def writable(path: Path) -> Path:
    """Return the path if an output can go there; a file that lies there is replaced. Raises `BadOutput`."""
    with _in_words(path):
        if path.is_dir():
            raise BadOutput(f"{named(path)} is a folder; give a file name for the output")
        if is_replaced(path) and not _place(path).parent.is_dir():
            raise BadOutput(
                f"the folder {named(_place(path).parent)} for the output does not exist; make it first"
            )
    return path


def make_folder(path: Path) -> None:
    """Make a folder for outputs, if it is not there. Raises `BadOutput`."""
    _refuse_impossible(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise BadOutput(f"the folder {named(path)} cannot be made: {problem.strerror}") from problem


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write an output to. Raises `BadOutput`.

    A file appears at `path` whole or not at all; a link there stays, and what it leads to is written.
    """
    with _in_words(path):
        descriptor = _descriptor(str(path))
        if descriptor is not None:
            with os.fdopen(os.dup(descriptor), "wb") as file:
                yield file
        elif is_stream(path):
            with path.open("wb") as file:
                yield file
        else:
            with _beside(_place(path)) as file:
                yield file


def sweep(folder: Path) -> None:
    """Take away what processes that were killed have left of outputs half written to a folder."""
    with suppress(OSError):
        for path in folder.glob(f"{UNFINISHED}*"):
            with suppress(OSError), path.open("rb") as file:
                if lock(file):
                    path.unlink()


def lock(file: IO[bytes]) -> bool:
    """Mark a file as being written, for as long as it is open; tell whether nobody else had done so."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):  # another's, or a system or a folder that knows no locks
        return False
    return True


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    _refuse_impossible(path)
    try:
        yield
    except OSError as problem:
        long = problem.errno == errno.ENAMETOOLONG
        hint = "; give the output a shorter name with --out" if long else ""
        raise BadOutput(f"{named(path)} cannot be written: {problem.strerror or problem}{hint}") from problem


def _refuse_impossible(path: Path) -> None:
    if not can_be(path):
        raise BadOutput(f"{named(path)} is no name that a file can have; give the output another with --out")
    if why := why_not_here(path):
        raise BadOutput(f"{named(path)} cannot be written: {why}; give the output another name with --out")


def _place(path: Path) -> Path:
    """Return where the file is to lie: what a link leads to. Raises `OSError`."""
    if not path.is_symlink():
        return path
    loop = OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    try:
        place = path.resolve()
    except RuntimeError as problem:  # up to Python 3.12; later ones give a link of the loop
        raise loop from problem
    if place.is_symlink():
        raise loop
    return place


@contextmanager
def _beside(path: Path) -> Iterator[BinaryIO]:
    """Give a file beside `path`, which takes its place at the end."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=UNFINISHED, delete=False) as file:
        try:
            lock(file)
            yield file  # type: ignore[misc]
            file.close()
            _as_any_new_file(file.name)
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def _as_any_new_file(path: str) -> None:
    """Give a temporary file the mode that this user's new files have."""
    mask = os.umask(0)
    os.umask(mask)
    Path(path).chmod(0o666 & ~mask)


def _descriptor(out: str) -> int | None:
    """Return the number of the open file that `out` is a name of, if it is one."""
    folder, _, number = out.rpartition("/")
    if folder in _OPEN_FILES and number.isascii() and number.isdigit():
        digits = number.lstrip("0") or "0"
        return int(digits) if len(digits) < len(str(_NO_DESCRIPTOR)) else _NO_DESCRIPTOR
    return _STANDARD_STREAMS.get(out)
