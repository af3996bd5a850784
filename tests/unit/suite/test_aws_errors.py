"""AWS's errors become sentences in few places, each named here, and every command has one for them.

The command line and the Python API run in this process, once before an AWS that nobody answers at, and once
before one that refuses everything.
"""

import ast
import io
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from jobfleet import Fleet
from jobfleet.answers import collector
from jobfleet.aws import account
from jobfleet.cli import main as command_line
from jobfleet.errors import Exit, NotAllowed, Unreachable
from jobfleet_jobs.protocol.message import Output, Result

from tests.echoing_aws import KEYS, EchoingAws
from tests.patience import patience
from tests.places import REPOSITORY
from tests.ports import refusing_port

FOLDERS = ("client/jobfleet", "web/jobfleet_web")
JOB = "0192f0c1-2345-7abc-8def-0123456789ab"

# Where AWS's errors are turned into the client's own, and why there. All else lets them through.
PLACES = {
    "client/jobfleet/aws/account.py": "a context manager, and the decorator of the Python API",
    "client/jobfleet/aws/error_sentences.py": "the sentences",
    "client/jobfleet/exchange.py": "the Python API, with what stands on it: fleet, jobs, runs of many files",
    "client/jobfleet/cli/main.py": "the command line",
    "client/jobfleet/cli/invocation.py": "the same, in the words of the stack that is meant",
    "client/jobfleet/cli/shell/session.py": "the next step of a line is done all the same",
    "client/jobfleet/cli/commands/stack/scaling.py": "with --follow it is looked again",
    "client/jobfleet/cli/commands/stack/status.py": "with --watch it is looked again",
    "client/jobfleet/answers/collector.py": "a thread tells those who wait for jobs",
    "client/jobfleet/doctor/checks.py": "a refusal may mean more than it says",
    "client/jobfleet/doctor/links.py": "a broken link is shown behind those that hold",
    "client/jobfleet/doctor/configuration.py": "what is known of the settings is shown first",
    "client/jobfleet/cli/commands/bench/carry_out.py": "what was measured is reported all the same",
    "client/jobfleet/queues/purge.py": "what was emptied before is told too",
    "client/jobfleet/stack/status.py": "what else is known of the stack is shown",
    "client/jobfleet/stack/scaling/waking.py": "a thread: jobs are sent and waited for without it",
    "client/jobfleet/stack/silence.py": "it belongs to another error, which is told in any case",
    "web/jobfleet_web/work/gateway.py": "the web tier, which has an answer for each kind of them",
}
_TURNING = {"in_words", "sentences", "ErrorSentences", "with_errors_in_words"}


def test_errors_become_sentences_nowhere_else() -> None:
    found = {
        str(path.relative_to(REPOSITORY))
        for folder in FOLDERS
        for path in (REPOSITORY / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if (node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")) in _TURNING
        or (isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name in _TURNING)
    }
    assert found == set(PLACES)


def leaves(command: click.Command) -> Iterator[click.Command]:
    """Give the commands below a group, those in groups of their own too."""
    if isinstance(command, click.Group):
        for one in command.commands.values():
            yield from leaves(one)
    else:
        yield command


def lines_of(command: click.Command) -> list[list[str]]:
    """Return what the command's own help shows how to type, but what takes another program too."""
    shown = re.findall(r"^  jobfleet (.+)$", command.epilog or "", re.MULTILINE)
    return [shlex.split(line) for line in shown if not re.search(r"[|<>]", line)]


LINES = {command: lines_of(command) for command in leaves(command_line.cli)}
# The one shows only how it is used behind another command, and the other is for a shell alone.
MORE = {"wait": [["wait", JOB]], "completion": [["completion", "bash"]]}
# It asks no AWS if it is not told to; tests/aws/client/cli/bench has what it says of addresses.
ELSEWHERE = ["bench", "http"]
ALL = [
    line
    for lines in (*LINES.values(), *MORE.values())
    for line in lines
    if line[:2] != ELSEWHERE or "--token-from-stack" in line
]

# What is called for each method of the Python API, but those that never ask AWS.
CALLS: dict[str, Callable[[Fleet], Any]] = {
    "stats": lambda fleet: fleet.stats([1, 2]),
    "greyscale": lambda fleet: fleet.greyscale("photo.png"),
    "threshold": lambda fleet: fleet.threshold("photo.png"),
    "blackwhite": lambda fleet: fleet.blackwhite("photo.png"),
    "on_image": lambda fleet: fleet.on_image("greyscale", "photo.png"),
    "run": lambda fleet: fleet.run("word-count", "words.txt"),
    "operation": lambda fleet: fleet.operation("word-count"),
    "submit": lambda fleet: fleet.submit("stats", [1, 2]),
    "submit_many": lambda fleet: fleet.submit_many("greyscale", ["photo.png"]),
    "map": lambda fleet: list(fleet.map("stats", [[1, 2]])),
    "job": lambda fleet: fleet.job(JOB).result(0),
    "jobs": lambda fleet: fleet.jobs([JOB])[0].exception(0),
    "find_result": lambda fleet: fleet.find_result(JOB),
    "find_results": lambda fleet: fleet.find_results([JOB]),
    "scaling": lambda fleet: fleet.scaling(),
    "download": lambda fleet: fleet.download(RESULT, "out.png"),
}
NOT_ASKING = {"settings", "from_vars"}
RESULT = Result(JOB, "greyscale", "succeeded", "w", 1, {}, output=Output("a-bucket", "outputs/x.png", 1))


def asks_nothing(line: list[str]) -> bool:
    """Tell whether a command is done without AWS."""
    return line == ["config"] or line[0] == "completion"


class Terminal:
    """A person's machine, and what a command said there."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys
        self.said = ""

    def run(self, line: list[str]) -> int:
        """Run a command; return its exit code."""
        for word in line[1:]:
            if "." in word.strip(".") or word.endswith("/"):
                write(Path(word))
        self._monkeypatch.setattr(sys, "argv", ["jobfleet", *line])
        self._monkeypatch.setattr(sys, "stdin", io.StringIO("send 1 2 3\nclear\n"))
        with pytest.raises(SystemExit) as ended:
            command_line.main()
        shown = self._capsys.readouterr()
        self.said = shown.out + shown.err
        return int(ended.value.code or 0)


def write(path: Path) -> None:
    """Make a file, or a folder with one, that a command can take: an image, numbers, or jobs."""
    content = b'{"operation": "stats", "numbers": [1]}\n' if path.suffix == ".jsonl" else b"1\n2\n"
    content = b"height,weight\n1,2\n" if path.suffix == ".csv" else content
    path = path if path.suffix else path / "a.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" if path.suffix in (".png", ".jpg") else content)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A person's machine with credentials, before an AWS that is named later."""
    monkeypatch.chdir(tmp_path)
    # A call that nobody answers is tried again with growing pauses, and whoever waits for a job is told late.
    monkeypatch.setattr(account, "ATTEMPTS", 1)
    monkeypatch.setattr(collector, "TROUBLE_SECONDS", 0.0)
    named = {"HOME": str(tmp_path), "JOBFLEET_STACK": "words", "JOBFLEET_REGION": "us-east-1", **KEYS}
    for name, value in {**named, "JOBFLEET_TIMEOUT": str(patience(10.0))}.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture
def away(machine: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody is where AWS should be."""
    with refusing_port() as port:
        machine.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        yield


@pytest.fixture(scope="module")
def aws() -> Iterator[EchoingAws]:
    with EchoingAws.serving() as server:
        server.code = "AccessDenied"
        yield server


@pytest.fixture
def refusing(machine: pytest.MonkeyPatch, aws: EchoingAws) -> None:
    """AWS does not allow anything."""
    machine.setenv("AWS_ENDPOINT_URL", aws.url)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(monkeypatch, capsys)


def test_each_command_shows_how_it_is_used() -> None:
    assert {command.name for command, lines in LINES.items() if not lines} == set(MORE)


@pytest.mark.usefixtures("away")
@pytest.mark.parametrize("line", ALL, ids=" ".join)
def test_each_command_says_that_aws_cannot_be_reached(terminal: Terminal, line: list[str]) -> None:
    code = terminal.run(line)

    assert code == (Exit.OK if asks_nothing(line) else Exit.UNREACHABLE), terminal.said
    assert asks_nothing(line) or "cannot be reached" in terminal.said
    assert "unforeseen" not in terminal.said


@pytest.mark.usefixtures("refusing")
@pytest.mark.parametrize("line", ALL, ids=" ".join)
def test_each_command_says_what_aws_does_not_allow(terminal: Terminal, line: list[str]) -> None:
    code = terminal.run(line)

    assert code == (Exit.OK if asks_nothing(line) else Exit.NOT_ALLOWED), terminal.said
    assert asks_nothing(line) or "the credentials do not allow " in terminal.said
    assert "unforeseen" not in terminal.said


def test_each_method_of_the_python_api_is_called_here() -> None:
    public = {name for name in vars(Fleet) if not name.startswith("_")}
    assert public - NOT_ASKING - {"close"} == set(CALLS)


@pytest.mark.usefixtures("away")
@pytest.mark.parametrize("name", CALLS)
def test_each_method_says_that_aws_cannot_be_reached(name: str) -> None:
    write(Path("photo.png"))
    with Fleet() as fleet, pytest.raises(Unreachable, match="cannot be reached"):
        CALLS[name](fleet)


@pytest.mark.usefixtures("refusing")
@pytest.mark.parametrize("name", CALLS)
def test_each_method_says_what_aws_does_not_allow(name: str) -> None:
    write(Path("photo.png"))
    with Fleet() as fleet, pytest.raises(NotAllowed, match="the credentials do not allow "):
        CALLS[name](fleet)
