"""Metric math: an expression as a tree.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html has the language. Known
here is what scaling uses. Other functions, which AWS has, are refused as AWS refuses what it does not know.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

_T = TypeVar("_T")

# The longest expression that CloudWatch takes, in characters.
_LONGEST = 2048
# How deep brackets may stand in each other. AWS names no limit; one is needed, as reading them recurses.
_DEEPEST = 40

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)|(?P<name>[A-Za-z_]\w*)"
    r"""|(?P<text>"[^"]*"|'[^']*')|(?P<sign>&&|\|\||[=!<>]=|[-+*/^<>(),\[\]]))""",
    re.ASCII,
)
_SPACE = re.compile(r"\s*")

# From those that bind least to those that bind most; operators of one level are read from the left.
_LEVELS = (
    ("OR", "||"),
    ("AND", "&&"),
    ("==", "!=", "<", ">", "<=", ">="),
    ("+", "-"),
    ("*", "/"),
    ("^",),
)
_WORDS = {"AND", "OR"}
_SAME = {"||": "OR", "&&": "AND"}


class BadExpression(ValueError):
    """The message says what is wrong in an expression."""


@dataclass(frozen=True)
class Number:
    """A number that stands in the expression."""

    value: float


@dataclass(frozen=True)
class QuotedText:
    """A text in quotes, or one of the words that FILL takes: REPEAT, LINEAR."""

    value: str


@dataclass(frozen=True)
class Reference:
    """The id of a metric or of another expression."""

    id: str


@dataclass(frozen=True)
class Negative:
    """The negative of something."""

    of: "Node"


@dataclass(frozen=True)
class BinaryOperation:
    """Two things with an operator between: `+ - * / ^ == != < > <= >= AND OR`."""

    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True)
class Function:
    """A function, in capitals, and what it is given."""

    name: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True)
class Array:
    """Several series in square brackets."""

    items: tuple["Node", ...]


Node = Number | QuotedText | Reference | Negative | BinaryOperation | Function | Array


def parse(text: str) -> Node:
    """Return the tree of an expression. Raises `BadExpression`."""
    if len(text) > _LONGEST:
        raise BadExpression(f"the expression has {len(text)} characters, at most {_LONGEST} are allowed")
    return _Parser(_tokens(text)).whole()


def references(node: Node) -> set[str]:
    """Return the ids that an expression names."""
    match node:
        case Reference(id=found):
            return {found}
        case Negative(of=inner):
            return references(inner)
        case BinaryOperation(left=left, right=right):
            return references(left) | references(right)
        case Function(arguments=several) | Array(items=several):
            return {found for one in several for found in references(one)}
        case _:
            return set()


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    place: int


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    while (at := _end_of_space(text, at)) < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadExpression(f"{text[at]!r} at character {at + 1} belongs to no expression")
        kind = str(match.lastgroup)
        found.append(_Token(kind, match[kind], match.start(kind) + 1))
        at = match.end()
    return found


def _end_of_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


class _Parser:
    """Reads tokens by recursive descent: each method reads one thing and stands behind it then."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._level(0)
        if self._at < len(self._tokens):
            raise self._unexpected()
        return node

    def _level(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._signed()
        node = self._level(level + 1)
        while (operator := self._next_of(_LEVELS[level])) is not None:
            node = BinaryOperation(_SAME.get(operator, operator), node, self._level(level + 1))
        return node

    def _signed(self) -> Node:
        negative = False
        while self._next_of(("-",)) is not None:
            negative = not negative
        node = self._primary()
        return Negative(node) if negative else node

    def _primary(self) -> Node:
        token = self._take()
        match token.kind:
            case "number":
                return Number(float(token.text))
            case "text":
                return QuotedText(token.text[1:-1])
            case "name":
                return self._named(token)
        if token.text == "(":
            return self._inside(")", lambda: self._level(0))
        if token.text == "[":
            return Array(self._inside("]", self._list))
        self._at -= 1
        raise self._unexpected()

    def _named(self, token: _Token) -> Node:
        if token.text in ("REPEAT", "LINEAR"):
            return QuotedText(token.text)
        if self._next_of(("(",)) is not None:
            empty = self._next_of((")",)) is not None
            arguments = () if empty else self._inside(")", self._list)
            return Function(token.text.upper(), arguments)
        if token.text in _WORDS or not token.text[0].islower():
            raise BadExpression(f"{token.text!r} at character {token.place} is no id: ids begin with a-z")
        return Reference(token.text)

    def _list(self) -> tuple[Node, ...]:
        items = [self._level(0)]
        while self._next_of((",",)) is not None:
            items.append(self._level(0))
        return tuple(items)

    def _inside(self, end: str, read: Callable[[], _T]) -> _T:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise BadExpression(f"brackets stand more than {_DEEPEST} deep in each other")
        found = read()
        if self._next_of((end,)) is None:
            raise self._unexpected(f", where {end!r} was expected")
        self._depth -= 1
        return found

    def _next_of(self, wanted: tuple[str, ...]) -> str | None:
        """Take the next token if it is one of the wanted ones."""
        if self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token.text in wanted and token.kind in ("sign", "name"):
                self._at += 1
                return token.text
        return None

    def _take(self) -> _Token:
        if self._at == len(self._tokens):
            raise self._unexpected()
        self._at += 1
        return self._tokens[self._at - 1]

    def _unexpected(self, more: str = "") -> BadExpression:
        if self._at == len(self._tokens):
            return BadExpression(f"the expression ends too early{more}")
        token = self._tokens[self._at]
        return BadExpression(f"{token.text!r} at character {token.place} is not expected there{more}")
