"""The discovery of operations that installed packages bring, without running their code in this process.

Names of entry points are read from the packages' metadata, which is text. Each is then loaded by
`offers.package_probe`, in a process with limits of time and memory.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, fields
from importlib import metadata

from jobfleet_jobs.careful_json import parse
from jobfleet_jobs.credentials.redaction import redact
from jobfleet_jobs.operations.custom import GROUP
from jobfleet_jobs.operations.declaration_json import BadDeclaration, from_json, to_json
from jobfleet_jobs.operations.operation import Operation

from jobfleet_worker.offers.package_probe import WHY_MAX_CHARACTERS
from jobfleet_worker.operations.custom import OwnOperation
from jobfleet_worker.settings import WorkerSettings

# Loading large libraries takes seconds on a small host.
LOAD_SECONDS = 20

# systemd waits 90 s for a worker to start (DefaultTimeoutStartSec in systemd-system.conf(5)).
ALL_SECONDS = 60

# As many are loaded at a time, and as many there may be.
AT_A_TIME = 4
ENTRIES_MAX = 50

# What all declarations together may take in the heartbeat, which is written every minute.
DECLARATIONS_MAX_BYTES = 65_536

_ANSWER_MAX_BYTES = 65_536


@dataclass(frozen=True)
class BrokenPackage:
    """An entry point that is no operation here, and why."""

    package: str
    entry: str
    why: str


@dataclass(frozen=True)
class _Entry:
    package: str
    name: str
    value: str


@dataclass(frozen=True)
class Discovered:
    """What packages bring: their operations, and what is broken about them."""

    operations: Sequence[OwnOperation] = ()
    broken: Sequence[BrokenPackage] = ()


def discover(settings: WorkerSettings) -> Discovered:
    """Find the operations of the installed packages; takes at most `ALL_SECONDS`."""
    entries, broken = _entries()
    deadline = time.monotonic() + ALL_SECONDS
    with ThreadPoolExecutor(AT_A_TIME) as threads:
        looked = threads.map(lambda entry: _look(entry, settings.job_memory_limit, deadline), entries)
        found: list[OwnOperation] = []
        for one in looked:
            if isinstance(one, BrokenPackage):
                broken.append(one)
            else:
                found.append(one)
    return _without_clashes(found, broken)


def _entries() -> tuple[list[_Entry], list[BrokenPackage]]:
    entries: dict[_Entry, None] = {}
    broken: list[BrokenPackage] = []
    for distribution in metadata.distributions():
        package = "?"
        try:
            package = f"{distribution.metadata['Name']} {distribution.version}"
            for point in distribution.entry_points:
                if point.group == GROUP:
                    entries[_Entry(package, point.name, point.value)] = None
        except Exception as problem:  # noqa: BLE001 - a damaged package is its own trouble, whatever it is
            broken.append(
                BrokenPackage(
                    package, "", redact(f"its metadata cannot be read: {problem}")[:WHY_MAX_CHARACTERS]
                )
            )
    ordered = sorted(entries, key=lambda entry: (entry.package, entry.name))
    for entry in ordered[ENTRIES_MAX:]:
        broken.append(
            BrokenPackage(entry.package, entry.name, f"there are more than {ENTRIES_MAX} operations")
        )
    return ordered[:ENTRIES_MAX], broken


def _look(entry: _Entry, memory: int, deadline: float) -> OwnOperation | BrokenPackage:
    seconds = min(LOAD_SECONDS, int(deadline - time.monotonic()))
    if seconds < 1:
        return BrokenPackage(entry.package, entry.name, "it was not loaded: loading the others took too long")
    try:
        told = _told(entry.value, memory, seconds)
        if "broken" in told:
            return BrokenPackage(entry.package, entry.name, str(told["broken"]))
        declared = from_json(told.get("declaration"))
    except (_Died, BadDeclaration) as problem:
        return BrokenPackage(entry.package, entry.name, redact(str(problem))[:WHY_MAX_CHARACTERS])
    values = {each.name: getattr(declared, each.name) for each in fields(Operation)}
    return OwnOperation(**values, package=entry.package, entry=entry.value)


class _Died(Exception):
    """The process that loaded a package came to no good end."""


def _told(value: str, memory: int, seconds: int) -> dict[str, object]:
    """Return what `offers.package_probe` says of an entry point. Raises `_Died`."""
    answer = os.memfd_create("jobfleet-probe", os.MFD_CLOEXEC)
    try:
        command = [
            sys.executable, "-m", "jobfleet_worker.offers.package_probe",
            f"--to={answer}", f"--memory={memory}",
            f"--seconds={seconds}", "--", value,
        ]  # fmt: skip
        process = subprocess.Popen(  # noqa: S603 - its own program
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            pass_fds=[answer], start_new_session=True,
        )  # fmt: skip
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise _Died(f"loading it took longer than {seconds} s") from None
        finally:
            # Whatever it started goes with it.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        said = os.pread(answer, _ANSWER_MAX_BYTES, 0)
    finally:
        os.close(answer)
    try:
        told = parse(said)
    except ValueError:
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise _Died(f"loading it ended the process with {how}") from None
    return told if isinstance(told, dict) else {}


def _without_clashes(found: Sequence[OwnOperation], broken: list[BrokenPackage]) -> Discovered:
    """Leave out those of the same name, all of them, and what is too much for the heartbeat."""
    kept: list[OwnOperation] = []
    size = 0
    for operation, others in _with_namesakes(found):
        size += len(json.dumps(to_json(operation)))
        if others:
            why = f"operation {operation.name} is also in {', '.join(others)}: uninstall one of them"
            broken.append(BrokenPackage(operation.package, operation.entry, redact(why)[:WHY_MAX_CHARACTERS]))
        elif size > DECLARATIONS_MAX_BYTES:
            why = f"the declarations of all packages together take over {DECLARATIONS_MAX_BYTES:,} bytes"
            broken.append(BrokenPackage(operation.package, operation.entry, why))
        else:
            kept.append(operation)
    return Discovered(kept, broken)


def _with_namesakes(found: Sequence[OwnOperation]) -> Iterator[tuple[OwnOperation, list[str]]]:
    for operation in found:
        yield operation, [o.package for o in found if o.name == operation.name and o is not operation]
