"""The message group of this process: SQS and the workers are fair among groups (docs/worker.md)."""

import functools
import os
import secrets


def sender_group() -> str:
    """Return the group that goes with every request of this process; a forked process has its own."""
    return _group_of(os.getpid())


@functools.cache
def _group_of(process_id: int) -> str:
    # A process id may be there on another machine too.
    return f"client-{secrets.token_hex(8)}"
