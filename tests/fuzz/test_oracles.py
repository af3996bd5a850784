"""What must hold is looked at: a fault that is planted is found, by the runner and by each target."""

import dataclasses
import os
import random
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from jobfleet_jobs.credentials import redaction
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.message import Request, Result
from jobfleet_worker.job.attempt import Attempts
from jobfleet_worker.operations.outcome import Outcome

from tests.fuzz.documents import target as documents
from tests.fuzz.images import target as images
from tests.fuzz.images.corpus import MARK, files
from tests.fuzz.messages import target as messages
from tests.fuzz.messages.bodies import Case as Message
from tests.fuzz.numbers import target as numbers
from tests.fuzz.planted import FAULTY
from tests.fuzz.run import Child, report, run
from tests.fuzz.sentences import check_refusal, secret
from tests.fuzz.target import Find
from tests.patience import patience, wait_for


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("DIES", "its process died: signal SIGSEGV"),
        ("ENDS", "its process died: exit code 0"),
        ("SPINS", "signal SIGPROF, it took too much CPU time"),
        ("SWELLS", "MemoryError"),
        ("WARNS", "UserWarning: a planted one"),
        ("RAISES", "KeyError: 'nothing'"),
        ("IS_WRONG", "Find: it does not hold"),
    ],
)
def test_a_case_that_breaks_what_must_hold_is_found_with_its_seed_and_the_next_goes_on(
    fault: str, words: str
) -> None:
    heard: list[int] = []

    outcome = run(f"tests.fuzz.planted:{fault}", range(6), lambda find: heard.append(find.seed))

    assert [find.seed for find in outcome.finds] == heard == [FAULTY]
    assert words in outcome.finds[0].what
    assert outcome.words == {"well": 5}
    assert f"python -m tests.fuzz planted {FAULTY}" in "\n".join(report(outcome))


def test_a_process_that_hangs_says_where_and_leaves_no_process_and_no_file() -> None:
    child = Child("tests.fuzz.planted:HANGS", clock=2)
    files = child.files

    assert child.check(FAULTY) is None
    assert list(files.iterdir()) != []
    how, said = child.end()

    assert how == "signal SIGABRT, it hung"
    assert "in _hang" in said
    assert not files.exists()
    # Those that have ended may still be listed a moment.
    wait_for(lambda: not in_group(child.id), 10)


def in_group(group: int) -> list[str]:
    """Return the processes of a group that have not ended, as the kernel tells them."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            told = (process / "stat").read_text().rpartition(") ")[2].split()
            if int(told[2]) == group and told[0] != "Z":
                found.append(process.name)
    return found


def test_a_process_that_dies_between_two_cases_is_told_with_the_next_one() -> None:
    child = Child("tests.fuzz.planted:SAME")
    assert child.check(1)
    os.kill(child.id, signal.SIGKILL)
    assert child.has_ended(patience(30))

    assert child.check(2) is None
    assert child.end()[0] == "signal SIGKILL"


def test_a_seed_makes_the_same_case_in_every_process() -> None:
    assert run("tests.fuzz.planted:SAME", [7, 8]).words == run("tests.fuzz.planted:SAME", [8, 7]).words


HIDDEN = secret(random.Random(1))  # noqa: S311 - the same each time


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("Bad Job", "A sentence."),
        ("", "A sentence."),
        ("bad-job", " "),
        ("bad-job", "\x1b[31mred"),
        ("bad-job", "x" * 700),
        ("bad-job", "a\n" * 40),
        ("bad-job", "a\n" + "x" * 300),
        ("bad-job", f"a {HIDDEN[:25]}"),
        ("bad-job", "half a pair \ud800"),
    ],
)
def test_a_refusal_that_nobody_should_be_shown_is_found(code: str, message: str) -> None:
    with pytest.raises(Find):
        check_refusal(BadJob(code, message), (HIDDEN,))


# -- images ------------------------------------------------------------------------------------------


def _image(operation: str, **parameters: Any) -> images.Case:
    marked = next(data for data in files()["JPEG"] if MARK in data)
    return images.Case(marked, "JPEG", True, operation, parameters, "outputs/x.jpg")


def _with(**facts: Any) -> Callable[[Outcome], Outcome]:
    return lambda outcome: dataclasses.replace(outcome, result={**outcome.result, **facts})


def _counted(outcome: Outcome, times: list[int] = []) -> Outcome:  # noqa: B006 - it counts
    times.append(0)
    return dataclasses.replace(outcome, result={**outcome.result, "times": len(times)})


IMAGE_FAULTS: Mapping[str, tuple[images.Case, Callable[[Outcome], Outcome]]] = {
    "two outcomes of one input": (_image("blur"), _counted),
    "the facts say": (_image("blur"), _with(width=7)),
    "the file is JPEG": (_image("blur"), _with(format="PNG")),
    "frames": (_image("blur"), _with(frames=2)),
    "Out of range float": (_image("blur"), _with(mean=float("nan"))),
    "metadata is left": (
        _image("strip"),
        lambda outcome: dataclasses.replace(outcome, data=files()["JPEG"][-1][:0] + _image("strip").data),
    ),
    "cannot identify": (_image("blur"), lambda outcome: dataclasses.replace(outcome, data=b"none")),
}


@pytest.mark.parametrize("words", IMAGE_FAULTS)
def test_a_fault_of_an_operation_on_images_is_found(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case, plant = IMAGE_FAULTS[words]
    assert images.check(case).startswith("done")
    true = images.run
    monkeypatch.setattr(images, "run", lambda *given: plant(true(*given)))

    with pytest.raises(Exception, match=words):
        images.check(case)


# -- numbers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "plant", "data"),
    [
        ("on_stream", lambda found: {**found, "count": 4}, b"1 2 3"),
        ("on_numbers", lambda found: {**found, "notes": ["\x1b[31m"]}, b"1 2 3"),
        ("read_text", lambda found: (found[0][:-1], found[1]), b"1 2 3"),
    ],
)
def test_a_fault_of_reading_numbers_is_found(
    name: str, plant: Callable[[Any], Any], data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = numbers.Case(data, {}, 2, (1, 2, 3))
    assert numbers.check(case) == "numbers"
    true = getattr(numbers, name)
    monkeypatch.setattr(numbers, name, lambda *given: plant(true(*given)))

    with pytest.raises(Find):
        numbers.check(case)


@pytest.mark.parametrize("known", [(1, 2, 4), (1, 2), (0, 2, 3)])
def test_numbers_other_than_those_of_the_model_are_found(known: tuple[int, ...]) -> None:
    with pytest.raises(Find):
        numbers.check(numbers.Case(b"1 2 3", {"more": True}, 2, known))


def test_a_refusal_that_does_not_name_the_line_is_found() -> None:
    assert numbers.check(numbers.Case(b"1\nx", {}, 2, None, 2)) == "bad-number"
    with pytest.raises(Find, match="line 1 is not named"):
        numbers.check(numbers.Case(b"1\nx", {}, 2, None, 1))


# -- documents ---------------------------------------------------------------------------------------


def test_a_result_that_is_not_what_its_fields_say_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = documents.SAMPLES["result"](random.Random(1))  # noqa: S311 - the same each time
    assert documents.check(documents.Case("result", whole)) == "result: read"
    true = Result.from_json
    for planted in (
        {"id": []},
        {"status": "done"},
        {"attempt": "1"},
        {"timings": {"input": float("inf")}},
        {"result": [1]},
    ):
        monkeypatch.setattr(
            Result, "from_json", lambda body, planted=planted: dataclasses.replace(true(body), **planted)
        )
        with pytest.raises((Find, TypeError, AttributeError)):
            documents.check(documents.Case("result", whole))


def test_a_reader_that_raises_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    case = documents.Case("log", "[" * 100_000)
    assert documents.check(case) == "log: none"
    monkeypatch.setattr(documents.log_lines, "parse", sys.modules["json"].loads)

    with pytest.raises(RecursionError):
        documents.check(case)


# -- messages ----------------------------------------------------------------------------------------


@pytest.fixture
def worker() -> Iterator[None]:
    """End the worker of a test's messages, whatever became of it."""
    yield
    messages.stop()


STATS = Message(
    '{"version": 1, "id": "0190b3a0-5d3c-7000-8000-000000000000", "operation": "stats", '
    '"input": {"inline": "1 2"}, "submitted_at": "x"}'
)


def _fails(*_: Any, **__: Any) -> Any:
    raise ValueError("planted")


def test_a_message_that_ends_a_thread_is_found(worker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert messages.check(STATS) == "succeeded"
    monkeypatch.setattr(Request, "from_json", _fails)

    with pytest.raises(Find, match="thread-died: ValueError: planted"):
        messages.check(STATS)


def test_a_message_that_breaks_its_attempt_is_found(worker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Attempts, "make_small", _fails)

    with pytest.raises(Find, match="attempt-broken: ValueError: planted"):
        messages.check(STATS)


def test_a_secret_in_the_log_is_found(worker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = Message(f'{{"version": 1, "id": "{HIDDEN}"}}', secrets=(HIDDEN,))
    assert messages.check(bad) == "unreadable: bad-request"
    monkeypatch.setattr(redaction, "_SECRET_KEY", redaction.re.compile("(?!)"))

    with pytest.raises(Find, match="shows a secret"):
        messages.check(bad)
