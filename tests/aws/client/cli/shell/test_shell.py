"""The lab's command words through the installed entry point, in one line, from a pipe and at a prompt."""

import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jobfleet.errors import Exit
from PIL import Image

from tests.client_bench import JOBFLEET, Jobfleet
from tests.client_run import talk
from tests.patience import patience

STATS = "mean    3\nmin     1\nmax     6\nmedian  2.5\n"


@pytest.fixture
def photo(jobfleet: Jobfleet) -> Path:
    path = jobfleet.home / "photo.png"
    pixels = np.random.default_rng(3).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def mode_of(stack: Any, name: str) -> str:
    with Image.open(io.BytesIO(stack.object(f"outputs/{name}"))) as image:
        return image.mode


def test_the_lab_s_own_line_with_and_without_the_dashes(jobfleet: Jobfleet, stack: Any, photo: Path) -> None:
    stack.worker()
    line = ("-t", "25", "-n", "photo.png", "grey.png", "-s", "1", "2", "3", "6")
    for arguments in (("--", *line), line, ("--", "timeout", "25", "nvg", *line[3:5], "send", *line[6:])):
        ran = jobfleet("shell", *arguments)
        expected = f"success  s3://{stack.bucket}/outputs/grey.png\n{STATS}"
        assert (ran.returncode, ran.stdout, talk(ran)) == (0, expected, "")
        assert ran.stderr.count("job ") == 2  # the id of each was told
    assert mode_of(stack, "grey.png") == "L"
    created = [call for call in stack.front.calls if call == "CreateQueue"]
    assert len(created) == 3  # one reply queue a session, for all its jobs


def test_plain_values_for_scripts(jobfleet: Jobfleet, stack: Any, photo: Path) -> None:
    stack.worker()
    (jobfleet.home / "none.png").write_text("no image")
    ran = jobfleet("shell", "--plain", "--", "-thl", "photo.png", "two.png", "-n", "none.png", "x.png",
                   "-s", "1", "2", "3", "6")  # fmt: skip
    assert (ran.returncode, ran.stdout) == (Exit.JOB_FAILED, "1\n0\n3 1 6 2.5\n")
    with Image.open(io.BytesIO(stack.object("outputs/two.png"))) as image:
        assert set(np.unique(np.asarray(image))) <= {0, 254}


def test_a_job_that_fails_does_not_keep_the_next_from_being_done(
    jobfleet: Jobfleet, stack: Any, photo: Path
) -> None:
    stack.worker()
    ran = jobfleet("shell", "--", "-n", "nothing.png", "x.png", "-s", "1", "2", "3", "6")
    assert (ran.returncode, ran.stdout) == (Exit.BAD_INPUT, "failure\n" + STATS)
    assert talk(ran) == "jobfleet: there is no file nothing.png\n"


def test_a_clearing_that_aws_does_not_allow_keeps_nothing_else_from_being_done(
    jobfleet: Jobfleet, stack: Any
) -> None:
    stack.worker()
    stack.front.forbids = lambda call: call == "GetQueueAttributes"
    ran = jobfleet("shell", "--", "-c", "-s", "1", "2", "3", "6")
    assert (ran.returncode, ran.stdout) == (Exit.NOT_ALLOWED, STATS)
    assert "do not allow GetQueueAttributes (counting a queue's messages)" in ran.stderr


def test_where_nothing_that_follows_can_succeed_the_rest_is_left(
    jobfleet: Jobfleet, stack: Any, photo: Path
) -> None:
    stack.front.expired_keys = {"key"}
    ran = jobfleet("shell", "--", "-n", "photo.png", "my grey.png", "-s", "1", "2")
    assert (ran.returncode, ran.stdout) == (Exit.CREDENTIALS, "failure\n")
    assert "have expired" in ran.stderr
    assert ran.stderr.endswith("not done: -s 1 2\n")
    assert len(stack.front.calls) == 1


def test_a_line_that_cannot_be_read_is_not_begun(jobfleet: Jobfleet, stack: Any, photo: Path) -> None:
    ran = jobfleet("shell", "--", "-n", "photo.png", "x.png", "-sned", "1")
    assert (ran.returncode, ran.stdout) == (Exit.USAGE, "")
    assert "'-sned' is no command word: did you mean '--send'" in ran.stderr
    assert stack.front.calls == []


def test_words_among_the_numbers_are_told(jobfleet: Jobfleet, stack: Any) -> None:
    ran = jobfleet("shell", "--", "-s", "1", "two")
    assert ran.returncode == Exit.BAD_INPUT
    assert ran.stderr == "jobfleet: 'two' is not a number\n"


def test_the_words_are_listed_without_a_stack(jobfleet: Jobfleet) -> None:
    ran = jobfleet("shell", "--", "-h", JOBFLEET_STACK="", JOBFLEET_REGION="")
    assert ran.returncode == 0
    assert "-thl, threshold SRC NAME" in ran.stdout


def test_the_timeout_holds_for_the_rest_of_the_line(jobfleet: Jobfleet, stack: Any) -> None:
    ran = jobfleet("shell", "--timeout", "60", "--", "-t", "1", "-s", "1")
    assert ran.returncode == Exit.NO_ANSWER
    assert "no worker answered within 1 s" in ran.stderr


def test_the_bucket_holds_for_the_rest_of_the_line(jobfleet: Jobfleet, stack: Any, photo: Path) -> None:
    stack.worker()
    other = f"{stack.name}-other"
    stack.s3.create_bucket(Bucket=other)
    grey = ("-n", "photo.png", "grey.png")
    ran = jobfleet("shell", "--", "-b", other, *grey, "-b", stack.bucket, *grey)
    assert (ran.returncode, ran.stdout.split()) == (
        Exit.JOB_FAILED, ["failure", "success", f"s3://{stack.bucket}/outputs/grey.png"]
    )  # fmt: skip
    assert f"bucket '{other}' is not this stack's; inputs go to {stack.bucket}" in ran.stderr


def test_clearing_asks_or_is_told_yes(jobfleet: Jobfleet, stack: Any) -> None:
    stack.send(stack.request())
    ran = jobfleet("shell", "--", "-c")
    assert ran.returncode == Exit.USAGE
    assert "--yes" in ran.stderr
    assert stack.waiting(stack.requests) == 1
    assert jobfleet("shell", "--yes", "--", "-c").returncode == 0
    assert stack.waiting(stack.requests) == 0


def test_json_has_a_line_for_each_job_and_for_each_error(jobfleet: Jobfleet, stack: Any, photo: Path) -> None:
    stack.worker()
    ran = jobfleet("shell", "--json", "--", "-n", "photo.png", "g.png", "-n", "none.png", "x", "-s", "1", "2")
    assert [json.loads(line)["operation"] for line in ran.stdout.splitlines()] == ["greyscale", "stats"]
    assert json.loads(talk(ran)) == {"error": "there is no file none.png", "kind": "bad-input", "exit": 3}


def test_lines_are_read_from_a_pipe(jobfleet: Jobfleet, stack: Any, photo: Path) -> None:
    stack.worker()
    photo.rename(photo.with_name("my photo.png"))
    lines = 'send 1 2 3 6\n\nn\nnvg "my photo.png" "my grey.png"\nexit\n-s 1\n'
    ran = jobfleet("shell", stdin=lines)
    assert ran.returncode == Exit.USAGE  # of the first failure, the line "n"
    assert ran.stdout == f"{STATS}success  s3://{stack.bucket}/outputs/my grey.png\n"
    assert mode_of(stack, "my grey.png") == "L"


# Stands in what is shown where the shell asks for bracketed paste, which it does once for each line.
_READY = "\x00"


class Terminal:
    """`jobfleet shell` at a terminal of its own."""

    def __init__(self, jobfleet: Jobfleet, *arguments: str, **changes: str) -> None:
        self._end, terminal = pty.openpty()
        self.process = subprocess.Popen(
            [JOBFLEET, "shell", *arguments], cwd=jobfleet.home,
            stdin=terminal, stdout=terminal, stderr=terminal,
            env=jobfleet.environment(TERM="xterm", PROMPT_TOOLKIT_NO_CPR="1", **changes),
        )  # fmt: skip
        os.close(terminal)
        jobfleet.stack.processes.append(self.process)
        self._ready = f"{_READY}.*?{re.escape(jobfleet.stack.name)}>"
        self._cut = ""
        self.shown = ""

    def until(self, pattern: str, seconds: float = 60) -> str:
        """Read until something is shown; return what was shown up to there, and forget it."""
        deadline = time.monotonic() + patience(seconds)
        while not (found := re.search(pattern, self.shown, re.DOTALL)):
            assert time.monotonic() < deadline, self.shown
            if select.select([self._end], [], [], 0.1)[0]:
                try:
                    data = os.read(self._end, 65_536)
                except OSError:
                    data = b""
                assert data, f"it ended: {self.shown}"
                text = self._cut + data.decode("utf-8", "replace")
                # A sequence may come in two parts.
                whole = re.search(r"(\x1b(\[[0-9;?]*)?)?$", text)
                assert whole
                text, self._cut = text[: whole.start()], text[whole.start() :]
                text = text.replace("\x1b[?2004h", _READY)
                self.shown += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
        before, self.shown = self.shown[: found.end()], self.shown[found.end() :]
        return before

    def until_ready(self) -> None:
        """Read until a line can be typed.

        A line that ends is drawn once more, its prompt too, before the terminal is left to the command.
        Only a prompt after the terminal's settings for editing are made is one that waits for keys.
        """
        self.until(self._ready)

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._end, text.encode())

    def close(self) -> int:
        """Return the exit code."""
        code = self.process.wait(patience(120))
        os.close(self._end)
        return code


@pytest.fixture
def terminal(jobfleet: Jobfleet, stack: Any) -> Terminal:
    return Terminal(jobfleet)


def test_at_the_prompt_words_work_with_and_without_dashes_until_exit(
    terminal: Terminal, stack: Any, photo: Path
) -> None:
    stack.worker()
    terminal.until_ready()
    for line in ("-s 1 2 3 6", "send 1 2 3 6"):
        terminal.type(line + "\r")
        assert "median  2.5" in terminal.until("median  2.5\r\n")
        terminal.until_ready()
    terminal.type("sned 1\r")
    terminal.until("did you mean 'send'")
    terminal.until_ready()
    terminal.type("exit\r")
    assert terminal.close() == 0
    assert stack.front.calls.count("CreateQueue") == 1
    assert stack.front.calls.count("DeleteQueue") == 1


def test_ctrl_c_ends_the_line_and_ctrl_d_the_shell(terminal: Terminal, stack: Any) -> None:
    terminal.until_ready()
    terminal.type("send 1 2")
    terminal.until("send 1 2")
    terminal.type("\x03")
    terminal.until_ready()
    terminal.type("\x04")
    assert terminal.close() == 0
    assert stack.front.calls == []


def test_ctrl_c_ends_the_waiting_and_not_the_shell(terminal: Terminal, stack: Any) -> None:
    terminal.until_ready()
    terminal.type("-t 60\r")
    terminal.until_ready()
    terminal.type("-s 1\r")
    terminal.until("waiting for a worker")
    terminal.process.send_signal(signal.SIGINT)
    terminal.until("goes on without you; fetch its result with `jobfleet result ")
    terminal.until_ready()
    terminal.type("quit\r")
    assert terminal.close() == 0


def test_the_tab_key_completes_words_and_files(terminal: Terminal, stack: Any, photo: Path) -> None:
    terminal.until_ready()
    for typed, completed in (("nv\t", "nvg"), (" pho\t", r"photo\.png")):
        terminal.type(typed)
        terminal.until(completed)
    terminal.type("\x03")
    terminal.until_ready()
    terminal.type("\x04")
    assert terminal.close() == 0


def test_the_history_is_kept_where_only_its_owner_may_read_it(jobfleet: Jobfleet, stack: Any) -> None:
    state = jobfleet.home / "state"
    for typed, ended in (("bucket some-name", "\r"), ("\x1b[A", "\x03")):
        terminal = Terminal(jobfleet, XDG_STATE_HOME=str(state))
        terminal.until_ready()
        terminal.type(typed)
        terminal.until("bucket some-name")
        terminal.type(ended)
        terminal.until_ready()
        terminal.type("\x04")
        assert terminal.close() == 0
    file = state / "jobfleet" / "shell-history"
    assert "bucket some-name" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert not (jobfleet.home / ".local").exists()


def test_without_a_place_for_a_history_the_shell_works_all_the_same(jobfleet: Jobfleet, stack: Any) -> None:
    (jobfleet.home / "state").write_text("a file where a folder should be")
    terminal = Terminal(jobfleet, XDG_STATE_HOME=str(jobfleet.home / "state"))
    terminal.until("no history is kept")
    terminal.until_ready()
    terminal.type("\x04")
    assert terminal.close() == 0
