"""Sending without waiting, and coming back for the results later."""

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

from jobfleet.errors import Exit
from jobfleet_jobs.protocol.ids import is_job_id, new_job_id

from tests.client_run import JOBFLEET, Run, environment, fails, picture
from tests.patience import patience


def test_ids_are_printed_at_once_and_results_fetched_later(run: Run, stack: Any, photo: Path) -> None:
    picture(photo.parent / "more" / "one.png", 1)
    picture(photo.parent / "more" / "two.png", 2)
    numbers = run("submit", "stats", "1", "2", "-3").stdout.split()
    images = run("submit", "threshold", "more", "photo.png", "--level", "9").stdout.split()
    assert [len(numbers), len(images)] == [1, 3]
    assert all(map(is_job_id, [*numbers, *images]))
    assert not [call for call in stack.front.calls if call == "CreateQueue"]
    fails(run("result", numbers[0]), Exit.NO_ANSWER, "not done yet")
    missing = run("result", *images)
    assert missing.returncode == Exit.NO_ANSWER
    assert "3 of 3 jobs have no result" in missing.stderr

    stack.worker()
    ran = run("wait", *numbers, *images, "--timeout", "60")
    assert ran.returncode == 0, ran.stderr
    assert {line.split()[0] for line in ran.stdout.splitlines()} == {*numbers, *images}
    assert "mean 0" in ran.stdout
    (photo.parent / "out").mkdir()
    ran = run("result", *images, "-o", "out", "--json")
    assert [json.loads(line)["id"] for line in ran.stdout.splitlines()] == images
    assert {path.name for path in (photo.parent / "out").iterdir()} == {"one.png", "two.png", "photo.png"}
    fails(run("result", *images, "-o", "nowhere"), Exit.OUTPUT, "nowhere is no folder")
    assert run("result", images[0], "-o", "-", text=False).stdout.startswith(b"\x89PNG")


def test_jobs_from_a_file_are_sent_ten_a_call(run: Run, stack: Any, photo: Path) -> None:
    lines = [{"operation": "stats", "numbers": [n, n + 1]} for n in range(25)]
    lines.append({"operation": "stats", "numbers": "1 2, 3"})
    lines.append(
        {"operation": "threshold", "file": "photo.png", "parameters": {"level": 9}, "name": "n/t.png"}
    )
    (photo.parent / "jobs.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n\n")
    ran = run("submit", "--from", "jobs.jsonl", "--json")
    assert ran.returncode == 0, ran.stderr
    said = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(said) == 27
    assert said[-1]["input"] == "photo.png"
    assert stack.front.calls.count("SendMessageBatch") == 3
    stack.worker()
    ids = [each["id"] for each in said]
    ran = run("wait", *ids, "--json", "--timeout", "60")
    found = {json.loads(line)["id"]: json.loads(line) for line in ran.stdout.splitlines()}
    assert [found[job_id]["result"]["mean"] for job_id in ids[:25]] == [n + 0.5 for n in range(25)]
    assert found[ids[26]]["output"]["key"] == "outputs/n/t.png"
    assert len(run("submit", "--from", "-", stdin=json.dumps(lines[0])).stdout.split()) == 1


def test_every_bad_line_is_told_and_nothing_is_sent(run: Run, stack: Any, home: Path) -> None:
    lines = [
        '{"operation": "stats", "numbers": [1]}',
        "{",
        "[1]",
        '{"operation": "rot13", "numbers": [1]}',
        '{"operation": "stats", "numbers": ["x"]}',
        '{"operation": "stats", "numbers": "1 x"}',
        '{"operation": "stats", "numbers": [1], "level": 3}',
        '{"operation": "stats", "numbers": [1], "file": "x"}',
        '{"operation": "threshold", "file": "nothing.png", "parameters": {"level": 9}}',
        '{"operation": "threshold", "file": "jobs.jsonl", "parameters": {"level": 900}}',
        '{"numbers": [1]}',
        '{"operation": "stats", "numbers": [true]}',
    ]
    (home / "jobs.jsonl").write_text("\n".join(lines))
    ran = run("submit", "--from", "jobs.jsonl")
    assert (ran.returncode, ran.stdout) == (Exit.BAD_INPUT, "")
    told = {int(line.split(": ")[1].removeprefix("line ")) for line in ran.stderr.splitlines()[1:]}
    assert told == set(range(2, 13))
    for words in (
        "this is no JSON", "operation 'rot13' is unknown", "'x' is not a number", "no field 'level'",
        "there is no file nothing.png", "level=900", "'operation' is missing",
    ):  # fmt: skip
        assert words in ran.stderr
    assert stack.front.calls == []


def test_commands_that_cannot_be_understood(run: Run, home: Path, stack: Any) -> None:
    for arguments in ((), ("stats",), ("stats", "1", "--from", "x"), ("stats", "--flie", "1"), ("--from",)):
        assert run("submit", *arguments).returncode == Exit.USAGE, arguments
    fails(run("submit", "stats", "1", "--level", "3"), Exit.BAD_INPUT, "stats has no parameter 'level'")
    fails(run("submit", "rot13", "1"), Exit.BAD_INPUT, "operation 'rot13' is unknown")
    fails(run("submit", "stats", "1", "x"), Exit.BAD_INPUT, "'x' is not a number")
    fails(run("submit", "greyscale", "nothing.png"), Exit.BAD_INPUT, "there is no file nothing.png")
    fails(run("wait", "x"), Exit.BAD_INPUT, "is no job id")
    fails(run("submit", "--from", "nothing"), Exit.BAD_INPUT, "there is no file nothing")
    (home / "jobs.jsonl").write_text('{"operation": "stats", "numbers": [1, "two"]}')
    ran = run("submit", "--from", "jobs.jsonl")
    assert "jobs.jsonl: line 1: 'numbers' has \"two\", which is no number" in ran.stderr
    assert stack.front.calls == []


def test_waiting_ends_in_time_and_says_who_is_left(run: Run, stack: Any, worker: Any) -> None:
    done = run("submit", "stats", "4").stdout.strip()
    assert run("wait", done).returncode == 0
    never = new_job_id()
    ran = run("wait", done, never, "--timeout", "4")
    assert ran.returncode == Exit.NO_ANSWER
    assert [line.split()[0] for line in ran.stdout.splitlines()] == [done]
    assert "1 of 2 jobs had no answer within 4 s" in ran.stderr
    assert never in ran.stderr


def test_a_failed_job_among_those_waited_for_tells_by_the_exit_code(
    run: Run, worker: Any, photo: Path
) -> None:
    (photo.parent / "words.png").write_text("just words")
    ids = run("submit", "greyscale", "photo.png", "words.png").stdout.split()
    ran = run("wait", *ids, "--timeout", "60")
    assert ran.returncode == Exit.JOB_FAILED
    assert "failed: " in ran.stdout
    assert len(ran.stdout.splitlines()) == 2
    ran = run("result", *ids)
    assert ran.returncode == Exit.JOB_FAILED
    assert len(ran.stdout.splitlines()) == 2


def test_a_credential_that_may_only_read_fetches_results_and_is_told_why_it_cannot_send(
    run: Run, stack: Any, worker: Any, photo: Path
) -> None:
    job = run("submit", "greyscale", "photo.png").stdout.strip()
    assert run("wait", job, "--timeout", "60").returncode == 0
    writes = {"CreateQueue", "SendMessage", "SendMessageBatch", "DeleteQueue", "TagQueue", "ReceiveMessage"}
    stack.front.forbids = lambda call: call in writes or call.startswith("PUT")
    ran = run("result", job, "-o", "out.png")
    assert ran.returncode == 0, ran.stderr
    assert (photo.parent / "out.png").exists()
    assert run("wait", job).returncode == 0
    fails(run("stats", "1"), Exit.NOT_ALLOWED, "the credentials do not allow SendMessage")
    ran = run("submit", "stats", "1")
    assert ran.returncode == Exit.NOT_ALLOWED
    assert "do not allow SendMessage" in ran.stderr
    ran = run("greyscale", "photo.png", "-o", "x.png")
    assert ran.returncode == Exit.NOT_ALLOWED
    assert "do not allow PutObject" in ran.stderr


def test_ctrl_c_while_waiting_says_how_to_go_on(stack: Any, home: Path) -> None:
    job = new_job_id()
    process = subprocess.Popen(
        [JOBFLEET, "wait", job], cwd=home, env=environment(stack, home),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    stack.processes.append(process)
    stack.until(lambda: any(job in call for call in stack.front.calls))
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=patience(120))
    assert (process.returncode, out) == (Exit.INTERRUPTED, "")
    assert f"jobfleet wait {job}" in said
