"""The prompt of `jobfleet shell`: history, completion, and what the keys do."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.output import create_output

from jobfleet.cli.shell import language
from jobfleet.cli.shell.language import LEAVING, NVG, THRESHOLD, WORDS
from jobfleet.cli.shell.session import ShellSession
from jobfleet.settings.state_folder import state_folder

# A longer history is cut to its newer half.
HISTORY_MAX_BYTES = 256 * 1024


def run(session: ShellSession, stack: str, region: str) -> None:
    """Read lines and do them until exit, quit or Ctrl-D. Ctrl-C ends a line, or a wait, and no more."""
    prompt: PromptSession[str] = PromptSession(
        f"{stack}> ", history=history(), completer=Words(), complete_while_typing=False,
        output=create_output(stdout=sys.stderr),
    )  # fmt: skip
    sys.stderr.write(f"stack {stack} in {region}; help lists the words, exit or Ctrl-D ends\n")
    while True:
        try:
            line = prompt.prompt()
            if line.strip() in LEAVING:
                return
            session.line(line)
        except KeyboardInterrupt:
            continue
        except EOFError:
            return


class Words(Completer):
    """Completes words, and files where a word takes one."""

    def __init__(self) -> None:
        self._paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterable[Completion]:
        """Return what may stand where the cursor is."""
        before, begun = language.last_begun(document.text_before_cursor)
        last = before.split()[-1:]
        if last and last[0] in {name for word in (NVG, THRESHOLD) for name in (word.short, word.long)}:
            yield from self._files(begun, event)
        else:
            yield from self._words(begun)

    def _files(self, begun: str, event: CompleteEvent) -> Iterator[Completion]:
        """Complete the name of a file, in quotation marks where it needs them."""
        name = language.unquoted(begun)
        for found in self._paths.get_completions(Document(name), event):
            yield Completion(language.quoted(name + found.text), -len(begun), display=found.display)

    def _words(self, begun: str) -> Iterator[Completion]:
        for word in WORDS:
            for name in (word.long, word.short):
                if begun and name.startswith(begun):
                    yield Completion(name, -len(begun), display_meta=word.help)
        if not begun:
            yield from (Completion(word.long, display_meta=word.help) for word in WORDS)
        yield from (Completion(name, -len(begun)) for name in LEAVING if name.startswith(begun))


class _Kept(FileHistory):
    """A history in a file; a line that cannot be written there is only remembered."""

    def store_string(self, string: str) -> None:
        """Append a line."""
        with suppress(OSError):
            super().store_string(string)


def history() -> History:
    """Return the history, which lies in a file that only its owner may read; in memory if it cannot."""
    try:
        path = state_folder() / "shell-history"
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        path.chmod(0o600)
        _shorten(path)
    except OSError as problem:
        sys.stderr.write(f"note: no history is kept: {problem}\n")
        return InMemoryHistory()
    return _Kept(str(path))


def _shorten(path: Path) -> None:
    data = path.read_bytes()
    if len(data) > HISTORY_MAX_BYTES:
        # Each entry begins with a line of its time.
        path.write_bytes(b"\n# " + data[-HISTORY_MAX_BYTES // 2 :].partition(b"\n# ")[2])
