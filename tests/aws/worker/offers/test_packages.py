"""Operations of packages in real workers: done in a process with limits; a broken one harms nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.packages import WORD_COUNT, install
from tests.patience import patience

HANGS = """
import time
time.sleep(300)
"""

HARMS = """
import os, time
from jobfleet_jobs import Text, operation

@operation("die", takes="file", summary="Dies.")
def die(data):
    os._exit(0)

@operation("stumble", takes="file", summary="Stumbles.")
def stumble(data):
    class Mine(Exception):
        pass
    raise Mine("stumbled")

@operation("match", takes="file", summary="Matches.", parameters=[
    Text("word", "Letters.", pattern="a+", what="letters")])
def match(data, *, word="a"):
    import re
    return {"found": bool(re.fullmatch("(a+)+b", word))}
"""


def sign(stack: Any, worker: str = "w1") -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(stack.object(f"workers/{worker}.json"))
    except stack.s3.exceptions.NoSuchKey:
        return {}
    return found


@pytest.fixture
def packages(stack: Any) -> Path:
    return Path(stack.folder) / "packages"


def test_a_package_is_an_operation_and_a_broken_one_is_told(stack: Any, packages: Path) -> None:
    install(packages, "words", WORD_COUNT, "it = words:word_count")
    install(packages, "broken", "1 / 0", "it = broken:thing")
    stack.worker(PYTHONPATH=str(packages))
    stack.send(stack.request("word-count", b"a b a", parameters={"top": 1}))
    stack.until(lambda: stack.waiting(stack.replies))
    answer = stack.answer()
    assert (answer.status, answer.result) == ("succeeded", {"words": 3, "top": [["a", 2]]})
    assert "wait" in answer.timings  # it was done in a process
    stack.until(lambda: sign(stack))
    said = sign(stack)
    assert "word-count" in said["operations"]
    assert [(one["name"], one["package"]) for one in said["own"]] == [("word-count", "words 1.0")]
    assert [(one["package"], one["why"]) for one in said["broken"]] == [
        ("broken 1.0", "it cannot be loaded: ZeroDivisionError: division by zero")
    ]
    # A text stands in the request, and its sender's mistakes are told.
    stack.send(stack.request("word-count", "one two", parameters={"top": 101}))
    stack.until(lambda: stack.waiting(stack.replies))
    answer = stack.answer()
    assert answer.error is not None
    assert (answer.error.code, answer.error.message) == (
        "bad-parameter", "parameter top=101: give a whole number from 0 to 100",
    )  # fmt: skip


def test_a_package_that_hangs_when_loaded_delays_a_start_and_no_more(stack: Any, packages: Path) -> None:
    install(packages, "hangs", HANGS, "it = hangs:thing")
    install(packages, "words", WORD_COUNT, "it = words:word_count")
    stack.worker(PYTHONPATH=str(packages))
    stack.send(stack.request())
    stack.send(stack.request("word-count", b"a"))
    stack.until(lambda: stack.waiting(stack.replies) == 2, 90)
    stack.until(lambda: sign(stack))
    assert sign(stack)["broken"][0]["why"] == "loading it took longer than 20 s"


def test_an_operation_that_does_harm_is_a_broken_attempt_of_its_job_alone(stack: Any, packages: Path) -> None:
    names = ("die", "stumble", "match")
    install(packages, "harms", HARMS, *(f"{name} = harms:{name}" for name in names))
    settings = stack.settings_file(job_time_limit=10)
    worker = stack.worker("--config", str(settings), PYTHONPATH=str(packages))
    jobs = {name: stack.request(name, b"x") for name in ("die", "stumble")}
    # A pattern of the operation's own that takes for ever.
    jobs["match"] = stack.request("match", b"x", parameters={"word": "a" * 60})
    for job in jobs.values():
        stack.send(job)

    def broke(name: str) -> str:
        try:
            return str(json.loads(stack.object(f"results/{jobs[name].id}.json"))["attempts"][0]["cause"])
        except stack.s3.exceptions.NoSuchKey:
            return ""

    stack.until(lambda: all(broke(name) for name in jobs), 60)
    assert "died with exit code 0" in broke("die")
    assert "stumble (harms 1.0) raised Mine: stumbled" in broke("stumble")
    assert "took longer than 10 s" in broke("match")
    stack.send(stack.request())
    stack.until(lambda: stack.waiting(stack.replies))
    assert stack.answer().status == "succeeded"
    worker.terminate()
    out, _ = worker.communicate(timeout=patience(60))
    traces = {
        line["job"]: line.get("trace", "")
        for line in map(json.loads, out.splitlines())
        if line["event"] == "attempt-broken"
    }
    # Where in the package it was raised; of what hung or died, the words say all there is.
    assert 'raise Mine("stumbled")' in traces[jobs["stumble"].id]
    assert traces[jobs["die"].id] == traces[jobs["match"].id] == ""
