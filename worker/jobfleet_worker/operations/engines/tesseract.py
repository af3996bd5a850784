"""`jobfleet-tesseract`: Tesseract as a child that dies with the process of the pool that started it.

Linux kills a child with its parent only where the child itself has asked for that. So this asks, looks
whether the parent died meanwhile, and lets Tesseract take its place. (`setpriv` would ask too, but sets
capabilities on the way, which the service's system call filter does not let it.)
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

# In a child's environment, the process that it must not outlive.
PARENT_VARIABLE = "JOBFLEET_TEXT_PARENT"

# Where pip puts the command that runs this.
TESSERACT = Path(sys.executable).with_name("jobfleet-tesseract")

# https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Become Tesseract."""
    if ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        sys.exit("jobfleet-tesseract: it cannot be tied to its parent")
    if os.getppid() != int(os.environ[PARENT_VARIABLE]):
        sys.exit("jobfleet-tesseract: its parent has died")
    os.execvp("tesseract", ["tesseract", *sys.argv[1:]])  # noqa: S606, S607 - no shell is wanted; PATH says which
