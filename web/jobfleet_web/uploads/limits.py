"""How much of everything one upload may bring."""

from dataclasses import dataclass

from jobfleet_jobs.protocol.message import LARGE_BYTES

# One request brings so many files at most. The page sends each on its own.
FILES_MAX = 1_000

# Fields that are no files: the operation, its parameters, the batch.
FIELDS_MAX = 100
FIELD_MAX_BYTES = 64 * 1024

# Parts in all: those that say nothing are no files and no fields, but cost time. A page's form has one for
# each parameter, mostly empty, and its files.
PARTS_MAX = FILES_MAX + 10 * FIELDS_MAX

# The head of one part: a name of 255 bytes, percent-encoded, and its type leave room.
PART_HEADERS_MAX = 8
PART_HEADER_MAX_BYTES = 4 * 1024

# What a part needs besides its content, at most: head, boundary.
_PART_OVERHEAD_BYTES = PART_HEADERS_MAX * PART_HEADER_MAX_BYTES

# What one request may keep in memory of bodies that are whole; the next goes to the bucket as it comes in.
KEPT_BYTES = LARGE_BYTES

# What goes to the bucket goes in parts of this size.
PART_BYTES = LARGE_BYTES


@dataclass(frozen=True)
class Pace:
    """How slow a sender may be: `grace_seconds` for nothing, and beyond them so many bytes a second.

    That is for all of the body together: a sender that rests is forgiven if it was faster before.
    """

    grace_seconds: float = 20.0
    bytes_a_second: int = 4 * 1024


@dataclass(frozen=True)
class UploadLimits:
    """`input_bytes`: the largest file that is taken. `budget_seconds`: how long one waits for memory."""

    input_bytes: int
    pace: Pace = Pace()
    budget_seconds: float = 20.0

    @property
    def body_bytes(self) -> int:
        """What a whole body may take: its files together are bounded as one file is, fields come on top."""
        return self.input_bytes + FIELDS_MAX * FIELD_MAX_BYTES + _PART_OVERHEAD_BYTES
