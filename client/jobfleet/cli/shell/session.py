"""One session of `jobfleet shell`: one fleet, whose settings last until changed."""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

import click
from jobfleet_jobs.protocol.message import Result

from jobfleet.cli.clear_queues import clear_queues
from jobfleet.cli.invocation import Invocation
from jobfleet.cli.shell import language
from jobfleet.cli.shell.language import Step, Word
from jobfleet.cli.terminal.error_line import tell
from jobfleet.errors import (
    Exit,
    FleetError,
    JobFailed,
    NoCredentials,
    NotDeployed,
    UnknownSettings,
    Unreachable,
)
from jobfleet.files.paths import at_home
from jobfleet.fleet import Fleet
from jobfleet.human_text import read_seconds

# What is in the way of every command that follows, too.
_HOPELESS = (NoCredentials, NotDeployed, Unreachable, UnknownSettings)

_SHOWN = ("mean", "min", "max", "median")


class ShellSession:
    """Does the steps of lines. `plain` shows bare values; `yes` clears without asking."""

    def __init__(self, invocation: Invocation, fleet: Fleet, *, plain: bool, yes: bool) -> None:
        self._invocation, self._fleet = invocation, fleet
        self._plain, self._yes = plain, yes
        self._doing: Mapping[Word, Callable[..., None]] = {
            language.SEND: self._send,
            language.NVG: lambda source, name: self._image("greyscale", source, name),
            language.THRESHOLD: lambda source, name: self._image("threshold", source, name),
            language.TIMEOUT: self._timeout,
            language.CLEAR: self._clear,
            language.BUCKET: self._bucket,
            language.HELP: print_help,
        }

    def line(self, text: str) -> int:
        """Do what a line says; tell errors, and return the first one's exit code."""
        try:
            return self.steps(language.parse(language.split(text)))
        except FleetError as problem:
            return self._tell(problem)

    def steps(self, steps: list[Step]) -> int:
        """Do one step after the other; tell errors, and return the first one's exit code.

        A job that fails harms no other, so the next is done all the same; where no other can
        succeed, the rest is left.
        """
        code: int = Exit.OK
        for number, step in enumerate(steps):
            try:
                self._doing[step.word](*step.arguments)
            except (FleetError, click.UsageError) as problem:
                code = code or self._tell(problem)
                left = steps[number + 1 :]
                if left and isinstance(problem, _HOPELESS):
                    self._invocation.output.say(f"not done: {' '.join(map(str, left))}")
                    break
        return code

    def _tell(self, problem: FleetError | click.UsageError) -> int:
        failed = isinstance(problem, JobFailed)
        words = problem.message if isinstance(problem, click.UsageError) else self._invocation.told(problem)
        code = problem.exit_code if isinstance(problem, click.UsageError) else problem.exit
        tell(f"the job failed: {words}" if failed else words, code, as_json=self._invocation.as_json)
        return code

    def _send(self, *numbers: str) -> None:
        result = self._invocation.do(self._fleet, "stats", " ".join(numbers))
        found = self._invocation.output.notes(result)
        values = [(name, found[name]) for name in _SHOWN if name in found]
        if self._plain:
            self._show(result, " ".join(str(value) for _, value in values))
        else:
            self._show(result, "\n".join(f"{name:<6}  {value}" for name, value in values))

    def _image(self, operation: str, source: str, name: str) -> None:
        try:
            result = self._invocation.do(self._fleet, operation, at_home(source), name=name)
        except FleetError as problem:
            self._show(problem.result if isinstance(problem, JobFailed) else None, self._word("failure"))
            raise
        self._invocation.output.notes(result)
        where = f"  s3://{result.output.bucket}/{result.output.key}" if result.output else ""
        self._show(result, self._word("success", where))

    def _word(self, word: str, more: str = "") -> str:
        return {"success": "1", "failure": "0"}[word] if self._plain else word + more

    def _show(self, result: Result | None, words: str) -> None:
        if self._invocation.as_json:
            if result is None:
                return
            words = json.dumps(json.loads(result.to_json()), ensure_ascii=False)
        sys.stdout.write(words + "\n")
        sys.stdout.flush()

    def _timeout(self, seconds: str) -> None:
        self._invocation.add({"timeout": read_seconds(seconds)})

    def _bucket(self, name: str) -> None:
        self._fleet.exchange.use_bucket(name)

    def _clear(self) -> None:
        with self._invocation.in_words():  # the next step may be done all the same
            clear_queues(self._invocation, yes=self._yes)


def print_help() -> None:
    """Show the words. It was asked for, so it goes to stdout."""
    sys.stdout.write(language.help_text())


def run_lines(session: ShellSession, lines: Any) -> int:
    """Do the lines of a file or a pipe; return the first failure's exit code."""
    code: int = Exit.OK
    for line in lines:
        if line.strip() in language.LEAVING:
            break
        failed = session.line(line)
        code = code or failed
    return code
