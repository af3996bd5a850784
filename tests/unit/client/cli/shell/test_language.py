"""How a line of the lab's command words is read."""

from pathlib import Path

import pytest
from jobfleet.cli.main import cli
from jobfleet.cli.shell.language import DASHED, WORDS, NotUnderstood, help_text, parse, split
from jobfleet.cli.shell.prompt import Words
from jobfleet.errors import Exit
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document


def read(line: str) -> list[str]:
    return [str(step) for step in parse(split(line))]


@pytest.mark.parametrize(
    ("line", "steps"),
    [
        ("-t 25 -n photo.png grey.png -s 1 2 3 6", ["-t 25", "-n photo.png grey.png", "-s 1 2 3 6"]),
        ("timeout 25 nvg photo.png grey.png send 1 2", ["-t 25", "-n photo.png grey.png", "-s 1 2"]),
        ("--timeout 25 --nvg a b --send 1", ["-t 25", "-n a b", "-s 1"]),
        ("-thl a b -c -b some-bucket -h", ["-thl a b", "-c", "-b some-bucket", "-h"]),
        ("threshold a b clear bucket x help", ["-thl a b", "-c", "-b x", "-h"]),
        ("-s -1 -2.5 -1e2", ["-s -1 -2.5 -1e2"]),
        ("-S 1", ["-s 1"]),
        ("-n 'my photo.png' \"it's grey.png\"", ["-n 'my photo.png' 'it'\"'\"'s grey.png'"]),
        ("-n ./-s x", ["-n ./-s x"]),
        ("", []),
        ("  # ", None),
    ],
)
def test_a_line_is_read_as_the_lab_s_users_write_it(line: str, steps: list[str] | None) -> None:
    if steps is None:
        with pytest.raises(NotUnderstood):
            read(line)
    else:
        assert read(line) == steps


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("-x", r"'-x' is no command word: .*-s/send, -n/nvg, -thl/threshold"),
        ("sent 1", "did you mean 'send'"),
        ("-trh a b", "did you mean '-thl'"),
        ("-n photo.png", "-n needs SRC and NAME, and got photo.png: -n, nvg SRC NAME"),
        ("-n photo.png -s 1 2", "-n needs SRC and NAME, and got photo.png"),
        ("-n", "got nothing"),
        ("-n a b c", "'c' is too much: -n, nvg SRC NAME"),
        ("-s", "-s needs N…, and got nothing"),
        ("-s 1 2 -c", "-s takes the rest of the line as numbers, with '-c': put it last"),
        ("-t soon", "-t: 'soon' is no number of seconds"),
        ("-t -1", "no number of seconds"),
        ("-t nan", "no number of seconds"),
        ("-n 'a b", "No closing quotation: put names with spaces"),
    ],
)
def test_a_line_that_cannot_be_read_says_what_there_is(line: str, words: str) -> None:
    with pytest.raises(NotUnderstood, match=words) as caught:
        read(line)
    assert caught.value.exit == Exit.USAGE


def test_every_word_stands_in_the_help_of_the_command_and_in_its_own() -> None:
    for word in WORDS:
        assert word.usage in (cli.commands["shell"].help or "")
        assert word.usage in help_text()
        assert word.short in DASHED


@pytest.mark.parametrize(
    ("begun", "completed"),
    [
        ("nvg ph", ["photo.png"]), ("-n my", ["'my photo.png'"]), ("nvg 'my ph", ["'my photo.png'"]),
        ('-t 5 -thl "my photo', ["'my photo.png'"]), ("nvg it", ["'it'\"'\"'s.png'"]), ("nvg no", []),
        ("se", ["send"]), ("nvg a.png se", ["send"]),
    ],
)  # fmt: skip
def test_names_of_files_are_completed_so_that_the_line_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: str, completed: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("photo.png", "my photo.png", "it's.png"):
        (tmp_path / name).touch()
    found = list(Words().get_completions(Document(begun), CompleteEvent()))
    assert [each.text for each in found] == completed
    for each in found:
        line = begun[: len(begun) + each.start_position] + each.text
        assert split(line)[-1] in ("photo.png", "my photo.png", "it's.png", "send")
