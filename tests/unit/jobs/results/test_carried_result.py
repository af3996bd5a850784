from jobfleet_jobs.protocol.message import Output, Result
from jobfleet_jobs.results.carried_result import CARRIED_MAX_BYTES, carried, read_carried

ID, OTHER = "0190b3a0-5d3c-7000-8000-000000000000", "0190b3a0-5d3c-7000-8000-000000000001"
OUTPUT = Output("b", "outputs/x", 9, '"e"')
RESULT = Result(ID, "greyscale", "succeeded", "w", 1, {"notes": ["two  spaces, an ü and a\nline"]})


def test_an_output_gives_back_the_result_that_it_carries_and_says_where_it_lies() -> None:
    found = read_carried(carried(RESULT), ID, OUTPUT)
    assert found is not None
    assert (found.result, found.output) == (RESULT.result, OUTPUT)


def test_what_is_carried_can_stand_in_a_header_and_be_signed() -> None:
    (text,) = carried(RESULT).values()
    assert text.isascii()
    assert text.isprintable()
    assert " " not in text


def test_nothing_is_carried_that_s3_has_no_room_for() -> None:
    assert carried(Result(ID, "x", "succeeded", "w", 1, {"words": "x" * CARRIED_MAX_BYTES})) == {}


def test_another_jobs_result_and_none_at_all_are_not_taken() -> None:
    assert read_carried(carried(RESULT), OTHER, OUTPUT) is None
    assert read_carried({}, ID, OUTPUT) is None
    assert read_carried({"jobfleet-result": "{"}, ID, OUTPUT) is None
