"""Numbers in files say the same, to the bit, as numbers in memory, whatever is in them."""

import io
import json
import random
import statistics
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.numbers import csv_table, file_reader, words
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.numbers import sorted_runs
from jobfleet_worker.operations.numbers.ordered import Batch
from jobfleet_worker.operations.numbers.read_input import on_stream
from jobfleet_worker.operations.numbers.sorted_runs import Scratch, Spilled
from jobfleet_worker.operations.numbers.stats import Number, stats, streamed
from jobfleet_worker.operations.run import run

from tests import number_cases
from tests.unit.worker.operations.numbers.test_spread import NASTY

ALL = {"more": True, "quantiles": 7, "histogram": 5}


def in_memory(data: bytes, **asked: Any) -> Any:
    """What comes out of the path in memory, every bit of it: JSON tells 1 from 1.0."""
    try:
        parameters = OPERATIONS["stats"].check(asked)
        return json.dumps(run(OPERATIONS["stats"], parameters, data, None, Limits(1, 10**9)).result)
    except BadJob as problem:
        return problem.code, problem.message


def in_pieces(folder: Path, data: bytes, run_numbers: int = 7, **asked: Any) -> Any:
    """What comes out of the path on disk."""
    try:
        parameters = OPERATIONS["stats"].check(asked)
        return json.dumps(on_stream(streamed, parameters, io.BytesIO(data), folder, run_numbers))
    except BadJob as problem:
        return problem.code, problem.message


@pytest.fixture(params=[1, 5, 64, 1024 * 1024])
def piece(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Pieces of so many bytes, and blocks of three numbers."""
    monkeypatch.setattr(file_reader.NumbersFile.__init__, "__defaults__", (request.param,))
    monkeypatch.setattr(file_reader.check_text, "__defaults__", (request.param,))
    monkeypatch.setattr(Spilled.__init__, "__defaults__", (sorted_runs.RUN_NUMBERS, 3))
    return request.param  # type: ignore[no-any-return]


def text_of(numbers: list[Number]) -> bytes:
    return "\n".join(map(repr, numbers)).encode()


@pytest.mark.parametrize("numbers", NASTY, ids=lambda numbers: str(numbers)[:40])
def test_adversarial_numbers_come_out_the_same(numbers: list[Number], tmp_path: Path, piece: int) -> None:
    data = text_of(numbers)
    for asked in ({}, ALL):
        assert in_pieces(tmp_path, data, 2, **asked) == in_memory(data, **asked)


KINDS: list[Callable[[random.Random], Number]] = [
    lambda dice: dice.randint(-5, 5),
    lambda dice: dice.choice([0, 0.0, -0.0, 1, 1.0, -1, -1.0]),
    lambda dice: dice.gauss(0, 1e6),
    lambda dice: dice.choice([1e308, -1e308, 1e-308, -1e-308, 5e-324, 1.7976931348623157e308]),
    lambda dice: 1e15 + dice.randint(0, 8) / 8,
    lambda dice: 2**53 + dice.randint(-3, 3),
    lambda dice: float(2**53 + dice.randint(-3, 3)),
    lambda dice: 2**64 + dice.randint(-3, 3),
    lambda dice: dice.choice([-1, 1]) * 10 ** dice.randint(300, 400),
    lambda dice: 0.1,
]


def some_numbers(dice: random.Random) -> list[Number]:
    kinds = dice.sample(KINDS, dice.randint(1, 3))
    return [dice.choice(kinds)(dice) for _ in range(dice.randint(1, 60))]


def test_random_mixtures_come_out_the_same_and_in_any_order(tmp_path: Path, piece: int) -> None:
    dice = random.Random(piece)  # noqa: S311 - test data
    for _ in range(120):
        numbers = some_numbers(dice)
        asked = {"more": True, "quantiles": dice.randint(2, 9), "histogram": dice.randint(1, 9)}
        once = in_memory(text_of(numbers), **asked)
        assert in_pieces(tmp_path, text_of(numbers), dice.randint(1, 9), **asked) == once
        dice.shuffle(numbers)
        assert in_pieces(tmp_path, text_of(numbers), dice.randint(1, 9), **asked) == once


def test_streamed_numbers_agree_with_statistics_fractions_and_numpy(tmp_path: Path) -> None:
    dice = random.Random(3)  # noqa: S311 - test data
    numbers: list[Number] = [dice.choice([dice.gauss(1e9, 1), 1e9 + 4, 1e9 + 7]) for _ in range(3000)]
    found = json.loads(in_pieces(tmp_path, text_of(numbers), 100, **ALL))
    exact = [Fraction(number) for number in numbers]
    assert found["sum"] == float(sum(exact))
    assert found["median"] == statistics.median(numbers)
    assert found["variance"] == float(statistics.variance(exact))
    assert [found["q1"], found["q3"]] == pytest.approx(list(np.quantile(numbers, [0.25, 0.75])), rel=1e-15)
    assert (found["mode"], found["mode_count"]) == (statistics.mode(sorted(numbers)), 0 + max(
        numbers.count(1e9 + 4), numbers.count(1e9 + 7)
    ))  # fmt: skip
    counts, _ = np.histogram(numbers, found["histogram"]["edges"])
    assert found["histogram"]["counts"] == list(counts)


def test_a_billion_equal_numbers_and_two_others_are_three_on_disk(tmp_path: Path) -> None:
    with Scratch(tmp_path) as scratch:
        numbers = Spilled(scratch)
        for run_of in ([0.1] * 1000, [0.1] * 1000 + [1e308, 1e-308]):
            numbers.add(run_of)
            numbers._end_run()
        [block] = numbers._runs[0]
        assert scratch.read(block) == Batch([0.1], [1000])
        numbers._runs[0] = [scratch.write(Batch([0.1], [10**9]))]
        numbers.count, numbers.total = (
            10**9 + 1002,
            10**9 * Fraction(0.1) + numbers.total - 1000 * Fraction(0.1),
        )
        numbers.close()
        found = streamed(numbers, **ALL)
        assert scratch._end < 200
    assert (found["mode"], found["mode_count"], found["median"]) == (0.1, 10**9 + 1000, 0.1)
    assert found["histogram"]["counts"] == [10**9 + 1001, 0, 0, 0, 1]
    assert found["sum"] == float(
        10**9 * Fraction(0.1) + 1000 * Fraction(0.1) + Fraction(1e308) + Fraction(1e-308)
    )


TEXTS = [
    "", " \n\t", ",;,", "\ufeff", "\ufeff7\n", "1,5 2,7", "1,5\n2\n-2,7e3\n", "\ufeff1,5; 2,7;3",
    "1,5\t+2,7\n", "1,5", "1,2 3 6", "1.5 1,5 2,7", "1,5 2,7 3.5", "1,2,3\n4,5,6", ",5 ,7", "1, 5, 2, 7",
    "1;2\r\n3\r4\x0b5\u20286\x857",
    "1\u20032\u20033\u2003x\u20034", "1 2\n3 four 5", "x", "x\n", "x\n\n", "x\r\n", "1\r\n2\r\nx\r\n",
    "\n\n\r\n\rx y",
    "1 x\n2\nx,1e999;3\r\n", "1e999 -1e999", "9" * 4301, "9" * 4300, "1\n" + "9" * 4301, "0." + "1" * 70_000,
    "1 " + "x" * 200_000 + " 2\ny", "0." + "0" * 65_000 + "1 2", "x " * 1500, "-0 -0.0 0.0 0",
    "\n" + "1\u3000" * 90_000 + "x",
    "5" + ",5" * 90_000, "1,1 " * 60_000, "1\u2003,x," + "a" * 200_000 + ",y,z", "1\u2003" + "a," * 90_000,
    "1\u3000,x," + "a" * 200_000 + ",y,z",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text)[:30])
def test_texts_are_read_and_refused_the_same(text: str, tmp_path: Path, piece: int) -> None:
    if len(text) > 9_999 and piece < 64:
        pytest.skip("takes long")
    data = text.encode()
    assert in_pieces(tmp_path, data, 1000, more=True) == in_memory(data, more=True)


@pytest.mark.parametrize(
    "data", [b"1 2 \xff 3", b"1 \xe2\x82", b"\xe2\x82", b"1 x \xc3(", b"\xf0\x9f\x98 1", b"1" * 70 + b"\x80"]
)
def test_bytes_that_are_no_text_are_told_at_the_same_place(data: bytes, tmp_path: Path, piece: int) -> None:
    assert in_pieces(tmp_path, data) == in_memory(data)
    assert in_pieces(tmp_path, data, columns="x") == in_memory(data, columns="x")


TABLES = [
    "x,y\n1,2\n3,4\n", "\ufeffx;y\n1,5;2\n-,5e2;3,25\n", "x\ty\r\n1\t\r\n \t2\r\n3\t4", "x,y\n1,\n,\n2,\n",
    'name,x,y\n"two\nlines",1,oops\nb,nan,2\n\nc,1,5,2\nd,4\n', "a,b\n1,2\n", "x,x,y\n1,2,3\n", "", "x\n",
    'x,y\n1,"2\n3,4\n', 'x,y\n1,2\n"3"4,5\n', "x,y\n1," + "9" * 200_000, "x,y\n" + "1,z\n" * 2500,
    "x,y\n1,0.0\n1.0,-0.0\n",
    "x,y\n" + "".join(f"{n % 7},{2**53 + n}\n" for n in range(3000)), "x,y\r1,2\r3,4\r",
]  # fmt: skip


@pytest.mark.parametrize("text", TABLES, ids=lambda text: repr(text)[:30])
def test_tables_are_read_and_refused_the_same(text: str, tmp_path: Path, piece: int) -> None:
    for asked in ({}, ALL):
        data = text.encode()
        assert in_pieces(tmp_path, data, columns="y,x", **asked) == in_memory(data, columns="y,x", **asked)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_the_table_of_cases_comes_out_the_same(encoding: str, tmp_path: Path, piece: int) -> None:
    for case in number_cases.TEXTS:
        data = case.text.encode(encoding)
        assert in_pieces(tmp_path, data) == in_memory(data), case
    for case in number_cases.TABLES:
        data = case.text.removeprefix("\ufeff").encode(encoding)
        assert in_pieces(tmp_path, data, columns="x") == in_memory(data, columns="x"), case


def test_a_row_that_never_ends_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_table, "ROW_MAX_CHARACTERS", 100)
    for row in ('1,"' + '","\n' * 40, "1," * 60):
        data = f"x,y\n{row}\n".encode()
        told = in_pieces(tmp_path, data, columns="x")
        assert told == in_memory(data, columns="x")
        assert told[1] == "line 2: this row is no CSV: it has more than 100 characters"


def test_a_word_too_long_for_a_number_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    longest = max(map(len, file_reader.pieces(io.BytesIO(b"1 " + b"9" * 10**6 + b" 2"), 1000)))
    assert longest < 4 * words.NUMBER_MAX_CHARACTERS + 2000


def test_nothing_is_left_in_the_folder(tmp_path: Path) -> None:
    assert json.loads(in_pieces(tmp_path, b"1 2 3"))["median"] == stats([1, 2, 3])["median"]
    assert in_pieces(tmp_path, b"1 x")[0] == "bad-number"
    assert list(tmp_path.iterdir()) == []
