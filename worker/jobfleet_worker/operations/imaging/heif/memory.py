"""How much memory a job has left, for coders that answer a lack of it as if the file were damaged."""

import resource
from pathlib import Path


def memory_limit() -> int | None:
    """Return how many bytes of address space this process may have; None without a limit."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if limit == resource.RLIM_INFINITY else limit


def is_enough_for(needed: int) -> bool:
    """Tell whether this process may take that many bytes more."""
    limit = memory_limit()
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    return limit is None or taken + needed <= limit
