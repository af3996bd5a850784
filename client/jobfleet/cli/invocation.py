"""The options that all commands share, before or after a command's name, and what follows from them.

Only click and the standard library are imported up here, as in every module of the command line:
the help must come at once.
"""

import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jobfleet.cli.terminal import standard_streams
from jobfleet.cli.terminal.output import CommandOutput
from jobfleet.errors import FleetError, NoAnswerInTime, UnknownSettings
from jobfleet.human_text import read_seconds

if TYPE_CHECKING:
    from jobfleet_jobs.operations.operation import Operation
    from jobfleet_jobs.protocol.message import Result

    from jobfleet.answers.job import Job
    from jobfleet.aws.account import Account
    from jobfleet.fleet import Fleet
    from jobfleet.settings.settings import Settings
    from jobfleet.stack.sent_history import History

TIMEOUT_SECONDS = 10.0

# After so long without an answer, and each time again, it is looked how many jobs there are.
LOOK_AT_LINE_SECONDS = 3.0

_VARS_HELP = (
    "Variables file with stack_name and aws_region [default: inventory/group_vars/all.yml here or in a "
    "folder above]."
)


class _Seconds(click.ParamType[float]):
    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            return read_seconds(str(value))
        except ValueError as problem:
            self.fail(str(problem), param, ctx)


# The options that may stand before and after a command's name: what they are called inside, as
# `click.option` wants them, and whether each command's own help repeats them.
_SHARED: Mapping[str, tuple[tuple[str, ...], bool, Mapping[str, Any]]] = {
    "stack": (("--stack",), False, {"metavar": "NAME", "help": "The stack's name."}),
    "region": (("--region",), False, {"metavar": "REGION", "help": "The stack's AWS region."}),
    "bucket": (("--bucket",), False, {"metavar": "NAME", "help": "The bucket, if not the stack's own."}),
    "vars_file": (("--vars",), False, {"type": click.Path(), "metavar": "FILE", "help": _VARS_HELP}),
    "profile": (("--profile",), False, {"metavar": "NAME", "help": "The AWS profile to use."}),
    "endpoint_url": (
        ("--endpoint-url",), False, {"metavar": "URL", "help": "Address of another AWS than Amazon's."}
    ),
    "timeout": (
        ("--timeout",), True,
        {"type": _Seconds(), "metavar": "SECONDS", "help": "How long to wait for a worker [default: 10]."},
    ),
    "as_json": (("--json",), True, {"is_flag": True, "default": None, "help": "Print results as JSON."}),
    "quiet": (("--quiet", "-q"), True, {"is_flag": True, "default": None, "help": "No notes, no progress."}),
}  # fmt: skip


class Invocation:
    """What the commands share: the options given before or after the command's name."""

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}
        self._history: History | None = None
        self._sent: Sequence[Job] = ()
        self._account: Account | None = None

    @property
    def timeout(self) -> float:
        """Seconds to wait for an answer."""
        given = self.options.get("timeout")
        if given is not None:
            return float(given)
        named = os.environ.get("JOBFLEET_TIMEOUT")
        if not named:
            return TIMEOUT_SECONDS
        try:
            return read_seconds(named)
        except ValueError as problem:
            raise UnknownSettings(f"JOBFLEET_TIMEOUT: {problem}") from problem

    @property
    def timeout_source(self) -> str:
        """Where `timeout` is from."""
        if self.options.get("timeout") is not None:
            return "--timeout"
        return "JOBFLEET_TIMEOUT" if os.environ.get("JOBFLEET_TIMEOUT") else "default"

    @property
    def given(self) -> dict[str, str | None]:
        """What was said on the command line of which stack is meant, by the names in `settings.settings`."""
        names = ("stack", "region", "bucket", "vars_file", "endpoint_url", "profile")
        return {name: self.options.get(name) for name in names}

    @property
    def timeout_given(self) -> float | None:
        """Seconds to wait if any were asked for."""
        return None if self.timeout_source == "default" else self.timeout

    @property
    def output(self) -> CommandOutput:
        """Where results and talk go."""
        return CommandOutput(as_json=self.as_json, quiet=self.quiet)

    @property
    def as_json(self) -> bool:
        """Whether results are for machines."""
        return bool(self.options.get("as_json"))

    @property
    def quiet(self) -> bool:
        """Whether there shall be no talk."""
        return bool(self.options.get("quiet"))

    def settings(self) -> "Settings":
        """Find the stack that is meant."""
        from jobfleet.settings import settings

        return settings.find_settings(**self.given)

    def account(self) -> "Account":
        """Return the stack's account, for commands that look at it and send no jobs."""
        from jobfleet.aws.account import Account

        self._account = Account(self.settings())
        return self._account

    @contextmanager
    def in_words(self) -> Iterator[None]:
        """Turn AWS's errors inside into the client's own, in the words of the account that was made last."""
        try:
            yield
        except Exception:
            if self._account is None:  # a fleet sees to the errors of its own calls
                raise
            with self._account.in_words():
                raise

    def fleet(self, **how: Any) -> "Fleet":
        """Return the stack that is meant, to send jobs to; what is sent is written down for `jobs`.

        `how` is handed to `Fleet`.
        """
        from jobfleet.fleet import Fleet

        # What is in the way at the end is told before anything is sent.
        _ = self.timeout
        standard_streams.check_output()
        say = self.output.say
        fleet = Fleet(self.settings(), on_sent=lambda jobs: self._note(fleet, jobs), say=say, **how)
        return fleet

    def _note(self, fleet: "Fleet", jobs: "Sequence[Job]") -> None:
        from datetime import UTC, datetime

        self._sent = jobs
        from jobfleet.stack.sent_history import History, Sent

        if self._history is None:
            self._history = History(fleet.exchange.bucket, self.output.say)
        now = datetime.now(UTC)
        self._history.note(Sent(job.id, job.operation, now) for job in jobs)

    def do(self, fleet: "Fleet", operation: "str | Operation", source: Any, **more: Any) -> "Result":
        """Send a job, say its id and wait for its answer. Raises what `Fleet.submit` and `Job.result` raise.

        Whoever interrupts it once the job is out is told that it goes on, however little was waited.
        """
        self._sent = ()
        try:
            with self.output.moving("sending the job", _bytes_of(source)) as on_progress:
                job = fleet.submit(operation, source, on_progress=on_progress, **more)
            self.output.say(f"job {job.id} sent")
            with self.output.waiting("waiting for a worker") as show:
                return job.result_watched(self.timeout, LOOK_AT_LINE_SECONDS, lambda: _show_line(fleet, show))
        except KeyboardInterrupt:
            for job in self._sent:
                self.output.say(
                    f"job {job.id} goes on without you; fetch its result with `jobfleet result {job.id}`"
                )
            raise

    def told(self, problem: FleetError) -> str:
        """Return an error in words; of an answer that did not come, also whether anybody could give it."""
        if not isinstance(problem, NoAnswerInTime) or problem.explained:
            return str(problem)
        from jobfleet.stack.silence import of_silence

        silence = of_silence(self.account())
        return f"{problem}. {silence[0].upper()}{silence[1:]}"

    def add(self, options: dict[str, Any]) -> None:
        """Take options as given; those nearest to the command win."""
        self.options.update({name: value for name, value in options.items() if value is not None})


def _show_line(fleet: "Fleet", show: "Callable[[str], object]") -> None:
    if fleet.exchange.is_starting:  # that is said already, and nobody takes anything out of the line
        return
    # Whoever may not look waits all the same.
    with suppress(FleetError):
        if words := fleet.exchange.line().ahead_of_one():
            show(words)


def _bytes_of(source: Any) -> int:
    """Return how much is to be uploaded as far as that is known, in bytes."""
    if isinstance(source, Path):
        with suppress(OSError):
            return source.stat().st_size
    return len(source) if isinstance(source, str) else 0


def with_shared_options(*, show: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the shared options to a command, whose function gets a `Invocation` in their place."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def with_invocation(*args: Any, **options: Any) -> Any:
            invocation = click.get_current_context().ensure_object(Invocation)
            invocation.add({name: options.pop(name) for name in _SHARED})
            return function(invocation, *args, **options)

        decorated: Callable[..., Any] = with_invocation
        for inside, (names, shown, how) in reversed(list(_SHARED.items())):
            decorated = click.option(*names, inside, **how, hidden=not (show or shown))(decorated)
        return decorated

    return decorate


def examples(*lines: str) -> str:
    """Return what stands at the end of a command's help."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
