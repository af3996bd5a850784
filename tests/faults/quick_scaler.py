"""The scaler's program with a lease of a few seconds, for tests that wait until one is over.

Run as `python -m tests.faults.quick_scaler --config FILE`.
"""

import sys

from jobfleet_scaling.documents import state

from tests.patience import PATIENCE

# Of a slow machine, a whole tick must fit into a lease.
LEASE_SECONDS = 6.0 * PATIENCE
TICK_SECONDS = 0.5
state.LEASE_SECONDS, state.TICK_SECONDS = LEASE_SECONDS, TICK_SECONDS


def main() -> int:
    """Shorten the other times, and run the program."""
    from jobfleet_scaling.fleet import refusals
    from jobfleet_scaling.service import lease, scaling_log

    lease.MARGIN_SECONDS = LEASE_SECONDS / 3
    refusals.FIRST_SECONDS = refusals.LONGEST_SECONDS = 0.1
    scaling_log.BATCH_SECONDS = 1.0
    from jobfleet_scaling.__main__ import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
