import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.numbers import text_reader, words
from jobfleet_jobs.numbers.comma_habit import comma_note
from jobfleet_jobs.numbers.csv_columns import read_columns
from jobfleet_jobs.numbers.text_reader import parse_numbers
from jobfleet_jobs.numbers.words import read_number


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
        ("1\n2\nnan", "line 3: 'nan' is not a number; leave it out"),
        ("inf", "'inf' is not a number; leave it out"),
        ("1_000", "'1_000' is not a number; leave out the underscores"),
        ("0x10", "'0x10' is not a number; write it in decimal digits"),
        ("1\n.", "line 2: '.' is not a number"),
        ("1e", "'1e' is not a number"),
        ("--1", "'--1' is not a number"),
        ("\u0661", "'\u0661' is not a number; write it with the digits 0 to 9"),
        ("1e999", "'1e999' is too large for a floating-point number"),
        ("9" * 4301, f"{'9' * 40!r} has more than 4300 digits"),
    ],
)
def test_a_word_that_is_no_finite_number_is_named_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(BadJob) as caught:
        parse_numbers(text)
    assert (caught.value.code, caught.value.message) == ("bad-number", sentence)


def test_a_secret_that_is_no_number_is_hidden_before_it_is_cut() -> None:
    secret = "FwoGZXIvYXdzE" + "Ab1" * 60
    table = f"x,y\n1,2\n{secret},3\n"
    for read in (
        lambda: parse_numbers(f"1 {secret}"),
        lambda: read_columns(table, ["x"]),
        lambda: read_columns(table, [secret]),
        lambda: read_columns(f"{secret},{secret}\n1,2\n", [secret]),
        lambda: read_columns(f"{secret},y\n1,2\n", ["x"]),
        lambda: read_columns(f"{secret},y\noops,2\n", [secret]),
        lambda: read_columns(f"{secret},y\nNA,2\n", [secret]),
    ):
        with pytest.raises(BadJob) as caught:
            read()
        assert "<hidden>" in caught.value.message
        assert secret[:13] not in caught.value.message
    assert secret[:13] not in "".join(read_columns(f"{secret},y\n1,2\nNA,2\n", [secret]).notes)


def test_secrets_are_looked_for_only_in_what_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    monkeypatch.setattr(words, "cut", lambda text, longest: looked.append(text) or text[:longest])

    read_columns("x;y\n" + "1,5;2\n" * 100, ["x"])
    parse_numbers("1'000 \u22125\n" * 100)
    assert looked == []

    with pytest.raises(BadJob):
        parse_numbers("x")
    assert looked == ["x"]


def test_all_bad_words_are_told_in_one_error_with_their_lines() -> None:
    with pytest.raises(BadJob) as caught:
        parse_numbers("1 x\n2\nx,1e999;3\r\n")
    assert caught.value.message.splitlines() == [
        "3 values are no numbers:",
        "line 1: 'x' is not a number",
        "line 3: 'x' is not a number",
        "line 3: '1e999' is too large for a floating-point number",
    ]


@pytest.mark.parametrize(
    ("count", "head", "end"),
    [
        (20, "20 values are no numbers:", "line 20: 'x' is not a number"),
        (21, "21 values are no numbers:", "… and 1 more"),
        (5000, "1,000 or more values are no numbers:", "… and 980 or more"),
    ],
)
def test_of_many_bad_words_twenty_are_told(count: int, head: str, end: str) -> None:
    with pytest.raises(BadJob) as caught:
        parse_numbers("x\n" * count)
    lines = caught.value.message.splitlines()
    assert (lines[0], lines[20:]) == (head, [end] if count == 20 else ["line 20: 'x' is not a number", end])


@pytest.mark.parametrize(
    "text", ["1,5 2,7", "1,5\n2\n-2,7e3\n", "\ufeff1,5; 2,7;3", "1,5\t+2,7\n", "1,5 2,7 3.5"]
)
def test_commas_that_look_like_decimal_commas_are_told(text: str) -> None:
    note = comma_note(text)
    assert note is not None
    assert "'1,5' was read as 1 and 5" in note


@pytest.mark.parametrize(
    "text",
    ["1 2 3", "1,5", "1,2 3 6", "1, 5, 2, 7", "1,2,3\n4,5,6", "1.5,2.5\n3.5,4.5", ",5 ,7"],
)
def test_commas_that_part_numbers_are_taken_as_such(text: str) -> None:
    assert comma_note(text) is None


def test_a_zero_has_no_sign_whichever_way_it_is_read() -> None:
    assert list(map(repr, parse_numbers("-0.0 -1e-400 -0 0.0 -1.5"))) == ["0.0", "0.0", "0", "0.0", "-1.5"]
    assert repr(read_number("-0.0")) == "0.0"


@pytest.mark.parametrize("text", ["", " \n\t", ",;,", "\ufeff"])
def test_an_input_without_numbers_is_a_bad_job(text: str) -> None:
    with pytest.raises(BadJob, match="no numbers"):
        parse_numbers(text)


def test_each_of_a_million_numbers_is_read() -> None:
    words = [f"{number * 0.37:.4f}" for number in range(1_000_000)]
    assert parse_numbers("\n".join(words)) == list(map(float, words))


def test_one_item_of_very_many_words_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    true = text_reader._looked_at
    monkeypatch.setattr(text_reader, "_looked_at", lambda item: looked.append(1) or true(item))

    with pytest.raises(BadJob, match="1,000 or more values"):
        text_reader.parse_numbers("x," * 2_000)

    assert len(looked) == 2  # to read it, and to tell what is wrong with it
