"""How much memory a job has left, for coders that answer a lack of it as if the file were damaged."""

import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# What coders were seen to take for each pixel at most: a progressive JPEG or a WebP that is read, and a
# WebP without loss that is written, with a tenth more.
READING_BYTES_A_PIXEL = 13
WRITING_BYTES_A_PIXEL = 32

# What Pillow and its libraries say of memory that they did not get; they say it of damaged files, too.
# WebP's errors 1 and 2: https://developers.google.com/speed/webp/docs/api#encode_advanced_api.
_MAY_BE_A_LACK = re.compile(
    r"out of memory|(broken|unrecognized) data stream|(en|de)coder error|encoding error [12]\b"
    r"|quantization error|could not create decoder object"
)


def memory_limit() -> int | None:
    """Return how many bytes of address space this process may have; None without a limit."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if limit == resource.RLIM_INFINITY else limit


def is_enough_for(needed: int) -> bool:
    """Tell whether this process may take that many bytes more."""
    limit = memory_limit()
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    return limit is None or taken + needed <= limit


@contextmanager
def lack_is_told(needed: int) -> Iterator[None]:
    """Turn a coder's words for a lack of memory into a `MemoryError`, where `needed` bytes are not left.

    With more memory the same image may go well, so it must not be taken for a damaged one.
    """
    try:
        yield
    except (OSError, ValueError) as problem:
        if _MAY_BE_A_LACK.search(str(problem)) and not is_enough_for(needed):
            raise MemoryError(f"a coder had not enough memory: {problem}") from problem
        raise
