"""An image command with many images. Imported when one is run."""

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jobfleet_jobs.protocol.message import Result

from jobfleet.batch.ledger import Ledger, ledger_path
from jobfleet.batch.plan import BatchItem, BatchPlan, make_plan
from jobfleet.batch.run import Asked, Run
from jobfleet.cli.invocation import Invocation
from jobfleet.cli.terminal.output import CommandOutput
from jobfleet.errors import FleetError, SomeFailed
from jobfleet.files.outputs import sweep
from jobfleet.files.paths import from_root, named
from jobfleet.human_text import many
from jobfleet.sending.output_paths import WantedOutput

# How long to wait without any answer coming, if nothing else was asked for: workers may have to start.
PATIENCE_SECONDS = 120.0

# As many names of files that are left alone are told.
_SKIPPED_SHOWN = 3


class _Watcher:
    """Shows what becomes of the items, and counts it."""

    def __init__(self, output: CommandOutput) -> None:
        self._output = output
        self.advance: Any = lambda count: None
        self.finished, self.earlier = 0, 0
        self._notes: defaultdict[str, list[BatchItem]] = defaultdict(list)
        self.failures: list[tuple[BatchItem, str, Result | None]] = []
        self.may_go_on = False

    def done(self, item: BatchItem, result: Result) -> None:
        self.finished += 1
        file = str(item.out) if item.out else None
        for note in (result.result or {}).get("notes", []):
            self._notes[note].append(item)
        self._output.place(result, file=file, input=str(item.source))
        self.advance(1)

    def say_notes(self) -> None:
        """Say each note once, however many images it is about: it would bury the results."""
        for note, items in self._notes.items():
            about = named(items[0].source) if len(items) == 1 else many(len(items), "image")
            self._output.say(f"note: {about}: {note}")

    def before(self, item: BatchItem) -> None:
        self.earlier += 1
        self.advance(1)

    def failed(self, item: BatchItem, cause: str, result: Result | None, *, final: bool) -> None:
        self.may_go_on = self.may_go_on or not final
        self.failures.append((item, cause, result))
        if result:
            self._output.failed(result, input=str(item.source))
        self.advance(1)


def run(invocation: Invocation, wanted: WantedOutput, images: Sequence[str], *, resume: bool) -> None:
    """Send images and bring back what becomes of them. Raises `SomeFailed`."""
    output, operation = invocation.output, wanted.operation.name
    plan = make_plan(wanted, images)
    _say_skipped(output, plan)
    with invocation.fleet() as fleet:
        what = [
            *(str(value) for value in vars(fleet.settings).values() if not isinstance(value, Mapping)),
            operation, dict(wanted.parameters), wanted.name, wanted.fetched, wanted.ending,
            [ascii(from_root(Path(image))) for image in images], ascii(from_root(Path(wanted.out or ""))),
        ]  # fmt: skip
        with _ledger(output, what) as ledger:
            _say_of_before(output, ledger, resume=resume)
            for folder in {item.out.parent for item in plan.items if item.out} if resume else ():
                sweep(folder)
            watcher = _Watcher(output)
            given = invocation.timeout_given
            patience = PATIENCE_SECONDS if given is None else given
            whole = Run(fleet.exchange, Asked(wanted.operation, wanted.parameters), ledger, watcher, patience)
            _go(output, whole, plan, watcher, operation, ledger)
            ledger.close(finished=not watcher.may_go_on)
    _sum_up(output, plan, watcher)


def _go(
    output: CommandOutput, run: Run, plan: BatchPlan, watcher: _Watcher, operation: str, ledger: Ledger
) -> None:  # fmt: skip
    try:
        with output.progress(operation, len(plan.items)) as watcher.advance:
            run.go(plan.items)
        watcher.say_notes()
    except (KeyboardInterrupt, FleetError):
        watcher.say_notes()
        finished, sent = watcher.finished + watcher.earlier, ledger.count("sent")
        others = f", and {sent:,} more were sent and go on without you" if sent else ""
        output.say(
            f"{finished:,} of {many(len(plan.items), 'image')} done{others}; run the same command with "
            "--resume to continue"
        )
        raise


def _ledger(output: CommandOutput, what: list[Any]) -> Ledger:
    def unkept(problem: Exception) -> None:
        output.say(f"note: this run cannot be resumed, because its state cannot be written: {problem}")

    try:
        return Ledger(ledger_path(what), unkept)
    except (OSError, sqlite3.Error) as problem:
        unkept(problem)
        return Ledger(Path(":memory:"))


def _say_of_before(output: CommandOutput, ledger: Ledger, *, resume: bool) -> None:
    total, done = ledger.total(), ledger.count("done")
    if resume:
        output.say(f"continuing: {total:,} were sent before, {done:,} of them are done" if total
                   else "note: there is nothing to resume; starting from the beginning")  # fmt: skip
    elif total:
        output.say(
            f"note: this command was interrupted ({total:,} sent, {done:,} done); starting again from the "
            "beginning, because --resume was not given"
        )
        ledger.forget()


def _say_skipped(output: CommandOutput, plan: BatchPlan) -> None:
    if plan.skipped:
        shown = ", ".join(map(named, plan.skipped[:_SKIPPED_SHOWN]))
        more = ", …" if len(plan.skipped) > _SKIPPED_SHOWN else ""
        count = len(plan.skipped)
        files = "1 file whose name is" if count == 1 else f"{count:,} files whose names are"
        output.say(f"note: left out {files} not that of an image: {shown}{more}")


def _sum_up(output: CommandOutput, plan: BatchPlan, watcher: _Watcher) -> None:
    if watcher.failures:
        lines = [f"{len(watcher.failures):,} of {many(len(plan.items), 'image')} failed:"]
        for item, cause, result in watcher.failures:
            lines.append(f"  {named(item.source)}: {cause}" + (f" (job {result.id})" if result else ""))
        if watcher.may_go_on:
            lines.append("run the same command with --resume to retry the images that no worker refused")
        raise SomeFailed("\n".join(lines))
    earlier = f", {watcher.earlier:,} of them before" if watcher.earlier else ""
    output.say(f"{many(len(plan.items), 'image')} done{earlier}")
