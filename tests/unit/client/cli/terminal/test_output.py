import io
import sys

import pytest
from jobfleet.cli.terminal.error_line import tell
from jobfleet.cli.terminal.output import CommandOutput
from jobfleet.errors import Exit

NAME = "a\x1b[31mb\udcff.png"


class _Screen(io.StringIO):
    """A terminal that shows what it is told; a real one would obey it."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_is_shown_names_in_letters_it_does_not_obey(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = _Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    CommandOutput(as_json=False, quiet=False).write(NAME)
    assert screen.getvalue() == r"a\x1b[31mb\xff.png" + "\n"


def test_a_pipe_gets_names_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stdout", pipe)
    CommandOutput(as_json=False, quiet=False).write(NAME)
    assert pipe.getvalue() == NAME + "\n"


def test_messages_move_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    CommandOutput(as_json=False, quiet=False).say(f"note: {NAME}\nsecond line")
    tell(f"there is no file {NAME}", Exit.BAD_INPUT, as_json=False)
    assert capsys.readouterr().err.splitlines() == [
        r"note: a\x1b[31mb\xff.png", "second line", r"jobfleet: there is no file a\x1b[31mb\xff.png",
    ]  # fmt: skip


def test_words_beside_a_bar_are_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = _Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    with CommandOutput(as_json=False, quiet=False).moving("writing [/x]\x1b[31m.png", 1):
        pass
    assert r"writing [/x]\x1b[31m.png" in screen.getvalue()
