import json
import math
import random
import statistics
from fractions import Fraction

import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.numbers.stats import Number, stats
from jobfleet_worker.operations.run import run

TINY = 5e-324
HUGE = 1.7976931348623157e308

ADVERSARIAL: list[list[Number]] = [
    [1],
    [1.5],
    [1, 2],
    [1, 2, 3, 4],
    [3, 1, 2],
    [-0.0, 0.0],
    [0.1] * 10,
    [0.1, 0.2, 0.3],
    [1e308, 1e308],
    [HUGE, HUGE, HUGE],
    [-HUGE, HUGE],
    [HUGE, -HUGE, 1e-300],
    [1e16, 1.0, -1e16],
    [TINY, TINY],
    [TINY, 0.0],
    [TINY, TINY, TINY, 3 * TINY],
    [1e308, 1.6e308],
    [2**53 + 1, 2**53 + 3],
    [2**53 + 1, 2**53 + 2],
    [10**400, 10**400 + 1],
    [10**400, 1],
    [-(10**400), 10**400],
    [2**53 + 1, 0.5],
    [10**400, 0.5],
    [10**308, 1e308],
    [1, 2.0],
    [2, 1.0, 3],
]


def exact(numbers: list[Number]) -> tuple[Fraction, Fraction]:
    """Mean and median from their definitions, in fractions."""
    as_fractions = sorted(map(Fraction, numbers))
    half = len(numbers) // 2
    median = as_fractions[half] if len(numbers) % 2 else (as_fractions[half - 1] + as_fractions[half]) / 2
    return sum(as_fractions, Fraction()) / len(numbers), median


def close(value: Number, truth: Fraction) -> bool:
    if isinstance(value, int):
        return value == truth or (abs(truth) > HUGE and abs(value - truth) <= Fraction(1, 2))
    # One rounding for the sum and one for the quotient.
    return math.isfinite(value) and abs(Fraction(value) - truth) <= 2 * Fraction(math.ulp(value))


@pytest.mark.parametrize("numbers", ADVERSARIAL, ids=lambda numbers: str(numbers)[:40])
def test_adversarial_numbers_come_out_as_fractions_say(numbers: list[Number]) -> None:
    found = stats(numbers)
    mean, median = exact(numbers)
    assert found["count"] == len(numbers)
    assert (found["min"], found["max"]) == (min(numbers), max(numbers))
    assert close(found["mean"], mean), (found["mean"], mean)
    assert close(found["median"], median), (found["median"], median)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_whole_numbers_stay_whole_where_the_answer_is() -> None:
    assert stats([2**70 + 1, 2**70 + 3]) == {
        "count": 2,
        "mean": 2**70 + 2,
        "min": 2**70 + 1,
        "max": 2**70 + 3,
        "median": 2**70 + 2,
    }
    assert stats([1, 2])["mean"] == 1.5


def test_random_numbers_agree_with_the_statistics_module() -> None:
    dice = random.Random(7)  # noqa: S311 - test data
    for _ in range(300):
        kind = dice.choice(
            [lambda: dice.randint(-99, 99), lambda: dice.gauss(0, 1e6), lambda: dice.random() * 1e-9]
        )
        numbers: list[Number] = [kind() for _ in range(dice.randint(1, 40))]
        found = stats(numbers)
        assert found["median"] == statistics.median(numbers)
        assert found["mean"] == pytest.approx(statistics.fmean(numbers), rel=1e-15, abs=1e-300)
        if any(isinstance(number, float) for number in numbers):
            assert found["mean"] == math.fsum(numbers) / len(numbers)


def test_a_million_numbers_are_described_as_the_statistics_module_describes_them() -> None:
    words = [f"{number % 1000 * 1.37:.3f}" for number in range(1_000_000)]
    outcome = run(OPERATIONS["stats"], {}, " ".join(words).encode(), None, Limits(1, 1_000_000))
    numbers = list(map(float, words))
    assert dict(outcome.result) == {
        "count": 1_000_000, "mean": statistics.fmean(numbers), "min": 0.0, "max": 1368.63,
        "median": statistics.median(numbers),
    }  # fmt: skip


def test_more_numbers_than_the_limit_are_a_bad_job() -> None:
    with pytest.raises(BadJob, match="at most 3"):
        run(OPERATIONS["stats"], {}, b"1 2 3 4", None, Limits(1, 3))


def test_bytes_that_are_no_text_are_a_bad_job() -> None:
    with pytest.raises(BadJob, match="UTF-8"):
        run(OPERATIONS["stats"], {}, b"\xff\xfe1", None, Limits(1, 3))


def test_a_result_says_when_commas_look_like_decimal_commas() -> None:
    limits = Limits(1, 9)
    [note] = run(OPERATIONS["stats"], {}, b"1,5 2,7", None, limits).result["notes"]
    assert note.startswith("commas part numbers")
    assert "notes" not in run(OPERATIONS["stats"], {}, b"1, 5, 2, 7", None, limits).result


@pytest.mark.parametrize("sign", [1, -1])
def test_the_bins_around_the_longest_numbers_end_where_json_does(sign: int) -> None:
    longest = sign * (10**4_300 - 1)

    found = stats([longest], histogram=2)["histogram"]

    assert json.loads(json.dumps(found)) == found
    assert longest in found["edges"]
    assert sum(found["counts"]) == 1
