"""Regular expressions of packages, tried in a time that grows with the text alone.

Python's own `re` tries one way after another, so `(a+)+b` takes 2**n steps on n letters, and nothing can
end it: a package could hold up the web tier, the client and the worker. Here all ways are followed at
once (https://swtch.com/~rsc/regexp/regexp1.html). What cannot be done so is refused: looking around, back
references, possessive repeats. `re` still says what is a regular expression, and tries single characters.

Libraries that do this have a dialect of their own and native code, which each client would have to install: a
pattern that passed here would mean something else there.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

# Steps of a pattern, with each repeat written out. Times the length of a text, it is what one try takes.
STEPS_MAX = 500
_DEPTH_MAX = 20

_GROUP = re.compile(r"\((?:\?:|\?P<\w+>|(?!\?))")
_REPEAT = re.compile(r"[*+?]|\{(?P<few>\d+)\}|\{(?P<least>\d*),(?P<most>\d*)\}")
# One character: a set, an escape, a dot, or itself.
_SINGLE = re.compile(
    r"\[\^?\]?(?:\\.|[^\]\\])*\]"
    r"|\\(?:x..|u.{4}|U.{8}|N\{[^}]*\}|0[0-7]{0,2}|[0-3][0-7]{2}|[^0-9AbBZz])|[^\\]",
    re.DOTALL,
)


class BadPattern(ValueError):
    """A pattern that is no regular expression, or one that may take for ever."""


def _at_start(_text: str, at: int) -> bool:
    return at == 0


def _at_end(text: str, at: int) -> bool:
    return at == len(text)


def _at_last_line(text: str, at: int) -> bool:
    return at == len(text) or text[at:] == "\n"


_PLACES = {"^": _at_start, r"\A": _at_start, "$": _at_last_line, r"\Z": _at_end}


class _Character(NamedTuple):
    form: "re.Pattern[str]"


class _Place(NamedTuple):
    holds: Callable[[str, int], bool]


class _Sequence(NamedTuple):
    parts: "tuple[_Node, ...]"


class _Either(NamedTuple):
    ways: "tuple[_Node, ...]"


class _Repeat(NamedTuple):
    part: "_Node"
    least: int
    most: int | None


_Node = _Character | _Place | _Sequence | _Either | _Repeat


class _Step(NamedTuple):
    """Go on with `after` once the character, or the place, is right; without both, at once."""

    after: list[int]
    form: "re.Pattern[str] | None" = None
    holds: Callable[[str, int], bool] | None = None


class LinearPattern:
    """A pattern that whole texts are held against. Raises `BadPattern`."""

    def __init__(self, pattern: str) -> None:
        self._steps: list[_Step] = [_Step([])]
        self._builds = 0
        self._first = self._build(_Parser(pattern).whole(), 0)

    def matches(self, text: str) -> bool:
        """Tell whether `text` is such a text as a whole, as `re.fullmatch` does."""
        found = self._reached([self._first], text, 0)
        for at, character in enumerate(text, 1):
            after: list[int] = []
            for number in found:
                step = self._steps[number]
                if step.form and step.form.match(character):
                    after += step.after
            found = self._reached(after, text, at)
        return 0 in found

    def _reached(self, numbers: Iterable[int], text: str, at: int) -> set[int]:
        """Return these steps and all that are reached from them without a character."""
        found: set[int] = set()
        ahead = [*numbers]
        while ahead:
            number = ahead.pop()
            if number in found:
                continue
            found.add(number)
            step = self._steps[number]
            if step.form is None and (step.holds is None or step.holds(text, at)):
                ahead += step.after
        return found

    def _step(self, step: _Step) -> int:
        self._steps.append(step)
        return len(self._steps) - 1

    def _build(self, node: _Node, after: int) -> int:
        """Return the number of the step that `node` begins with; `after` is the one behind it."""
        self._builds += 1
        # Repeats of nothing make no step, so what is counted is how often something is built.
        if self._builds > STEPS_MAX:
            raise BadPattern(f"it has more than {STEPS_MAX} steps with its repeats written out; repeat less")
        match node:
            case _Character(form):
                return self._step(_Step([after], form))
            case _Place(holds):
                return self._step(_Step([after], holds=holds))
            case _Sequence(parts):
                for part in reversed(parts):
                    after = self._build(part, after)
                return after
            case _Either(ways):
                return self._step(_Step([self._build(way, after) for way in ways]))
            case _Repeat(part, least, most):
                return self._repeat(part, least, most, after)

    def _repeat(self, part: _Node, least: int, most: int | None, after: int) -> int:
        end = after
        if most is None:
            after = self._step(_Step([end]))
            self._steps[after].after.append(self._build(part, after))
        else:
            for _ in range(most - least):
                after = self._step(_Step([self._build(part, after), end]))
        for _ in range(least):
            after = self._build(part, after)
        return after


class _Parser:
    """Takes a pattern apart that `re` accepts."""

    def __init__(self, pattern: str) -> None:
        try:
            re.compile(pattern)
        except (TypeError, OverflowError, RecursionError, re.error) as problem:
            raise BadPattern(f"it is no regular expression: {problem}") from problem
        self._text, self._at, self._depth = pattern, 0, 0

    def whole(self) -> _Node:
        return self._either()

    def _take(self, form: "re.Pattern[str]") -> "re.Match[str] | None":
        found = form.match(self._text, self._at)
        if found:
            self._at = found.end()
        return found

    def _either(self) -> _Node:
        ways = [self._sequence()]
        while self._text.startswith("|", self._at):
            self._at += 1
            ways.append(self._sequence())
        return ways[0] if len(ways) == 1 else _Either(tuple(ways))

    def _sequence(self) -> _Node:
        parts: list[_Node] = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            parts.append(self._repeated(self._one()))
        return _Sequence(tuple(parts))

    def _one(self) -> _Node:
        for word, holds in _PLACES.items():
            if self._text.startswith(word, self._at):
                self._at += len(word)
                return _Place(holds)
        if self._text.startswith("(", self._at):
            return self._group()
        began = self._at
        if not self._take(_SINGLE):
            raise self._refusal()
        try:
            return _Character(re.compile(self._text[began : self._at]))
        except re.error:
            # `{` and such mean themselves where `re` takes them for no repeat.
            return _Character(re.compile(re.escape(self._text[began : self._at])))

    def _group(self) -> _Node:
        if not self._take(_GROUP):
            raise self._refusal()
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise BadPattern(f"more than {_DEPTH_MAX} groups stand in one another")
        inside = self._either()
        self._depth -= 1
        self._at += 1
        return inside

    def _repeated(self, part: _Node) -> _Node:
        found = self._take(_REPEAT)
        if not found:
            return part
        if self._text.startswith("+", self._at):
            raise self._refusal()
        if self._text.startswith("?", self._at):
            # Of a whole text, taking as little as can be finds the same.
            self._at += 1
        if found[0] in "*+?":
            return _Repeat(part, int(found[0] == "+"), 1 if found[0] == "?" else None)
        least = int(found["few"] or found["least"] or 0)
        most = least if found["few"] else int(found["most"]) if found["most"] else None
        if max(least, most or 0) > STEPS_MAX:
            raise BadPattern(f"{found[0]} repeats more than {STEPS_MAX} times")
        return _Repeat(part, least, most)

    def _refusal(self) -> BadPattern:
        part = self._text[self._at : self._at + 4]
        return BadPattern(
            f"it has {part!r} at character {self._at + 1}: looking around, flags, word ends, references to "
            "groups and possessive repeats may take for ever or cannot be tried; use characters, sets, "
            "groups, | and repeats"
        )


@lru_cache(maxsize=256)
def linear_pattern(pattern: str) -> LinearPattern:
    """Return a pattern that can be tried. Raises `BadPattern`, in words that go on "its pattern …"."""
    return LinearPattern(pattern)
