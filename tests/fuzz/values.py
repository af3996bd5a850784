"""Values that programs trip over: texts, numbers, and JSON of any shape."""

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

TEXTS = (
    "",
    " ",
    "\0",
    "\x1b[31mred\x1b[0m",
    "\u202egnp.exe",
    "\ud800",
    "\udc80x",
    "\ufeff",
    "\ufffd",
    "\u2028",
    "e\u0301",
    "\u00e9",
    "\U0001f600",
    "ﬃ",
    "\r\n",
    "\t",
    "'",
    '"',
    "\\",
    "\\'",
    "%",
    "%00",
    "%zz",
    "%ff",
    "+",
    "../",
    "../../etc/passwd",
    "/",
    "//",
    ".",
    "..",
    "a/../b",
    "nan",
    "inf",
    "-0",
    "1e309",
    "true",
    "null",
    "None",
    "{}",
    "[]",
    "{0}",
    "%s",
    "=?utf-8?q?=C3=A9?=",
    "=?x?b?!!?=",
    "=?\0?q?a?=",
    "=?idna?b?AAAA?=",
    "Invalid header value '",
    "secret=",
    "https://example.com/?X-Amz-Signature=",
    "é" * 400,
    "A" * 5_000,
    "\u0661\u0662",
    "\uff11\uff12",
    "x" * 1_025,
)
WHOLES = (
    0,
    -1,
    1,
    2,
    7,
    127,
    128,
    255,
    256,
    257,
    65_535,
    65_536,
    2**31 - 1,
    2**31,
    2**32,
    2**53 + 1,
    2**63,
    -(2**63),
    10**30,
    10**400,
)
FLOATS = (0.0, -0.0, 0.1, 1.5, -1.5, 1e-320, 1e16, 1.8e308, float("inf"), float("-inf"), float("nan"))

# As it stands in the text of a message, where `json.dumps` would not write it.
RAW = (
    "1" * 5_000,
    "-",
    "1e999999",
    "01",
    "1.",
    "nul",
    "'x'",
    "Infinity",
    '"\\ud800"',
    '"\\u0000"',
    '"\\x"',
    '"\n"',
)
DEPTHS = (30, 100, 400, 900, 960, 980, 990, 995, 1_000, 2_000, 50_000)


def text(choose: random.Random) -> str:
    """Return a text, mostly a strange one."""
    kind = choose.random()
    if kind < 0.5:
        return choose.choice(TEXTS)
    if kind < 0.7:
        return choose.choice(TEXTS) + choose.choice(TEXTS)
    if kind < 0.9:
        letters = [
            chr(choose.choice((choose.randrange(128), choose.randrange(0x3000), choose.randrange(0x110000))))
        ]
        return "".join(letters * choose.choice((1, 3, 300)))
    return "".join(chr(choose.randrange(32, 127)) for _ in range(choose.randrange(100)))


def value(choose: random.Random, depth: int = 3) -> Any:
    """Return any value of JSON."""
    kind = choose.randrange(8 if depth else 5)
    match kind:
        case 0:
            return choose.choice((None, True, False))
        case 1:
            return choose.choice(WHOLES) * choose.choice((1, 1, -1))
        case 2:
            return choose.choice(FLOATS)
        case 3 | 4:
            return text(choose)
        case 5:
            return [value(choose, depth - 1) for _ in range(choose.randrange(4))]
        case 6:
            return {text(choose)[:50]: value(choose, depth - 1) for _ in range(choose.randrange(4))}
        case _:
            return [value(choose, 0)] * choose.choice((1, 2, 300))


def changed(choose: random.Random, whole: Any, words: Sequence[str] = ()) -> Any:
    """Return JSON's `whole` with one thing in it changed; `words` are names that it may get."""
    if isinstance(whole, Mapping) and whole and choose.random() < 0.9:
        name = choose.choice(list(whole))
        kind = choose.random()
        if kind < 0.6:
            return {**whole, name: changed(choose, whole[name], words)}
        if kind < 0.75:
            return {one: what for one, what in whole.items() if one != name}
        return {**whole, choose.choice([*words, text(choose)]): value(choose)}
    if isinstance(whole, list) and whole and choose.random() < 0.8:
        place = choose.randrange(len(whole))
        if choose.random() < 0.3:
            return whole + [whole[place]] * choose.choice((1, 30, 300))
        return [*whole[:place], changed(choose, whole[place], words), *whole[place + 1 :]]
    if isinstance(whole, str) and whole and choose.random() < 0.5:
        place = choose.randrange(len(whole) + 1)
        return whole[:place] + text(choose) + whole[place + choose.randrange(2) :]
    return value(choose)


def written(choose: random.Random, whole: Any) -> str:
    """Return JSON's text of `whole`, now and then one that is cut, nested without an end, or no JSON."""
    made = json.dumps(whole, ensure_ascii=choose.random() < 0.5)
    kind = choose.random()
    if kind < 0.7:
        return made
    if kind < 0.76:
        return made[: choose.randrange(len(made) + 1)]
    if kind < 0.84:
        inner = nested(choose)
        place = made.find(choose.choice(('"', "1", "null", "[]", "{}")))
        return inner if place < 0 or choose.random() < 0.2 else _replaced(choose, made, inner)
    if kind < 0.92:
        return _replaced(choose, made, choose.choice(RAW))
    if kind < 0.96:  # each name twice
        return made[:-1] + "," + made[1:] if made.startswith("{") and len(made) > 2 else made
    place = choose.randrange(len(made) + 1)
    return made[:place] + text(choose) + made[place:]


def nested(choose: random.Random) -> str:
    """Return deeply nested JSON, also such as is just not too deep for Python's parser."""
    depth = choose.choice(DEPTHS) + choose.randrange(-9, 10)
    if choose.random() < 0.5:
        return "[" * depth + "]" * depth
    return '{"a":' * depth + "1" + "}" * depth


def _replaced(choose: random.Random, made: str, by: str) -> str:
    """Put `by` in the place of one of the values in JSON's text."""
    ends = [place + 1 for place, letter in enumerate(made) if letter == ":"]
    if not ends:
        return by
    start = choose.choice(ends)
    whole = json.JSONDecoder()
    try:
        _, end = whole.raw_decode(made, start + (made[start : start + 1] == " "))
    except ValueError:  # a colon in a text
        return made
    return made[:start] + by + made[end:]
