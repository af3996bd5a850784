"""`jobfleet-tesseract`: Tesseract as a child that dies with the process of the pool that started it.

Linux kills a child with its parent only where the child itself has asked for that. `setpriv` asks, then
a shell looks whether the parent died meanwhile; each takes the place of the one before, as does Tesseract.
"""

import os
import sys
from pathlib import Path

# In a child's environment, the process that it must not outlive.
PARENT_VARIABLE = "JOBFLEET_TEXT_PARENT"

# Where pip puts the command that runs this.
TESSERACT = Path(sys.executable).with_name("jobfleet-tesseract")

_IF_PARENT_LIVES = '[ "$PPID" = "$0" ] && exec "$@"'


def main() -> None:
    """Become Tesseract."""
    parent = os.environ[PARENT_VARIABLE]
    words = ["--pdeathsig", "KILL", "sh", "-c", _IF_PARENT_LIVES, parent, "tesseract", *sys.argv[1:]]
    os.execvp("setpriv", ["setpriv", *words])  # noqa: S606, S607 - no shell is wanted, and PATH says which
