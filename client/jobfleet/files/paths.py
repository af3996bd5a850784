"""Paths as people give them: of a home nobody knows, with a name too long, in a folder that is gone."""

import itertools
import os
import stat
from pathlib import Path

from jobfleet_jobs.portable_names import portable_name, why_not_on_windows

from jobfleet.human_text import plain

ON_WINDOWS = os.name == "nt"
# What people there name to throw an output away, or to see it.
_DEVICES_TO_WRITE_TO = frozenset({"nul", "con"})

# One name with a letter in it tells; a folder may hold a million.
_ENOUGH_NAMES = 20


def named(path: str | Path) -> str:
    """Return a path on one line, as it may stand in a sentence: names can hold any bytes."""
    return plain(path)


def can_be(path: str | Path) -> bool:
    """Tell whether a file can have such a name at all: none has a NUL or half a character in it."""
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def local_name(name: str) -> str:
    """Return the name of a file from elsewhere as one can have it here: Windows does not let all be."""
    return portable_name(name) if ON_WINDOWS else name


def why_not_here(path: Path) -> str | None:
    """Return why no file can have that name here; None if one can, or if it is a device to write to."""
    if not ON_WINDOWS or path.name.lower() in _DEVICES_TO_WRITE_TO:
        return None
    return why_not_on_windows(path.name)


def at_home(path: str | Path) -> Path:
    """Return a path with its `~` resolved, or as it is where that names no known home, as shells do."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def is_folder(path: str | Path) -> bool:
    """Tell whether a folder lies there; nothing does under a name that cannot be."""
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):
        return False


def is_stream(path: str | Path) -> bool:
    """Tell whether a device, a pipe or a socket lies there: it is read once, and never replaced by a file."""
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def resolved(path: Path) -> Path:
    """Return a path from the root on with its links followed, or as it is where that cannot be known."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):  # no working folder; links in a circle; a name none can have
        return path


def are_one(one: Path, other: Path) -> bool:
    """Tell whether both lead to one file or folder, be it under names that differ in capitals."""
    try:
        return one.samefile(other)
    except (OSError, ValueError):  # one is not there, or cannot be looked at
        return resolved(one) == resolved(other)


def from_root(path: Path) -> Path:
    """Return a path from the root on, or as it is where the working folder is gone."""
    return path if working_folder() is None else path.absolute()


def working_folder() -> Path | None:
    """Return the folder that commands run in; None if it was deleted."""
    try:
        return Path.cwd()
    except OSError:
        return None


def folds_case(folder: Path) -> bool:
    """Tell whether names that differ in capitals alone are one file there, as on Windows and on macOS.

    A folder that is not there yet is like the one that it will be made in. Nothing is written.
    """
    there = next((one for one in (folder, *folder.absolute().parents) if is_folder(one)), None)
    if there is None:
        return False
    try:
        with os.scandir(there) as entries:
            first = itertools.islice(entries, _ENOUGH_NAMES)
            inside = [there / entry.name for entry in first if not entry.is_symlink()]
    except OSError:
        inside = []
    # What is in it tells best: it may be where another file system begins.
    for path in (*inside, there.absolute()):
        other = path.with_name(_swapped(path.name)) if path.name else path
        if other.name != path.name:
            try:
                return other.samefile(path)
            except OSError:
                if os.path.lexists(path):
                    return False
                # Somebody has just removed it, which tells nothing.
    return False


def _swapped(name: str) -> str:
    """Return a name in other capitals. Only of ASCII letters do all file systems know the same ones."""
    return "".join(one.swapcase() if one.isascii() else one for one in name)
