"""The lab's command words: what there is, and how a line of them is read."""

import difflib
import os
import re
import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from jobfleet.errors import Exit, FleetError
from jobfleet.human_text import read_seconds


@dataclass(frozen=True)
class Word:
    """A command word; `takes` are its arguments, and one that ends in … is all that is left of the line."""

    short: str
    long: str
    takes: tuple[str, ...]
    help: str

    @property
    def takes_the_rest(self) -> bool:
        """Whether everything up to the end of the line belongs to it."""
        return bool(self.takes) and self.takes[-1].endswith("…")

    @property
    def usage(self) -> str:
        """How it is written, as in the help."""
        return " ".join((f"{self.short}, {self.long}", *self.takes))


SEND = Word("-s", "send", ("N…",), "mean, min, max and median of the numbers; takes the rest of the line")
NVG = Word("-n", "nvg", ("SRC", "NAME"), "make the image SRC grey, into the bucket as NAME")
THRESHOLD = Word(
    "-thl", "threshold", ("SRC", "NAME"), "make the image SRC two-valued, into the bucket as NAME"
)
TIMEOUT = Word("-t", "timeout", ("S",), "wait S seconds for an answer from here on")
CLEAR = Word("-c", "clear", (), "empty the queues of requests and responses")
BUCKET = Word("-b", "bucket", ("NAME",), "use the bucket NAME from here on")
HELP = Word("-h", "help", (), "this list")
WORDS = (SEND, NVG, THRESHOLD, TIMEOUT, CLEAR, BUCKET, HELP)

# Only at the prompt, where they are looked for before anything else.
LEAVING = ("exit", "quit")

_NAMED = {name: word for word in WORDS for name in (word.short, word.long, f"--{word.long}")}
DASHED = frozenset(name for name in _NAMED if name.startswith("-"))


class NotUnderstood(FleetError):
    """The line is none of the lab's words. Nothing of it was done."""

    exit = Exit.USAGE


@dataclass(frozen=True)
class Step:
    """A word with its arguments."""

    word: Word
    arguments: tuple[str, ...] = ()

    def __str__(self) -> str:
        return shlex.join((self.word.short, *self.arguments))


def help_text() -> str:
    """Return the list of words, a line each."""
    width = max(len(word.usage) for word in WORDS)
    return "".join(f"{word.usage:<{width}}  {word.help}\n" for word in WORDS)


def split(line: str) -> list[str]:
    """Part a line as a shell does: a file name with spaces stands in quotes. Raises `NotUnderstood`."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.commenters = True, ""
    if os.name == "nt":
        lexer.escape = ""  # there it parts folders
    try:
        return list(lexer)
    except ValueError as problem:
        raise NotUnderstood(f"{problem}: put names with spaces between two quotation marks") from problem


def last_begun(line: str) -> tuple[str, str]:
    """Part a line that is being typed: what is before its last word, and that word as far as it is there."""
    start, within = 0, ""
    for place, letter in enumerate(line):
        if within:
            within = "" if letter == within else within
        elif letter in "'\"":
            within = letter
        elif letter.isspace():
            start = place + 1
    return line[:start], line[start:]


def unquoted(begun: str) -> str:
    """Return what a word that is being typed means so far, its last quotation mark still to come or not."""
    for ending in ("", "'", '"'):
        with suppress(NotUnderstood):
            return "".join(split(begun + ending))
    return begun


def quoted(name: str) -> str:
    """Return a file's name as it stands in a line."""
    return name if re.fullmatch(r"[^\s'\"\\]+", name) else shlex.quote(name)


def parse(tokens: Sequence[str]) -> list[Step]:
    """Read a whole line, so that nothing of it is done where a part cannot be. Raises `NotUnderstood`."""
    steps, left = list[Step](), list(tokens)
    while left:
        token = left.pop(0)
        word = _NAMED.get(token.casefold())
        if word is None:
            raise NotUnderstood(_unknown(token, steps))
        count = len(left) if word.takes_the_rest else len(word.takes)
        arguments, left = left[:count], left[count:]
        steps.append(_checked(word, arguments))
    return steps


def _checked(word: Word, arguments: Sequence[str]) -> Step:
    # A file that is called so is written ./-s.
    taken = next((one for one in arguments if one.casefold() in DASHED), None)
    if word.takes_the_rest and taken:
        raise NotUnderstood(
            f"{word.short} takes the rest of the line as numbers, with {taken!r}: put it last"
        )
    if taken or len(arguments) < len(word.takes):
        given = arguments[: arguments.index(taken)] if taken else arguments
        got = shlex.join(given) if given else "nothing"
        raise NotUnderstood(f"{word.short} needs {' and '.join(word.takes)}, and got {got}: {word.usage}")
    if word is TIMEOUT:
        try:
            read_seconds(arguments[0])
        except ValueError as problem:
            raise NotUnderstood(f"{word.short}: {problem}") from problem
    return Step(word, tuple(arguments))


def _unknown(token: str, before: Sequence[Step]) -> str:
    alike = [name for name in (*_NAMED, *LEAVING) if name.startswith("-") == token.startswith("-")]
    near = difflib.get_close_matches(token.casefold(), alike, 1)
    if before and not token.startswith("-") and not near:
        last = before[-1].word
        return f"{token!r} is too much: {last.usage}"
    meant = f"did you mean {near[0]!r}? " if near else ""
    there_are = ", ".join(f"{word.short}/{word.long}" for word in WORDS)
    return f"{token!r} is no command word: {meant}there are {there_are}"
