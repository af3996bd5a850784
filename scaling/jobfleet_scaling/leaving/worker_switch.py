"""Stopping and starting the worker of this host, which takes root: a helper of systemd's does it.

The agent puts an order into its own folder. systemd starts the helper whenever one is there
(`roles/scaler/templates/jobfleet-drain.path.j2`). It takes the order away, does it, and says so in a folder
of root's: in the agent's own, it could be led to write elsewhere.
"""

import os
from contextlib import suppress
from pathlib import Path

DRAIN, WORK = "drain", "work"

ORDERS = Path("/run/jobfleet-scaler")
ANSWERS = Path("/run/jobfleet-drain")


def orders_folder() -> Path:
    """Return the folder that systemd made for this process (RuntimeDirectory)."""
    return Path(os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0] or ORDERS)


class WorkerSwitch:
    """Gives orders and reads what came of them. Raises `OSError` where an order cannot be written."""

    def __init__(self, orders: Path, answers: Path = ANSWERS) -> None:
        self._order, self._answer = orders / "order", answers / "worker"

    def order(self, what: str) -> None:
        """Have the worker `DRAIN` or `WORK`; the last order counts."""
        beside = self._order.with_suffix(".new")
        beside.write_text(what)
        beside.replace(self._order)

    def is_drained(self) -> bool:
        """Tell whether the worker has stopped by the last order, and nobody is to do another one."""
        with suppress(OSError):
            return not self._order.exists() and self._answer.read_text().strip() == "drained"
        return False
