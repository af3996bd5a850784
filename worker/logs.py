"""JSON lines: to the journal, to a spool on disk, and from there to the bucket.

A line is on disk when `write` returns. Lines are uploaded a batch at a time, each batch as an
object of its own that is never written again; what a crash left in the spool is uploaded by the
next worker that finds it. A spool file's name holds what its key is made of, so that an upload
that is done twice writes the same object twice.
"""

import fcntl
import json
import os
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from jobs.names import log_key
from worker.clock import Clock
from worker.settings import BadSettings

_STAMP = "%Y%m%d-%H%M%S-%f"


class Journal:
    """Where a worker writes what it did. `store` takes a key and the lines of one batch."""

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
        self._batch: BinaryIO | None = None
        self._last = datetime.fromtimestamp(0, UTC)
        # The heartbeat's thread writes too.
        self._lock = threading.Lock()
        _own_folder(spool)

    def write(self, event: str, **fields: Any) -> None:
        """Write one line; it is on disk when this returns. Raises `OSError` if it cannot be."""
        line = self._line(event, fields)
        self._print(line)
        self._spool_line(line)

    def tell(self, event: str, **fields: Any) -> None:
        """Write one line about the worker itself; it stands in the journal even where the disk is full."""
        line = self._line(event, fields)
        self._print(line)
        try:
            self._spool_line(line)
        except OSError as problem:
            self._print(self._line("spool-failed", {"cause": str(problem)}))

    def upload(self) -> None:
        """Move everything spooled to the bucket. Raises what `store` raises; then the lines stay spooled."""
        with self._lock:
            if self._batch:
                self._batch.close()
                self._batch = None
        for path in sorted(self._spool.glob("*.jsonl")):
            self._upload(path)

    def close(self) -> None:
        """Upload what there is and write no more. Raises what `store` raises; then the lines stay spooled."""
        try:
            self.upload()
        finally:
            with self._lock:
                if self._batch:
                    self._batch.close()
                    self._batch = None

    def _line(self, event: str, fields: dict[str, Any]) -> str:
        at = self._clock.now().isoformat(timespec="milliseconds")
        return json.dumps({"time": at, "worker": self._worker, "event": event, **fields})

    def _print(self, line: str) -> None:
        self._out.write(line + "\n")
        self._out.flush()

    def _spool_line(self, line: str) -> None:
        with self._lock:
            self._append(line)

    def _append(self, line: str) -> None:
        if self._batch is None:
            self._batch = self._new_file()
        start = self._batch.tell()
        try:
            self._batch.write(line.encode() + b"\n")
            os.fsync(self._batch.fileno())
        except OSError:
            # Half a line must not stand before the next one.
            self._batch.truncate(start)
            self._batch.seek(start)
            raise

    def _new_file(self) -> BinaryIO:
        """Make and lock a spool file whose name neither this process nor a file left over has had."""
        while True:
            # Forward even where the clock stands still or is set back: a key is written once.
            self._last = max(self._clock.now(), self._last + timedelta(microseconds=1))
            try:
                file = (self._spool / f"{self._last:{_STAMP}}.jsonl").open("xb", buffering=0)
            except FileExistsError:
                continue
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file

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
