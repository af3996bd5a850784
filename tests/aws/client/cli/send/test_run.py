"""`jobfleet run` and `jobfleet operations`: what live workers offer, for a client without the package."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jobfleet import Fleet
from jobfleet.errors import Exit
from jobfleet.settings.settings import find_settings
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.protocol.names import heartbeat_key, image_offer_key

from tests.aws.client.cli.stack.test_status import sign as say
from tests.aws.worker.offers.test_packages import sign
from tests.client_run import Run, fails, home, picture, run
from tests.packages import WORD_COUNT, install
from tests.patience import patience
from tests.scaling_bench import Scaled

__all__ = ["home", "run"]

COUNTED = {
    "name": "word-count", "takes": "file", "gives": "answer", "summary": "Words, counted anew.",
    "package": "words 2.0",
}  # fmt: skip
PLAIN = sorted(name for name, one in OPERATIONS.items() if not one.part)

MORE = """
from jobfleet_jobs import BadJob, File, Flag, Text, operation

@operation("spread", takes="numbers", summary="How far numbers lie apart.")
def spread(numbers):
    return {"spread": max(numbers) - min(numbers), "format": "odd"}

@operation("shout", takes="file", gives="file", endings=[".txt"], summary="Louder.", parameters=[
    Flag("twice", "Say it twice."), Text("end", "What stands last.", "!")])
def shout(data, *, twice, end):
    return File(data.upper() * (1 + twice) + end.encode(), {"bytes": len(data)}, "text/plain")

@operation("find", takes="file", summary="How often a word stands there.", parameters=[
    Text("word", "What to look for.", required=True)])
def find(data, *, word):
    return {"found": data.decode().split().count(word)}

@operation("mirror", takes="image", gives="image", summary="The other way round.")
def mirror(image):
    return image.transpose(0)
"""


@pytest.fixture
def worker(stack: Any) -> Any:
    """A worker with two packages, one of which is broken, and its sign."""
    packages = install(Path(stack.folder) / "packages", "words", WORD_COUNT, "it = words:word_count")
    names = ("spread", "shout", "find", "mirror")
    install(packages, "more", MORE, *(f"{name} = more:{name}" for name in names))
    install(packages, "broken", "1 / 0", "it = broken:thing")
    process = stack.worker(PYTHONPATH=str(packages))
    stack.until(lambda: sign(stack))
    return process


@pytest.mark.usefixtures("worker")
def test_a_client_without_the_package_uses_its_operations(run: Run, home: Path, stack: Any) -> None:
    # What they are is asked of the stack.
    ran = run("operations", "--json")
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    offered = {each["name"]: each for each in found["operations"]}
    assert (offered["word-count"]["package"], offered["word-count"]["workers"]) == ("words 1.0", ["w1"])
    assert offered["stats"]["package"] is None
    assert [(each["package"], each["worker"]) for each in found["broken"]] == [("broken 1.0 it", "w1")]
    table = run("operations").stdout
    assert "word-count" in table
    assert "ZeroDivisionError" in table
    # What is merely switched off is noted, once for all workers.
    (note,) = [line for line in run("operations").stderr.splitlines() if "text is" in line]
    assert note.startswith("note: text is not done by any worker: reading text is switched off here")

    # Their help is made from what they declare.
    ran = run("run", "word-count", "--help")
    assert ran.returncode == 0, ran.stderr
    assert "How many words a text has." in ran.stdout
    assert "whole number: 0 to 100" in ran.stdout
    assert "jobfleet run word-count INPUT... [--param NAME=VALUE]...\n" in ran.stdout
    assert "jobfleet run find INPUT... --param word=VALUE\n" in run("run", "find", "--help").stdout

    # One file, with a parameter.
    (home / "a.md").write_text("one two one")
    ran = run("run", "word-count", "a.md", "--param", "top=1")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split("\n")[:2] == ["words  3", 'top    [["one", 2]]']

    # Numbers, and an answer that calls itself as ours do.
    ran = run("run", "spread", "-5", "2.5")
    assert (ran.returncode, ran.stdout) == (0, "spread  7.5\nformat  odd\n"), ran.stderr

    # Many files, into a folder.
    (home / "texts" / "deep").mkdir(parents=True)
    (home / "texts" / "a.md").write_text("a")
    (home / "texts" / "deep" / "b.log").write_text("b")
    ran = run("run", "shout", "texts", "-o", "out", "-p", "twice", "-p", "end=?")
    assert ran.returncode == 0, ran.stderr
    assert (home / "out" / "a.md.txt").read_bytes() == b"AA?"
    assert (home / "out" / "deep" / "b.log.txt").read_bytes() == b"BB?"

    # An image.
    picture(home / "photo.png", 3)
    ran = run("run", "mirror", "photo.png", "-o", "mirror.png", "--json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["result"]["width"] == 60
    assert (home / "mirror.png").exists()

    # What cannot be is told before anything is sent.
    sent = stack.front.calls.count("SendMessage")
    fails(run("run", "word-count", "a.md", "-p", "top=101"), Exit.BAD_INPUT, "top=101", "0 to 100")
    fails(run("run", "word-count", "a.md", "-p", "bottom=1"), Exit.BAD_INPUT, "'bottom'; it takes top")
    fails(run("run", "word-count", "a.md", "-p", "top"), Exit.BAD_INPUT, "give it as top=VALUE")
    ran = run("run", "word-count", "a.md", "--top", "1")
    assert (ran.returncode, "'--top': give parameters of word-count as --param top=VALUE" in ran.stderr) == (
        Exit.USAGE, True,
    )  # fmt: skip
    ran = run("run", "word-count", "a.md", "--tip", "1")
    assert (ran.returncode, "'--tip'; `jobfleet run --help` lists options" in ran.stderr) == (
        Exit.USAGE,
        True,
    )
    fails(run("run", "find", "a.md"), Exit.BAD_INPUT, "find needs word: give --param word=VALUE")
    ran = run("run", "word-cuont", "a.md")
    fails(ran, Exit.NOT_OFFERED, "'word-cuont' (did you mean word-count?); there are", "shout", "1 broken")
    assert "worker_operation_packages" in ran.stderr
    assert run("run", "word-count", "a.md", "-o", "x").returncode == Exit.USAGE
    assert run("run", "word-count").returncode == Exit.USAGE
    assert run("run").returncode == Exit.USAGE
    assert stack.front.calls.count("SendMessage") == sent


@pytest.mark.usefixtures("worker")
def test_python_runs_them_too(stack: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "a.txt").write_text("a b a")
    settings = find_settings(stack=stack.name, region="us-east-1")
    with Fleet(settings) as fleet:
        assert fleet.run("word-count", tmp_path / "a.txt", top=1, timeout=patience(60)).result == {
            "words": 3, "top": [["a", 2]],
        }  # fmt: skip
        result = fleet.run("shout", tmp_path / "a.txt", tmp_path / "b.txt", timeout=patience(60))
        assert result.result == {"bytes": 5}
        assert (tmp_path / "b.txt").read_bytes() == b"A B A!"
        calls = stack.front.calls.count("GET workers/w1.json")
        assert [r.result for r in fleet.map("spread", [[1, 2], [5, 9]], timeout=patience(60))] == [
            {"spread": 1, "format": "odd"}, {"spread": 4, "format": "odd"},
        ]  # fmt: skip
        assert stack.front.calls.count("GET workers/w1.json") == calls == 1


def test_what_no_live_worker_does_is_told_at_submission(run: Run, home: Path, stack: Any) -> None:
    (home / "a.md").write_text("a")
    fails(run("run", "word-count", "a.md"), Exit.NOT_OFFERED, "no live worker can say whether it offers it")
    say(stack, "w7", operations=["stats"], broken=[{"package": "words 1.0", "entry": "it", "why": "no"}])
    fails(run("run", "word-count", "a.md"), Exit.NOT_OFFERED, "there are stats; 1 broken")
    # Of those that every worker does, nobody is asked.
    stack.front.calls.clear()
    run("submit", "stats", "1", "2")
    # A fleet that sleeps would be woken. This stack does not scale, so no worker is looked for.
    asked = [call for call in stack.front.calls if "workers" in call or call.startswith("GET ")]
    assert asked == ["GET config/scaling.json"]


@pytest.fixture
def asleep(stack: Any, home: Path) -> Scaled:
    """A fleet at 0 whose image offers a package, and whose last worker did another version of it."""
    scaled = Scaled(stack).publish(image="0123456789ab", paused=True)  # nothing shall be launched
    offer = {
        "operations": [*PLAIN, "word-count"], "own": [COUNTED], "lacking": {"classify": "no model is set"},
        "broken": [{"package": "glow 1.0", "entry": "it", "why": "no sun"}],
    }  # fmt: skip
    scaled.put(image_offer_key("0123456789ab"), json.dumps(offer).encode())
    (home / "a.md").write_text("a")
    return scaled


def heard(stack: Any, *, stopped: bool, **offer: Any) -> None:
    """Put a heartbeat there."""
    told = {"worker": "w9", "at": (datetime.now(UTC) - timedelta(seconds=1)).isoformat(), "stopped": stopped}
    body = json.dumps({**told, **offer}).encode()
    stack.s3.put_object(Bucket=stack.bucket, Key=heartbeat_key("w9"), Body=body)


def test_a_fleet_that_never_ran_takes_what_its_next_hosts_offer(run: Run, asleep: Scaled, stack: Any) -> None:
    ran = run("run", "word-count", "a.md", "--timeout", "1")
    assert ran.returncode == Exit.NO_ANSWER
    assert "note: no worker runs now; this is what the next hosts will offer\n" in ran.stderr
    assert stack.front.calls.count("SendMessage") == 1

    shown = run("run", "word-count", "--help").stdout
    assert "Words, counted anew." in shown
    assert "  no worker runs now; this is what the next hosts will offer\n" in shown
    ran = run("drop", "a.md", "--operation", "word-count")
    assert (ran.returncode, "this is what the next hosts will offer" in ran.stderr) == (0, True)
    fails(run("drop", "a.md", "--operation", "wordcount"), Exit.NOT_OFFERED, "(did you mean word-count?)")
    fails(run("run", "shine", "a.md"), Exit.NOT_OFFERED, "the next hosts will not offer an operation 'shine'")
    fails(run("run", "classify", "a.md"), Exit.NOT_OFFERED,
          "no worker runs, and the next hosts will not do classify: no model is set")  # fmt: skip

    told = json.loads(run("operations", "--json").stdout)
    assert (told["workers"], told["live"], told["image"]) == ([], False, "0123456789ab")
    assert next(one for one in told["operations"] if one["name"] == "word-count")["workers"] == []
    ran = run("operations")
    assert ran.stderr.splitlines() == [
        "note: no worker runs now; this is what the next hosts will offer",
        "note: classify is not done by the next hosts: no model is set",
    ]
    assert "no sun" in ran.stdout


@pytest.mark.usefixtures("asleep")
def test_the_next_hosts_count_more_than_the_last_and_less_than_those_that_live(run: Run, stack: Any) -> None:
    old = {**COUNTED, "summary": "Words, as ever."}
    heard(stack, stopped=True, operations=["word-count"], own=[old])
    assert "Words, counted anew." in run("run", "word-count", "--help").stdout
    heard(stack, stopped=False, operations=["word-count"], own=[old])
    shown = run("run", "word-count", "--help").stdout
    assert "Words, as ever." in shown
    assert "next hosts" not in shown


@pytest.mark.parametrize(
    "change", [lambda scaled: scaled.put("config/scaling.json", b"{"),
               lambda scaled: scaled.put(image_offer_key("0123456789ab"), b"[]"),
               lambda scaled: scaled.publish(image="")],
    ids=["configuration", "offer", "unnamed"],
)  # fmt: skip
def test_what_is_damaged_or_missing_is_as_if_nobody_had_said_it(
    run: Run, asleep: Scaled, change: Any
) -> None:
    change(asleep)
    fails(run("run", "word-count", "a.md"), Exit.NOT_OFFERED, "no live worker can say whether it offers it")
