"""Files in memory that this process shares with the processes of its pool."""

import os


def path_of(descriptor: int) -> str:
    """Return what opens a file of this process in another process of the same user."""
    return f"/proc/{os.getpid()}/fd/{descriptor}"


class MemoryFile:
    """A file that has no name and goes with this process; `path` opens it in a process of the same user."""

    def __init__(self, data: bytes = b"") -> None:
        self._fd = os.memfd_create("jobfleet", os.MFD_CLOEXEC)
        self.path = path_of(self._fd)
        written = 0
        while written < len(data):
            written += os.write(self._fd, data[written:] if written else data)

    def read(self) -> bytes:
        """Return all that is in it."""
        return os.pread(self._fd, os.fstat(self._fd).st_size, 0)

    def __enter__(self) -> "MemoryFile":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)
