"""The folder for what the client must remember from one run to the next."""

import errno
import os
from pathlib import Path


def state_path() -> Path:
    """Return `$XDG_STATE_HOME/jobfleet`, or `~/.local/state/jobfleet`, whether it is there or not.

    Raises `OSError` for a user who has no home.
    """
    given = os.environ.get("XDG_STATE_HOME", "")
    # https://specifications.freedesktop.org/basedir-spec/: a path that is not absolute is passed over.
    if Path(given).is_absolute():
        return Path(given) / "jobfleet"
    try:
        return Path.home() / ".local" / "state" / "jobfleet"
    except RuntimeError as problem:
        raise FileNotFoundError(
            errno.ENOENT, "this user has no home folder, and neither HOME nor XDG_STATE_HOME is set"
        ) from problem


def state_folder() -> Path:
    """Return the same, made for this user alone if it was not there. Raises `OSError` where it cannot be."""
    folder = state_path()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
