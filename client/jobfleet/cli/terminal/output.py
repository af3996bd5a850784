"""The output of commands: results on stdout, messages and progress on stderr."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.protocol.message import LARGE_BYTES, Result

from jobfleet.cli.terminal.result_lines import described, described_in_short, described_plainly, told_beside
from jobfleet.cli.terminal.tables import fact_lines
from jobfleet.human_text import plain, plain_lines


class CommandOutput:
    """Writes for people, or with `as_json` for machines; `quiet` leaves only data and errors."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self.as_json, self._quiet = as_json, quiet
        self._held: list[str] | None = None

    def result(self, result: Result, path: str | None = None) -> None:
        """Show what a job found, and where its output lies if it has one; say its notes on stderr."""
        facts = self.notes(result)
        if self.as_json:
            self._line(result, {"file": path})
            return
        places = {"file": path, "bucket": _address(result)}
        where = {name: value for name, value in places.items() if value}
        built_in = result.operation in OPERATIONS
        if built_in and (beside := told_beside(facts)):
            self.say(beside)
        for line in described(facts, where) if built_in else fact_lines(where | described_plainly(facts)):
            self.write(line)

    def notes(self, result: Result) -> dict[str, Any]:
        """Say on stderr what was changed unasked, or should be known; return what else there is to tell."""
        facts = dict(result.result or {})
        for note in facts.pop("notes", []):
            self.say(f"note: {note}")
        return facts

    def line(self, result: Result, **more: str | None) -> None:
        """Show one of several results in one line."""
        if self.as_json:
            self._line(result, more)
        else:
            self.write(f"{result.id}  {result.operation}  {_in_short(result, more.get('file'))}")

    def place(self, result: Result, **more: str | None) -> None:
        """Show in one line where one of several outputs lies, or what was found of one of several inputs."""
        if self.as_json:
            self._line(result, more)
        elif result.output:
            self.write(more.get("file") or _address(result))
        else:
            self.write(f"{more.get('input')}  {_in_short(result, None)}")

    def failed(self, result: Result, **more: str | None) -> None:
        """Give machines the failed result too; people read its sentence on stderr."""
        if self.as_json:
            self._line(result, more)

    def write(self, line: str) -> None:
        """Write data; it waits for its turn while a progress bar has the terminal."""
        if self._held is not None and sys.stdout.isatty():
            self._held.append(line)
            return
        # A pipe gets names as they are; a terminal obeys what it is shown.
        sys.stdout.write((plain_lines(line) if sys.stdout.isatty() else line) + "\n")
        sys.stdout.flush()

    def say(self, words: str) -> None:
        """Talk, if talk is wanted."""
        if not self._quiet:
            sys.stderr.write(plain_lines(words) + "\n")

    @contextmanager
    def waiting(self, words: str) -> Iterator[Callable[[str], object]]:
        """Show `words` and the seconds gone by, while there is a terminal to show them on.

        Gives what is to be called with what is to be shown beside them; without a terminal, only the first
        is said.
        """
        if not self._has_terminal():
            yield _first_alone(self.say)
            return
        from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
        with self._bar(columns) as progress:
            task = progress.add_task(plain(words), total=None)
            yield lambda more: progress.update(task, description=plain(f"{words}; {more}"))

    @contextmanager
    def moving(self, words: str, size: int) -> Iterator[Callable[[int], object]]:
        """Show a transfer of `size` bytes: how far it is if it is large, else the seconds gone by."""
        if size < LARGE_BYTES:
            with self.waiting(words):
                yield lambda count: None
        else:
            with self.progress(words, size, in_bytes=True) as on_progress:
                yield on_progress

    @contextmanager
    def progress(
        self, words: str, total: int, *, in_bytes: bool = False
    ) -> Iterator[Callable[[int], object]]:
        """Show how far a thing of `total` steps or bytes is, how fast, and the time left.

        Gives what is to be called with each count of them that is done.
        """
        if not self._has_terminal():
            yield lambda count: None
            return
        from jobfleet.cli.terminal.progress_columns import columns

        with self._bar(columns(in_bytes=in_bytes)) as progress:
            task = progress.add_task(plain(words), total=total)
            yield lambda count: progress.advance(task, count)

    def _has_terminal(self) -> bool:
        return not self._quiet and sys.stderr.isatty()

    @contextmanager
    def _bar(self, columns: Any) -> Iterator[Any]:
        from rich.console import Console
        from rich.progress import Progress

        self._held = []
        try:
            with Progress(
                *columns, console=Console(stderr=True), transient=True, redirect_stdout=False
            ) as progress:
                yield progress
        finally:
            held, self._held = self._held, None
            for line in held or ():
                self.write(line)

    def _line(self, result: Result, more: Mapping[str, Any]) -> None:
        whole = {**json.loads(result.to_json()), **{name: value for name, value in more.items() if value}}
        self.write(json.dumps(whole, ensure_ascii=False))


def _first_alone(say: Callable[[str], None]) -> Callable[[str], None]:
    """Return what says the first that it is called with, and nothing after."""
    left = [say]
    return lambda words: left.pop()(words) if left else None


def _address(result: Result) -> str:
    return f"s3://{result.output.bucket}/{result.output.key}" if result.output else ""


def _in_short(result: Result, file: str | None) -> str:
    if result.status != "succeeded":
        return f"failed: {result.error.message if result.error else 'no reason given'}"
    facts = {name: value for name, value in (result.result or {}).items() if name != "notes"}
    place = [file or _address(result)] if result.output else []
    if result.operation in OPERATIONS:
        return "  ".join([*place, described_in_short(facts)])
    return "  ".join([*place, *(f"{name} {value}" for name, value in described_plainly(facts).items())])
