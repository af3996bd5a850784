"""The folder for what the client must remember from one run to the next."""

import os
from pathlib import Path


def state_path() -> Path:
    """Return `$XDG_STATE_HOME/jobfleet`, or `~/.local/state/jobfleet`, whether it is there or not."""
    given = os.environ.get("XDG_STATE_HOME", "")
    # https://specifications.freedesktop.org/basedir-spec/: a path that is not absolute is passed over.
    base = Path(given) if given.startswith("/") else Path.home() / ".local" / "state"
    return base / "jobfleet"


def state_folder() -> Path:
    """Return the same, made for this user alone if it was not there. Raises `OSError` where it cannot be."""
    folder = state_path()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
