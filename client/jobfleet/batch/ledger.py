"""The ledger of a run: what was done of its jobs, on disk, so that the run can be resumed.

A SQLite file for each run, that is for the same command about the same things in the same stack. It
survives a kill at any moment. Whoever has it open has it alone, so that no two processes do the same.
"""

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from jobfleet.batch.plan import BatchItem
from jobfleet.errors import BadInput
from jobfleet.files.paths import from_root
from jobfleet.settings.state_folder import state_folder

# What nobody came back to for so long is thrown away; the outputs in the bucket are not kept longer either.
KEPT_SECONDS = 30 * 24 * 3_600

State = Literal["sending", "sent", "done", "failed"]

_TABLE = """
CREATE TABLE IF NOT EXISTS items (
    source TEXT PRIMARY KEY, size INTEGER, changed INTEGER, job TEXT, state TEXT, body TEXT, cause TEXT
) WITHOUT ROWID
"""


@dataclass(frozen=True)
class Entry:
    """What became of one input. `body` is the request, for the moment in which it may not have been sent."""

    job: str
    state: State
    body: str
    cause: str | None


class Ledger:
    """One run's. Used by one thread; close it, or use it in a `with`. Raises `BadInput` if it is in use."""

    def __init__(self, path: Path, on_lost: Callable[[Exception], object] = lambda problem: None) -> None:
        """`on_lost` is called if nothing more can be written down; the run goes on all the same."""
        self.path, self._on_lost = path, on_lost
        self._db = sqlite3.connect(path, timeout=0, isolation_level=None)
        try:
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(_TABLE)
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as problem:
            self._db.close()
            if "locked" not in str(problem):
                raise
            raise BadInput(
                "another jobfleet is running this command with these inputs; wait until it has ended"
            ) from problem

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def find(self, item: BatchItem) -> Entry | None:
        """Return what is known of an input, or None if that is nothing, or of another content."""
        row = self._db.execute(
            "SELECT job, state, body, cause FROM items WHERE source = ? AND size = ? AND changed = ?",
            (_key(item), item.size, item.changed),
        ).fetchone()
        return Entry(*row) if row else None

    def count(self, state: State) -> int:
        """Return how many inputs are in a state."""
        (found,) = self._db.execute("SELECT count(*) FROM items WHERE state = ?", (state,)).fetchone()
        return int(found)

    def total(self) -> int:
        """Return how many inputs were at least about to be sent."""
        (found,) = self._db.execute("SELECT count(*) FROM items").fetchone()
        return int(found)

    def note(self, items: Iterable[tuple[BatchItem, str, str]], state: State) -> None:
        """Write down inputs with job id and request, all or none."""
        self._change(
            "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?, ?, NULL)",
            [(_key(item), item.size, item.changed, job, state, body) for item, job, body in items],
        )

    def mark_sent(self, jobs: Iterable[str]) -> None:
        """Write down that SQS has these jobs."""
        self._change("UPDATE items SET state = 'sent' WHERE job = ?", [(job,) for job in jobs])

    def mark(self, item: BatchItem, state: State, cause: str | None = None) -> None:
        """Write down what became of an input that is known."""
        self._change("UPDATE items SET state = ?, cause = ? WHERE source = ?", [(state, cause, _key(item))])

    def forget(self) -> None:
        """Begin anew."""
        self._change("DELETE FROM items", [()])

    def _change(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Do it for all rows, or none. Where the disk is full, what follows is kept in memory."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(statement, rows)
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as problem:
            with suppress(sqlite3.Error):
                self._db.close()
            self._db = sqlite3.connect(":memory:", isolation_level=None)
            self._db.execute(_TABLE)
            self._on_lost(problem)
            self._db.executemany(statement, rows)

    def close(self, *, finished: bool = False) -> None:
        """Let others have it; take it away if there is nothing to go on with."""
        self._db.close()
        if finished:
            for end in ("", "-wal", "-shm"):
                with suppress(OSError):
                    Path(f"{self.path}{end}").unlink(missing_ok=True)


def ledger_path(what: Any) -> Path:
    """Return where the ledger of a run is; `what` is all that tells runs apart, as JSON can hold it.

    Raises `OSError` where nothing can be kept.
    """
    folder = state_folder() / "runs"
    folder.mkdir(mode=0o700, exist_ok=True)
    for old in folder.iterdir():
        with suppress(OSError):
            if time.time() - old.stat().st_mtime > KEPT_SECONDS:
                old.unlink()
    text = json.dumps(what, sort_keys=True)
    return folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.sqlite"


def _key(item: BatchItem) -> str:
    # A name need not be text; SQLite's has to be.
    return repr(str(from_root(item.source)))
