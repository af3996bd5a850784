"""The installed command itself: options, settings, help, Ctrl-C."""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

from jobfleet.errors import Exit

from tests.client_run import JOBFLEET, Run, fails
from tests.patience import patience


def test_options_may_stand_before_and_after_the_command(run: Run, worker: Any) -> None:
    for ran in (run("--json", "stats", "5"), run("stats", "5", "--json"), run("stats", "--json", "5")):
        assert json.loads(ran.stdout)["result"]["mean"] == 5


def test_the_stack_is_found_in_the_variables_file(run: Run, worker: Any, stack: Any, photo: Path) -> None:
    file = photo.parent / "inventory/group_vars/all.yml"
    file.parent.mkdir(parents=True)
    file.write_text(f"stack_name: {stack.name}\naws_region: us-east-1\nsecret: !vault x\n")
    nothing = {"JOBFLEET_STACK": "", "JOBFLEET_REGION": ""}
    assert run("stats", "1", **nothing).returncode == 0
    elsewhere = file.rename(photo.parent / "copy.yml")
    assert run("stats", "1", "--vars", "copy.yml", **nothing).returncode == 0
    assert run("stats", "1", **nothing, JOBFLEET_VARS=str(elsewhere)).returncode == 0
    fails(
        run("stats", "1", **nothing),
        Exit.SETTINGS,
        "no stack is known",
        "--stack",
        "JOBFLEET_STACK",
        "--vars",
    )


def test_the_help_imports_nothing_that_takes_its_time(run: Run) -> None:
    ran = run("--help", PYTHONPROFILEIMPORTTIME="1")
    assert ran.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    assert "jobfleet.cli.commands.send.images" in imported
    heavy = {"boto3", "botocore", "s3transfer", "rich", "yaml", "sqlite3", "asyncio", "importlib.metadata"}
    assert imported & heavy == set()


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").stdout.startswith("jobfleet, version ")


def test_ctrl_c_as_soon_as_the_job_is_out_says_which_goes_on(stack: Any, tmp_path: Path) -> None:
    sent = tmp_path / "jobfleet" / stack.bucket / "sent.jsonl"
    sent.parent.mkdir(parents=True)
    os.mkfifo(sent)  # whoever opens it to write is held up until somebody reads
    process = subprocess.Popen(
        [JOBFLEET, "--stack", stack.name, "--region", "us-east-1", "stats", "1"],
        env=stack.environment | {"XDG_STATE_HOME": str(tmp_path)}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    stack.until(lambda: "ReceiveMessage" in stack.front.calls)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=patience(120))
    assert process.returncode == Exit.INTERRUPTED
    [message] = stack.sqs.receive_message(QueueUrl=stack.requests)["Messages"]
    assert f"`jobfleet result {json.loads(message['Body'])['id']}`" in said
    assert " sent\n" not in said  # it came before that


def test_ctrl_c_is_told_in_a_word(stack: Any, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [JOBFLEET, "--stack", stack.name, "--region", "us-east-1", "stats", "1"], env=stack.environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    stack.until(lambda: "ReceiveMessage" in stack.front.calls)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=patience(120))
    assert (process.returncode, out) == (Exit.INTERRUPTED, "")
    assert "goes on without you" in said
    assert said.endswith("jobfleet: interrupted\n")
    # The reply queue is gone all the same.
    assert stack.sqs.list_queues(QueueNamePrefix=stack.names.replies_prefix)["QueueUrls"] == [stack.replies]
