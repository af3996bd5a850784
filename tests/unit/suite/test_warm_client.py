"""Commands that start without importing their libraries are as those that a shell starts."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.patience import patience
from tests.warm_client import in_text, run_client

TELL = """
import json, os, signal, sys, time
print(json.dumps({
    "words": sys.argv, "folder": os.getcwd(), "environment": dict(os.environ), "given": sys.stdin.read(),
    "name": __name__, "is_warm": "jobfleet.fleet" in sys.modules, "hours": time.localtime(0).tm_hour,
    "is_interruptible": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
    "open": sorted(map(int, os.listdir("/proc/self/fd"))), "errors": [sys.stdout.errors, sys.stderr.errors],
}))
print("said", file=sys.stderr)
sys.exit(7)
"""


def script(folder: Path, text: str) -> str:
    path = folder / "script.py"
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(0o755)
    return str(path)


def test_a_command_is_as_one_that_a_shell_starts(tmp_path: Path) -> None:
    command = [script(tmp_path, TELL), "--one", "two three"]
    environment = {**os.environ, "TZ": "Etc/GMT-3", "MINE": "ä"}
    given = "given ä".encode()
    ran = in_text(run_client(command, tmp_path, environment, given, patience(30)))
    anew = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment,
        input=given.decode(),
        capture_output=True,
        text=True,
        check=False,
    )
    seen: dict[str, Any] = json.loads(ran.stdout)
    assert (ran.returncode, ran.stderr) == (anew.returncode, anew.stderr) == (7, "said\n")
    assert seen == {**json.loads(anew.stdout), "is_warm": True}
    assert (seen["words"], seen["folder"], seen["given"]) == (command, str(tmp_path), "given ä")
    assert (seen["environment"], seen["hours"], seen["open"]) == (environment, 3, [0, 1, 2, 3])


def test_a_command_with_variables_that_python_reads_when_it_begins_is_started_anew(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    ran = run_client([script(tmp_path, TELL)], tmp_path, environment, b"", patience(30))
    assert json.loads(ran.stdout)["is_warm"] is False


def test_a_command_that_is_killed_has_its_signal_as_code(tmp_path: Path) -> None:
    command = [script(tmp_path, "import os\nos.kill(os.getpid(), 9)")]
    assert run_client(command, tmp_path, dict(os.environ), b"", patience(30)).returncode == -9


def test_a_command_that_takes_too_long_is_killed_and_its_words_are_kept(tmp_path: Path) -> None:
    text = "import signal\nprint('begun', flush=True)\nsignal.pause()"
    with pytest.raises(subprocess.TimeoutExpired) as problem:
        run_client([script(tmp_path, text)], tmp_path, dict(os.environ), b"", 1)
    assert problem.value.stdout == b"begun\n"


def test_a_million_bytes_go_in_and_come_out_at_once(tmp_path: Path) -> None:
    command = [script(tmp_path, "import sys\nsys.stdout.write(sys.stdin.read())")]
    given = b"0123456789" * 100_000
    assert run_client(command, tmp_path, dict(os.environ), given, patience(30)).stdout == given
