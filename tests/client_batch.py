"""Runs of many images, and what they leave on the queue and on disk."""

import json
import shutil
import sqlite3
import subprocess
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from tests.client_run import JOBFLEET, environment

SQS_CALLS = ("SendMessage", "SendMessageBatch", "ReceiveMessage", "DeleteMessageBatch", "GetQueueUrl",
             "CreateQueue", "DeleteQueue", "TagQueue", "ListQueues")  # fmt: skip


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def sent_ids(stack: Any) -> Counter[str]:
    """Take all requests from the queue; count how often each id was sent."""
    ids: Counter[str] = Counter()
    while True:
        found = stack.sqs.receive_message(QueueUrl=stack.requests, MaxNumberOfMessages=10)
        if "Messages" not in found:
            return ids
        for message in found["Messages"]:
            ids[json.loads(message["Body"])["id"]] += 1
            stack.sqs.delete_message(QueueUrl=stack.requests, ReceiptHandle=message["ReceiptHandle"])


def noted_as_sent(home: Path) -> int:
    """Count what a run that is under way has written down as sent, from a copy: it has its ledger alone."""
    copy = home / "copy" / "ledger.sqlite"
    shutil.rmtree(copy.parent, ignore_errors=True)
    copy.parent.mkdir()
    for ledger in home.rglob("runs/*.sqlite"):
        shutil.copy(ledger, copy)
        with suppress(FileNotFoundError):  # not begun yet
            shutil.copy(f"{ledger}-wal", f"{copy}-wal")
    with closing(sqlite3.connect(copy)) as ledger_copy, suppress(sqlite3.DatabaseError):  # no table yet
        (count,) = ledger_copy.execute("SELECT count(*) FROM items WHERE state = 'sent'").fetchone()
        return int(count)
    return 0


def start(stack: Any, home: Path, *arguments: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [JOBFLEET, *arguments], cwd=home, env=environment(stack, home), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    stack.processes.append(process)
    return process
