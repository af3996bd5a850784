"""JSON lines: to the journal, to a spool on disk, and from there to the bucket.

Lines are uploaded a batch at a time, each batch as an object of its own that is never written
again; what a crash left in the spool is uploaded by the next worker that finds it. A spool file's
name holds what its key is made of, so that an upload that is done twice writes the same object
twice. Where the disk is full, lines go from memory to the bucket: it is said once, and no job waits.
"""

import fcntl
import json
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from jobfleet_jobs.credentials.redaction import redact_all
from jobfleet_jobs.protocol.names import log_key

from jobfleet_worker.clock import Clock
from jobfleet_worker.settings import BadSettings

_STAMP = "%Y%m%d-%H%M%S-%f"

# Lines about the worker itself that wait in memory while neither disk nor bucket takes them.
UNSPOOLED_MAX_LINES = 1_000


@dataclass
class LogBatch:
    """The lines of jobs done together; `file` is their locked spool file, if the disk took them."""

    key: str
    lines: bytes
    file: BinaryIO | None


class Journal:
    """Where a worker writes what it did; any thread may. `store` takes a key and the lines of one batch."""

    def __init__(
        self,
        spool: Path,
        worker: str,
        store: Callable[[str, bytes], None],
        clock: Clock,
        out: TextIO | None = None,
    ) -> None:
        self._spool, self._worker, self._store, self._clock = spool, worker, store, clock
        self._out = out or sys.stdout
        self._told: BinaryIO | None = None
        self._unspooled: deque[bytes] = deque(maxlen=UNSPOOLED_MAX_LINES)
        self._disk_is_full = False
        self._last = datetime.fromtimestamp(0, UTC)
        self._lock = threading.Lock()
        _own_folder(spool)

    def tell(self, event: str, **fields: Any) -> None:
        """Write one line about the worker itself, on disk when this returns; `upload` uploads it."""
        line = self._line(event, fields)
        self._print(line)
        with self._lock:
            if not self._append(line.encode()):
                self._unspooled.append(line.encode())

    def batch(self, lines: Iterable[tuple[str, dict[str, Any]]]) -> LogBatch:
        """Write lines, each an event and its fields, on disk when this returns, for `store` to upload."""
        text = "".join(self._line(event, fields) + "\n" for event, fields in lines)
        self._print(text[:-1])
        with self._lock:
            file, at = self._new_file()
        if file:
            try:
                file.write(text.encode())
                os.fsync(file.fileno())
            except OSError as problem:
                self._drop(file)
                file = None
                self._disk_failed(problem)
        return LogBatch(log_key(self._worker, at, at.microsecond), text.encode(), file)

    def store(self, batch: LogBatch) -> None:
        """Move a batch to the bucket. Raises what the store raises; then call it again, or `keep`."""
        self._store(batch.key, batch.lines)
        if batch.file:
            self._drop(batch.file)
            batch.file = None

    def keep(self, batch: LogBatch) -> None:
        """Leave a batch that could not be stored to `upload`."""
        if batch.file:
            batch.file.close()
            batch.file = None

    def upload(self, moved: Callable[[], None] = lambda: None) -> None:
        """Move everything else to the bucket. Raises what the store raises; then the lines stay.

        `moved` is called before each file.
        """
        with self._lock:
            if self._told:
                self._told.close()
                self._told = None
            unspooled = list(self._unspooled)
            _, at = self._new_file(only_name=True) if unspooled else (None, self._last)
        if unspooled:
            self._store(log_key(self._worker, at, at.microsecond), b"\n".join([*unspooled, b""]))
            for _ in unspooled:
                self._unspooled.popleft()
        for path in sorted(self._spool.glob("*.jsonl")):
            moved()
            self._upload(path)

    def _line(self, event: str, fields: dict[str, Any]) -> str:
        at = self._clock.now().isoformat(timespec="milliseconds")
        # A job that succeeded has nothing to say in words, and there are thousands a second of them.
        told = fields if fields.get("outcome") == "succeeded" else redact_all(fields)
        return json.dumps({"time": at, "worker": self._worker, "event": event, **told})

    def _print(self, line: str) -> None:
        # Nobody may read it any more; the lines go to the bucket all the same.
        with suppress(OSError):
            self._out.write(line + "\n")
            self._out.flush()

    def _append(self, line: bytes) -> bool:
        if self._told is None:
            self._told, _ = self._new_file()
        if self._told is None:
            return False
        start = self._told.tell()
        try:
            self._told.write(line + b"\n")
            os.fsync(self._told.fileno())
        except OSError as problem:
            # Half a line must not stand before the next one.
            self._told.truncate(start)
            self._told.seek(start)
            self._disk_failed(problem)
            return False
        self._disk_is_full = False
        return True

    def _new_file(self, *, only_name: bool = False) -> tuple[BinaryIO | None, datetime]:
        """Make and lock a spool file whose name neither this process nor a file left over has had.

        Return None for it where the disk takes none, and the time that its name is made of.
        """
        while True:
            # Forward even where the clock stands still or is set back: a key is written once.
            self._last = max(self._clock.now(), self._last + timedelta(microseconds=1))
            if only_name:
                return None, self._last
            try:
                file = (self._spool / f"{self._last:{_STAMP}}.jsonl").open("xb", buffering=0)
            except FileExistsError:
                continue
            except OSError as problem:
                self._disk_failed(problem)
                return None, self._last
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file, self._last

    def _disk_failed(self, problem: OSError) -> None:
        if not self._disk_is_full:
            self._disk_is_full = True
            line = self._line("spool-failed", {"cause": str(problem)})
            self._print(line)
            self._unspooled.append(line.encode())

    def _drop(self, file: BinaryIO) -> None:
        Path(file.name).unlink(missing_ok=True)
        file.close()

    def _upload(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                whole, _, _ = file.read().rpartition(b"\n")
                if whole:
                    at = datetime.strptime(path.stem, _STAMP).replace(tzinfo=UTC)
                    self._store(log_key(self._worker, at, at.microsecond), whole + b"\n")
                path.unlink()
        except (BlockingIOError, FileNotFoundError):
            # Another worker process on this machine writes it, or has just uploaded it.
            return


def _own_folder(spool: Path) -> None:
    """Make the spool; refuse one that another user prepared. Raises `BadSettings`."""
    try:
        spool.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        spool.mkdir(mode=0o700, exist_ok=True)
        owner = spool.stat().st_uid
    except OSError as problem:
        raise BadSettings(f"the spool folder {spool} cannot be made: {problem.strerror}") from problem
    if owner != os.getuid():
        raise BadSettings(
            f"the spool folder {spool} belongs to user {owner}; set spool to a folder of your own"
        )
