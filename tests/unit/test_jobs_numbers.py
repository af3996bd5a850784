import time

import pytest

from jobs.errors import BadJob
from jobs.numbers import parse_numbers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1 2 3", [1, 2, 3]),
        ("1,2;3\t4\r\n5", [1, 2, 3, 4, 5]),
        (" -1 +2 .5 5. 1e3 -2.5E-3 ", [-1, 2, 0.5, 5.0, 1000.0, -0.0025]),
        ("\ufeff7\n", [7]),
        (",,1,,", [1]),
        ("0.1 3", [0.1, 3]),
        (str(10**400), [10**400]),
    ],
)
def test_numbers_are_read_however_they_stand_apart(text: str, numbers: list[float]) -> None:
    assert parse_numbers(text) == numbers
    assert [type(number) for number in parse_numbers(text)] == [type(number) for number in numbers]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1 2\n3 four 5", "line 2: 'four' is not a number"),
        ("1\n2\nnan", "line 3: 'nan' is not a number"),
        ("inf", "line 1: 'inf' is not a number"),
        ("1_000", "line 1: '1_000' is not a number"),
        ("0x10", "line 1: '0x10' is not a number"),
        ("1\n.", "line 2: '.' is not a number"),
        ("1e", "line 1: '1e' is not a number"),
        ("--1", "line 1: '--1' is not a number"),
        ("\u0661", "line 1: '\u0661' is not a number"),
        ("1e999", "line 1: '1e999' is too large for a floating-point number"),
        ("9" * 4301, f"line 1: {'9' * 40!r} has more than 4300 digits"),
    ],
)
def test_the_first_word_that_is_no_finite_number_is_named_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(BadJob) as caught:
        parse_numbers(text)
    assert (caught.value.code, caught.value.message) == ("bad-number", sentence)


@pytest.mark.parametrize("text", ["", " \n\t", ",;,", "\ufeff"])
def test_an_input_without_numbers_is_a_bad_job(text: str) -> None:
    with pytest.raises(BadJob, match="no numbers"):
        parse_numbers(text)


def test_a_million_numbers_are_read_in_two_seconds_of_this_processs_time() -> None:
    text = "\n".join(f"{number * 0.37:.4f}" for number in range(1_000_000))
    start = time.process_time()
    assert len(parse_numbers(text)) == 1_000_000
    assert time.process_time() - start < 2
