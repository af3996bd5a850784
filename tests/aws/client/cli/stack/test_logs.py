"""`jobfleet logs` through the installed entry point."""

import json
import signal
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jobfleet.aws.account import Account
from jobfleet.errors import Exit
from jobfleet.stack import log_lines
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.names import log_key

from tests.client_bench import Jobfleet, says_why
from tests.patience import patience


def write(
    stack: Any, worker: str, *lines: dict[str, Any] | str, age: float = 0, number: int = 0, old: bool = False
) -> None:
    """Put lines of a worker into the bucket, as it does, `age` seconds ago; as earlier ones did, if `old`."""
    at = datetime.now(UTC) - timedelta(seconds=age)
    whole = [
        line if isinstance(line, str) else json.dumps({"time": at.isoformat(), "worker": worker, **line})
        for line in lines
    ]
    key = log_key(worker, at, number or at.microsecond)
    if old:
        key = f"logs/{at:%Y/%m/%d}/{worker}-{at:%H%M%S}-{number or at.microsecond}.jsonl"
    stack.s3.put_object(Bucket=stack.bucket, Key=key, Body="\n".join([*whole, ""]).encode())


def events(text: str) -> list[str]:
    return [json.loads(line)["event"] for line in text.splitlines()]


def test_a_workers_lines_are_shown_one_line_each(jobfleet: Jobfleet, stack: Any) -> None:
    stack.worker()
    job = json.loads(jobfleet("stats", "1", "2", "--json").stdout)["id"]
    ran = jobfleet("logs")
    assert (ran.returncode, ran.stderr) == (0, "")
    (line,) = [line for line in ran.stdout.splitlines() if job in line]
    assert line[12:].startswith(f"  w1  job  {job}  stats  succeeded  ")
    found = json.loads(jobfleet("logs", "--json", "--job", job).stdout)
    assert (found["event"], found["job"], found["worker"]) == ("job", job, "w1")


@pytest.mark.parametrize("old", [(), ("2", "1", "4"), ("1",)])
def test_lines_are_sorted_by_time_over_workers_and_days(
    jobfleet: Jobfleet, stack: Any, old: tuple[str, ...]
) -> None:
    write(stack, "a", {"event": "2"}, {"event": "3"}, age=900, old="2" in old)
    write(stack, "b", {"event": "1"}, age=90_000, old="1" in old)
    write(stack, "a-b", {"event": "4"}, age=300, old="4" in old)
    write(stack, "a", {"event": "5"}, age=0)
    assert events(jobfleet("logs", "--json", "--since", "2d").stdout) == ["1", "2", "3", "4", "5"]
    assert events(jobfleet("logs", "--json").stdout) == ["2", "3", "4", "5"]
    assert events(jobfleet("logs", "--json", "--since", "10min").stdout) == ["4", "5"]
    assert events(jobfleet("logs", "--json", "--worker", "a", "--since", "2d").stdout) == ["2", "3", "5"]
    ran = jobfleet("logs", "--json", "--lines", "2")
    assert events(ran.stdout) == ["4", "5"]
    assert "the last 2 of 4 lines" in ran.stderr


def test_the_lines_of_a_job_are_found_from_when_it_was_sent(jobfleet: Jobfleet, stack: Any) -> None:
    job = new_job_id((datetime.now(UTC) - timedelta(days=2)).timestamp())
    write(
        stack,
        "a",
        {"event": "attempt-broken", "job": job},
        {"event": "job", "job": new_job_id()},
        age=172_790,
    )
    write(stack, "b", {"event": "job", "job": job, "outcome": "succeeded"}, age=172_700)
    assert events(jobfleet("logs", "--json", "--job", job).stdout) == ["attempt-broken", "job"]
    assert jobfleet("logs", "--json", "--job", job, "--since", "1d").stdout == ""
    says_why(jobfleet("logs", "--job", "x"), Exit.BAD_INPUT, "'x' is no job id", "0190b3a0-")


def test_what_others_wrote_moves_no_cursor_and_half_lines_are_passed_over(
    jobfleet: Jobfleet, stack: Any
) -> None:
    write(stack, "a", '{"time": "202', "[]", '{"event": "no time"}', {"event": "job", "head": "\x1b[2J\nx"})
    (line,) = jobfleet("logs").stdout.splitlines()
    assert line.endswith("  a  job  head=\\x1b[2J\\nx")


def test_of_more_than_is_read_at_once_the_newest_is_found_and_it_is_said(
    account: Account, stack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_lines, "OBJECTS_MAX", 3)
    start = datetime.now(UTC) - timedelta(minutes=20)
    for number in range(5):
        write(stack, "a", {"event": str(number), "job": "j"}, age=1_000 - number, number=number + 1)
    found = log_lines.LogLines(account).find(log_lines.LogQuery(start))
    assert ([line.fields["event"] for line in found.lines], found.whole) == (["2", "3", "4"], False)
    found = log_lines.LogLines(account).find(log_lines.LogQuery(start, job="j"))
    assert ([line.fields["event"] for line in found.lines], found.whole) == (["0", "1", "2"], False)
    assert sum(call.startswith("GET logs/") for call in stack.front.calls) == 6


@pytest.mark.parametrize("as_json", [True, False])
def test_following_shows_what_is_new_until_ctrl_c(jobfleet: Jobfleet, stack: Any, as_json: bool) -> None:
    write(stack, "a", {"event": "before"})
    write(stack, "a", {"event": "other", "job": "x"}, number=5)
    process = jobfleet.start("logs", "--follow", "--interval", "1", *(["--json"] if as_json else []))
    assert process.stdout is not None
    assert "before" in process.stdout.readline() + process.stdout.readline()
    write(stack, "a", {"event": "after"})
    assert "after" in process.stdout.readline()
    # A worker that the client has not met, and lines that were uploaded late.
    write(stack, "a", {"event": "uploaded-late"}, age=60)
    assert "uploaded-late" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=patience(120))
    assert (process.returncode, out, said) == (0, "", "")


def test_following_makes_few_calls_and_reads_nothing_twice(jobfleet: Jobfleet, stack: Any) -> None:
    for worker in "abcde":
        write(stack, worker, {"event": "1"})
    process = jobfleet.start("logs", "-f", "--interval", "1")
    assert process.stdout is not None
    process.stdout.readline()
    start = len(stack.front.calls)
    stack.until(lambda: len(stack.front.calls) >= start + 4)
    calls = stack.front.calls[start:]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=patience(120))
    assert not any("logs/" in call for call in calls)
    assert sum(call == "GET " for call in calls) == len(calls)


def test_whoever_has_read_enough_may_hang_up(jobfleet: Jobfleet, stack: Any) -> None:
    write(stack, "a", *({"event": "x" * 1000} for _ in range(500)))
    process = jobfleet.start("logs", "--lines", "500")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(patience(30)) == Exit.READER_GONE
    assert process.stderr.read() == ""


def test_no_lines_at_all(jobfleet: Jobfleet, stack: Any) -> None:
    ran = jobfleet("logs", "--since", "10min")
    assert (ran.returncode, ran.stdout) == (0, "")
    assert "look further back with --since" in ran.stderr
    assert jobfleet("logs", "--since", "soon").returncode == Exit.USAGE
