"""Files of numbers larger than memory: checked in pieces, uploaded in parts, never held as a whole."""

import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jobfleet.errors import Exit
from jobfleet.sending.prepare import numbers_text, prepare
from jobfleet_jobs.protocol.message import LARGE_BYTES

from tests.client_run import JOBFLEET, Run, environment
from tests.patience import wait_for

# Of which 60 MB are the client itself, and 100 parts on their way. Text and numbers would take 600.
PEAK_KIB = 280_000


@pytest.fixture
def large(home: Path) -> Path:
    """Some more numbers than stay in memory: 1.25 and 2.5 in turn."""
    path = home / "large.txt"
    path.write_bytes(b"1.25\n2.50\n" * (LARGE_BYTES // 10 + 1))
    return path


def test_a_large_file_of_numbers_goes_to_the_bucket_and_its_answer_comes_back(
    run: Run, stack: Any, worker: Any, large: Path
) -> None:
    count = large.stat().st_size // 5
    for arguments, given in ((["--file", large.name], b""), (["-"], large.read_bytes())):
        ran = run("stats", *arguments, "--more", "--json", "--timeout", "100", stdin=given, text=False)
        assert ran.returncode == 0, ran.stderr
        found = json.loads(ran.stdout)["result"]
        assert (found["count"], found["mean"], found["median"], found["mode"]) == (count, 1.875, 1.875, 1.25)
    assert any(call.startswith("POST uploads/") for call in stack.front.calls), "not sent in parts"


def test_a_large_file_takes_little_memory_to_check_and_to_send(stack: Any, home: Path) -> None:
    path = home / "larger.txt"
    path.write_bytes(b"1.25\n2.50\n" * (3 * LARGE_BYTES // 10))
    command = [JOBFLEET, "stats", "--file", path.name, "--timeout", "0.5"]
    peak = 0
    with subprocess.Popen(
        command, cwd=home, env=environment(stack, home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as client:

        def ended() -> bool:
            nonlocal peak
            status = Path(f"/proc/{client.pid}/status").read_text()
            peak = max(peak, int((status.partition("VmHWM:")[2].split() or ["0"])[0]))
            return client.poll() is not None

        wait_for(ended, 60)
    assert client.returncode == Exit.NO_ANSWER
    assert stack.waiting(stack.requests) == 1
    assert 20_000 < peak < PEAK_KIB


def test_a_bad_value_in_a_large_file_is_told_before_anything_is_sent(
    run: Run, stack: Any, large: Path
) -> None:
    with large.open("a") as file:
        file.write("three\n")
    line = large.read_bytes().count(b"\n")
    ran = run("stats", "--file", large.name)
    assert ran.returncode == Exit.BAD_INPUT
    assert f"line {line}: 'three' is not a number" in ran.stderr
    assert not [call for call in stack.front.calls if "uploads/" in call]


@pytest.mark.parametrize(("limit", "sent"), [({"max_stream_bytes": 2**30}, True), ({}, False)])
def test_the_limit_that_counts_is_that_of_streams_where_the_workers_know_it(
    run: Run, stack: Any, large: Path, limit: dict[str, int], sent: bool
) -> None:
    body = json.dumps({"version": "1", "limits": {"max_input_bytes": 1000, **limit}}).encode()
    stack.s3.put_object(Bucket=stack.bucket, Key="config/stack.json", Body=body)
    ran = run("stats", "--file", large.name, "--timeout", "0.1")
    assert ran.returncode == (Exit.NO_ANSWER if sent else Exit.BAD_INPUT)
    assert bool([call for call in stack.front.calls if "uploads/" in call]) is sent


def test_a_large_file_stays_a_file_and_a_large_table_is_checked_in_it(large: Path) -> None:
    assert numbers_text(large) == large
    assert prepare("stats", large).upload_name == "large.txt"
    with large.open("rb") as file:
        assert prepare("stats", file).source is file
        assert file.tell() == 0
    assert prepare("stats", io.BytesIO(large.read_bytes())).upload_name == "numbers.txt"
    table = large.with_name("large.csv")
    table.write_bytes(b"a,b\n" + b"1,22222\n" * (LARGE_BYTES // 8))
    assert prepare("stats", table, parameters={"columns": "b"}).source == table
