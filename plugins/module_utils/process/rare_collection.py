"""Python's search for garbage made rare: it takes a quarter of a playbook's processor time.

Python looks for objects that only know each other. Ansible has half a million objects in memory, and forks a
process for each task. There a search finds the same objects again, and writes to each of them. So the kernel
has to copy all pages that the processes shared until then
(https://docs.python.org/3/library/gc.html#gc.freeze).
"""

from __future__ import annotations

import gc

# A search among new objects begins when there are so many more of them, one among older objects after so many
# searches among newer ones. Python's own first figure is 700, and 2,000 since Python 3.13. A task makes some
# thousands.
RARELY = (50_000, 10, 10)


def collect_rarely() -> None:
    """Leave what is in memory now out of all searches, in this process and those that it forks."""
    gc.freeze()
    gc.set_threshold(*RARELY)
