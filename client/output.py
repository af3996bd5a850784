"""What is shown: results on stdout, talk and progress on stderr."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from jobs.message import Result


class Output:
    """Writes for people, or with `as_json` for machines; `quiet` leaves only data and errors."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self._json, self._quiet = as_json, quiet

    def stats(self, result: Result) -> None:
        """Show the five numbers."""
        self._show(result, result.result or {})

    def image(self, result: Result, path: str | None) -> None:
        """Show where the output lies and what it is; say on stderr what was changed unasked."""
        facts = dict(result.result or {})
        for note in facts.pop("notes", []):
            self.say(f"note: {note}")
        where = {"bucket": f"s3://{result.output.bucket}/{result.output.key}"} if result.output else {}
        size = f"{facts.get('width')} x {facts.get('height')}"
        frames = {"frames": facts["frames"]} if facts.get("frames", 1) > 1 else {}
        shown = {"format": facts.get("format"), "size": size, "mode": facts.get("mode"), **frames}
        self._show(result, {**({"file": path} if path else {}), **where, **shown}, {"file": path})

    def failed(self, result: Result) -> None:
        """Give machines the failed result too; people read its sentence on stderr."""
        if self._json:
            self._line(result, {})

    def say(self, words: str) -> None:
        """Talk, if talk is wanted."""
        if not self._quiet:
            sys.stderr.write(words + "\n")

    @contextmanager
    def waiting(self, words: str) -> Iterator[None]:
        """Show `words` and the seconds gone by, while there is a terminal to show them on."""
        if self._quiet or not sys.stderr.isatty():
            yield
            return
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            progress.add_task(words, total=None)
            yield

    def _show(self, result: Result, table: Mapping[str, Any], more: Mapping[str, Any] | None = None) -> None:
        if self._json:
            self._line(result, more or {})
            return
        width = max(map(len, table), default=0)
        for name, value in table.items():
            sys.stdout.write(f"{name:<{width}}  {value}\n")

    def _line(self, result: Result, more: Mapping[str, Any]) -> None:
        whole = {**json.loads(result.to_json()), **{name: value for name, value in more.items() if value}}
        sys.stdout.write(json.dumps(whole, ensure_ascii=False) + "\n")
