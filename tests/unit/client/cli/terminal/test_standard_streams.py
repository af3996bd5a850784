"""Whatever the shell made of the three streams, a command ends with words and its own exit code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from jobfleet.errors import Exit

from tests.client_bench import JOBFLEET
from tests.patience import patience

_NOWHERE = "no stack is known"


def in_shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line in which `jobfleet` is the command, without any setting."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "JOBFLEET_"))}
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line.replace("jobfleet", str(JOBFLEET), 1)], cwd=folder, env=kept,
        capture_output=True, text=True, timeout=patience(60), check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("jobfleet completion bash >&-", Exit.OUTPUT, "standard output cannot be written: it is closed"),
        ("jobfleet completion bash > /dev/full", Exit.OUTPUT, "standard output cannot be written: No space"),
        ("jobfleet --help > /dev/full", Exit.OUTPUT, "standard output cannot be written: No space"),
        ("jobfleet stats - <&-", Exit.BAD_INPUT, "standard input cannot be read: it is closed"),
        ("jobfleet stats 1 --stack demo --region us-east-1 >&-", Exit.OUTPUT, "it is closed; send it"),
        ("jobfleet stats 1 2>&-", Exit.SETTINGS, ""),
        ("jobfleet stats 1 2> /dev/full", Exit.SETTINGS, ""),
        ("jobfleet completion bash <&- >&- 2>&-", Exit.OUTPUT, ""),
    ],
)  # fmt: skip
def test_a_stream_that_is_closed_or_full_is_told(line: str, code: Exit, words: str, tmp_path: Path) -> None:
    ran = in_shell(line, tmp_path)
    assert ran.returncode == code, ran
    assert len(ran.stderr.splitlines()) == bool(words)
    assert words in ran.stderr


def test_a_reader_that_has_seen_enough_is_told_nothing(tmp_path: Path) -> None:
    ran = in_shell("jobfleet completion bash | true", tmp_path)
    assert (ran.returncode, ran.stderr) in ((Exit.READER_GONE, ""), (Exit.OK, ""))
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.run(
        [JOBFLEET, "completion", "bash"],
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=patience(60),
        check=False,
    )
    os.close(writer)
    assert (process.returncode, process.stderr) == (Exit.READER_GONE, b"")


_INTERRUPTED = """
import sys
from jobfleet.cli.terminal import standard_streams
standard_streams.guard()
whole = standard_streams._all_written
def interrupted(raw, data):
    count = whole(raw, data)
    if b"second" in bytes(data):
        standard_streams._all_written = whole
        raise KeyboardInterrupt
    return count
standard_streams._all_written = interrupted
sys.stdout.write("first\\n")
sys.stdout.flush()
try:
    sys.stdout.write("second\\n")
    sys.stdout.flush()
except KeyboardInterrupt:
    sys.stdout.write("third\\n")
"""


def test_what_ctrl_c_met_on_its_way_is_not_printed_twice() -> None:
    """The interrupt is played: a real one meets these few instructions once in a hundred times."""
    ran = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED],
        capture_output=True,
        text=True,
        timeout=patience(60),
        check=False,
    )
    assert (ran.stdout, ran.stderr) == ("first\nsecond\nthird\n", "")
