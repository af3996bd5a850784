"""Patterns of packages mean what `re` says they mean, and none takes long."""

import itertools
import re

import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.linear_pattern import STEPS_MAX, BadPattern, LinearPattern
from jobfleet_jobs.operations.parameters import TEXT_MAX_CHARACTERS, Text

PATTERNS = (
    "", ".*", "a", "ab|b", "a*", "(a|b)*b", "(?:a+)+", "(a*)*b?", "(?P<one>a|)b{2}", "a{1,2}", "a{,2}b",
    "a{1,}?", "[^a]", "[]a]+", "[^]a]b", r"[\]a]*", r"\w+", r"\Da?", r"\n|b", "^a$", r"\Aab\Z", "a$\n",
    "(^|a)b", "a{", "a{b}", "{}", "a??b", "()*a", "(|a)+b", r"\x61b", r"\u0061", r"\141", r"\0?a", r"\.",
    "[a-b]{2,3}", "(a|ab)(b|bb)?",
)  # fmt: skip
TEXTS = ["".join(each) for many in range(5) for each in itertools.product("ab\n", repeat=many)] + [
    "a{", "a{b}", "{}", "]", "]b", "\0a", ".", "1", "1a", "é",
]  # fmt: skip

# Each takes `re` longer than anybody waits.
ENDLESS = ("(a+)+b", "(a|a)*b", "(a|aa)+b", "(a*)*b", "a*a*a*a*a*a*a*a*b", r"(\w+\s?)*\.", "((a?){9}){9}b")


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_matches_what_re_matches(pattern: str) -> None:
    mine = LinearPattern(pattern)

    assert [text for text in TEXTS if mine.matches(text)] == [
        text for text in TEXTS if re.fullmatch(pattern, text)
    ]


@pytest.mark.parametrize("pattern", ENDLESS)
def test_no_pattern_holds_up_who_checks_a_value(pattern: str) -> None:
    parameter = Text("word", "A word.", pattern=pattern, what="a word")

    with pytest.raises(BadJob, match="a word"):
        parameter.check("a" * TEXT_MAX_CHARACTERS)
    assert parameter.check("a.") if pattern.endswith(".") else parameter.check("a" * 81 + "b")


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(?=a)a", "'\\(\\?=a' at character 1"), ("a(?!b)", "at character 2"), ("(?<=a)b", "looking around"),
        ("(?i)a", "flags"), (r"(a)\1", "references"), ("(?P<x>a)(?P=x)", "references"), (r"a\b", "word ends"),
        ("a++", "possessive"), ("(?>a)", "looking around"), ("(a)?(?(1)b)", "looking around"),
        (f"a{{{STEPS_MAX + 1}}}", "repeats more than"), ("((a{30}){30}){30}", "more than 500 steps"),
        ("((){400}){400}", "more than 500 steps"), ("a" * (STEPS_MAX + 1), "more than 500 steps"),
        ("(" * 30 + ")" * 30, "groups stand in one another"), ("(", "no regular expression"),
    ],
)  # fmt: skip
def test_what_cannot_be_tried_in_bounded_time_is_refused_in_words(pattern: str, words: str) -> None:
    with pytest.raises(BadPattern, match=words):
        LinearPattern(pattern)


def test_all_patterns_of_the_catalogue_can_be_tried() -> None:
    texts = [one for each in OPERATIONS.values() for one in each.parameters if isinstance(one, Text)]

    assert texts
    assert all(one.check(one.default) == one.default for one in texts if one.default is not None)
