"""The folder for what the client must remember from one run to the next."""

import os
from pathlib import Path


def state_folder() -> Path:
    """Return `$XDG_STATE_HOME/jobfleet`, or `~/.local/state/jobfleet`; made for this user alone.

    Raises `OSError` where it cannot be.
    """
    given = os.environ.get("XDG_STATE_HOME", "")
    # https://specifications.freedesktop.org/basedir-spec/: a path that is not absolute is passed over.
    base = Path(given) if given.startswith("/") else Path.home() / ".local" / "state"
    folder = base / "jobfleet"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
