import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.near_words import did_you_mean, nearest
from jobfleet_jobs.operations.catalogue import OPERATIONS, find_operation


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("grayscale", "greyscale"), ("STATS", "stats"), ("treshold", "threshold"), ("rot13", None), ("", None),
     ("x" * 100_000, None)],
)  # fmt: skip
def test_the_operation_that_was_meant(typed: str, meant: str | None) -> None:
    assert nearest(typed, OPERATIONS) == meant


def test_nothing_is_like_anything_among_no_words() -> None:
    assert did_you_mean("x", []) == ""


def test_what_was_meant_is_said_of_operations_parameters_and_choices() -> None:
    with pytest.raises(BadJob, match=r"'grayscale' is unknown \(did you mean greyscale\?\); there are stats"):
        find_operation("grayscale")
    convert = find_operation("convert")
    with pytest.raises(BadJob, match=r"no parameter 'qualty' \(did you mean quality\?\); it takes format"):
        convert.check({"qualty": 1})
    with pytest.raises(BadJob, match=r"give one of jpeg, .* \(did you mean jpeg\?\)"):
        convert.check({"format": "jpg"})
    refusal = convert.no_such_parameter("output-ending", ["output_ending"])
    assert "(did you mean output_ending?)" in refusal.message
