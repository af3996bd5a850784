"""The history of jobs that this machine has sent, so that those without an answer are not forgotten.

JSON lines (id, operation, time; never an input) under `$XDG_STATE_HOME/jobfleet/<bucket>/`,
where the bucket's name holds stack, account and region. It is a convenience: where it cannot be
written, that is said once, and no job fails for it.
"""

import json
import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jobfleet_jobs.careful_json import parse

from jobfleet.files.paths import named
from jobfleet.human_text import instant
from jobfleet.settings.state_folder import state_path

# A full file is put aside under another name, and of those a few are kept: some ten thousand jobs.
FILE_MAX_BYTES = 256 * 1024
FILES_MAX = 5


@dataclass(frozen=True)
class Sent:
    """A job that this machine has sent."""

    id: str
    operation: str
    at: datetime


class History:
    """The jobs sent to one stack. Several processes may write at the same time."""

    def __init__(self, bucket: str, say: Callable[[str], None] = lambda words: None) -> None:
        self._bucket = bucket
        self._say: Callable[[str], None] | None = say

    @property
    def folder(self) -> Path:
        """Where its files lie. Raises `OSError` for a user who has no home."""
        return state_path() / self._bucket

    @property
    def file(self) -> Path:
        """Where jobs are written now."""
        return self.folder / "sent.jsonl"

    def note(self, jobs: Iterable[Sent]) -> None:
        """Write down jobs that were sent."""
        lines = "".join(_line(job) for job in jobs)
        if not lines:
            return
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_room()
            # One write to a file opened for appending: lines of processes that write at once stay whole.
            descriptor = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(descriptor, lines.encode())
            finally:
                os.close(descriptor)
        except OSError as problem:
            if self._say:
                where = named(problem.filename) if problem.filename else "the history of jobs"
                self._say(
                    f"note: {where} cannot be written ({problem.strerror}), so `jobfleet jobs` will not "
                    "know of jobs that have no answer yet"
                )
                self._say = None

    def sent(self) -> list[Sent]:
        """Return what was sent, oldest first; what cannot be read is passed over."""
        found, files = list[Sent](), list[Path]()
        with suppress(OSError):
            files = self._files()
        for path in files:
            with suppress(OSError):
                found += [
                    job
                    for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
                    if (job := _read(line))
                ]
        return found

    def _files(self) -> list[Path]:
        """Return the files, oldest first."""
        aside = sorted(self.folder.glob("sent-*.jsonl"))
        return [*aside, self.file]

    def _make_room(self) -> None:
        with suppress(FileNotFoundError):
            if self.file.stat().st_size < FILE_MAX_BYTES:
                return
            # Whoever has the file open goes on writing to it under its new name, where it is read too.
            self.file.rename(self.folder / f"sent-{time.time_ns()}.jsonl")
            for path in self._files()[:-FILES_MAX]:
                path.unlink(missing_ok=True)


def _line(job: Sent) -> str:
    at = job.at.astimezone(UTC).isoformat(timespec="milliseconds")
    return json.dumps({"id": job.id, "operation": job.operation, "at": at}) + "\n"


def _read(line: str) -> Sent | None:
    try:
        found = parse(line)
        at = instant(found["at"])
        return Sent(str(found["id"]), str(found["operation"]), at) if at else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
