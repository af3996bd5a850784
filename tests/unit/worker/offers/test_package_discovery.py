"""Packages bring operations; one that does harm when it is loaded is told of, and harms nothing."""

import sys
from pathlib import Path

import pytest
from jobfleet_jobs.operations.declaration_json import to_json
from jobfleet_jobs.operations.parameters import Whole
from jobfleet_worker.offers import package_discovery
from jobfleet_worker.offers.package_discovery import Discovered, discover
from jobfleet_worker.settings import WorkerSettings, from_mapping

from tests.packages import WORD_COUNT, install
from tests.patience import wait_for

NAMES = ("stack", "region", "bucket", "request_queue", "response_queue", "dead_letter_queue")
MEBIBYTES = 1024**2


@pytest.fixture
def settings() -> WorkerSettings:
    return from_mapping({**dict.fromkeys(NAMES, "st"), "job_memory_limit": 512 * MEBIBYTES})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where packages are found, here and in the processes that load them."""
    folder = tmp_path / "packages"
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


def why(found: Discovered, package: str) -> str:
    (words,) = [broken.why for broken in found.broken if broken.package == f"{package} 1.0"]
    return words


def test_a_package_brings_its_operation_and_is_not_loaded_here(
    folder: Path, settings: WorkerSettings
) -> None:
    install(folder, "words", WORD_COUNT, "any-name = words:word_count")
    found = discover(settings)
    (operation,) = found.operations
    assert (operation.name, operation.takes, operation.gives) == ("word-count", "file", "answer")
    assert operation.parameters == (
        Whole("top", "List so many of the most frequent.", 2, minimum=0, maximum=100),
    )
    assert (operation.package, operation.entry) == ("words 1.0", "words:word_count")
    assert found.broken == []
    assert "words" not in sys.modules


def lives(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


HARM = {
    "raises": ("raise RuntimeError('no luck')", "it cannot be loaded: RuntimeError: no luck"),
    "lacks": ("import there_is_no_such_module", "ModuleNotFoundError"),
    "quits": ("import os; os._exit(0)", "ended the process with exit code 0"),
    "leaves": ("import sys; sys.exit(4)", "it cannot be loaded: SystemExit: 4"),
    "crashes": ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "signal 11"),
    "swells": ("hoard = [bytearray(64 << 20) for _ in range(99)]", "MemoryError"),
    "other": ("thing = len", "not what jobfleet_jobs.operation makes"),
    "nothing": ("", "AttributeError"),
    "misdeclared": (WORD_COUNT.replace('"word-count"', '"Word Count"'), "a name is up to 50 small letters"),
    "taken": (WORD_COUNT.replace('"word-count"', '"stats"'), "this name is jobfleet's own"),
    "unfit": (WORD_COUNT.replace("top: int)", "number: int)"), "its function cannot be called"),
}  # fmt: skip


def test_what_does_harm_is_told_and_the_rest_is_there(folder: Path, settings: WorkerSettings) -> None:
    for name, (code, _) in HARM.items():
        install(folder, name, code, f"it = {name}:thing")
    install(folder, "words", WORD_COUNT, "it = words:word_count")
    found = discover(settings)
    assert [operation.name for operation in found.operations] == ["word-count"]
    assert {name: words for name, (_, words) in HARM.items() if words not in why(found, name)} == {}
    assert len(found.broken) == len(HARM)


def test_one_that_hangs_is_ended_with_all_it_started(
    folder: Path, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open({str(tmp_path / "pid")!r}, "w").write(str(child.pid))
time.sleep(60)
"""
    install(folder, "hangs", code, "it = hangs:thing")
    monkeypatch.setattr(package_discovery, "LOAD_SECONDS", 3)
    found = discover(settings)
    assert why(found, "hangs") == "loading it took longer than 3 s"
    if (tmp_path / "pid").exists():  # it came so far in its time
        pid = (tmp_path / "pid").read_text()
        wait_for(lambda: not lives(pid), 20, "what it started lives on")


def test_two_of_the_same_name_are_both_refused(folder: Path, settings: WorkerSettings) -> None:
    install(folder, "first", WORD_COUNT, "it = first:word_count")
    install(folder, "second", WORD_COUNT, "it = second:word_count")
    found = discover(settings)
    assert found.operations == []
    assert why(found, "first") == "operation word-count is also in second 1.0: uninstall one of them"
    assert "first 1.0" in why(found, "second")


def test_declarations_have_a_bound_together(
    folder: Path, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(folder, "words", WORD_COUNT, "it = words:word_count")
    (operation,) = discover(settings).operations
    assert to_json(operation)["package"] == "words 1.0"
    monkeypatch.setattr(package_discovery, "DECLARATIONS_MAX_BYTES", 100)
    assert "over 100 bytes" in why(discover(settings), "words")
