"""The drop folder where an event comes twice, or a file is put again before or while it is worked on."""

from typing import Any

import pytest

from tests.dropped_files import answers, events, outcomes, photo, sequenced, tags


def test_an_event_that_comes_twice_is_done_once(open_stack: Any, bench: Any) -> None:
    open_stack.drop("greyscale/a.png", photo())
    [_, event] = events(open_stack)
    for _ in range(2):
        open_stack.send(event)

    bench().work()
    open_stack.send(event)
    bench().work()

    assert len({answer["id"] for answer in answers(open_stack)}) == 1
    assert outcomes(open_stack) == ["answered-again", "answered-again", "succeeded"]
    assert [call for call in open_stack.front.calls if call.startswith("PUT outputs/")] == [
        "PUT outputs/greyscale/a.png"
    ]


@pytest.mark.parametrize("order", [1, -1])
def test_the_same_file_dropped_twice_within_a_second_gives_the_same_twice(
    open_stack: Any, bench: Any, order: int
) -> None:
    for _ in range(2):
        open_stack.drop("greyscale/a.png", photo())
    for body in events(open_stack)[1:][::order]:
        open_stack.send(body)
        bench().work()

    first, second = answers(open_stack)
    assert first["id"] != second["id"]
    assert first["status"] == second["status"] == "succeeded"
    assert first["output"] | {"etag": ""} == second["output"] | {"etag": ""}
    etag = open_stack.s3.head_object(Bucket=open_stack.bucket, Key="outputs/greyscale/a.png")["ETag"]
    assert second["output"]["etag"] == etag


def test_of_two_versions_in_any_order_the_later_stays(open_stack: Any, bench: Any) -> None:
    open_stack.drop("strip/a.png", photo())
    key = open_stack.drop("strip/a.png", photo(1))
    [_, earlier, later] = events(open_stack)

    open_stack.send(later)
    bench().work()
    open_stack.send(earlier)
    bench().work()

    assert outcomes(open_stack) == ["failed:superseded", "succeeded"]
    assert open_stack.object("outputs/strip/a.png") == open_stack.object(key)
    assert tags(open_stack, key)["jobfleet:outcome"] == "succeeded"


def test_numbers_that_were_put_again_before_they_were_read_are_only_done_as_they_are(
    open_stack: Any, bench: Any
) -> None:
    for numbers in (b"1 1", b"2 2"):
        open_stack.drop("stats/n", numbers)

    bench().work()

    found = answers(open_stack)
    assert [one["result"]["mean"] for one in found if one["result"]] == [2]
    assert [one["error"]["code"] for one in found if one["error"]] == ["superseded"]
    assert tags(open_stack, "incoming/stats/n")["jobfleet:outcome"] == "succeeded"


@pytest.mark.parametrize(
    "sequencers",
    [
        ("0055AED6DCD90281E5", "0055AED6DCD90281E6"),
        ("0055AED6DCD90281E51", "0055AED6DCD90281E6"),  # as numbers the other way round
    ],
)
def test_an_output_of_a_later_event_is_not_overwritten_by_one_that_was_read_before(
    open_stack: Any, bench: Any, sequencers: tuple[str, str]
) -> None:
    """Two puts of the same bytes have one ETag; the later has other parameters."""
    for ending in ("1", "2"):
        open_stack.drop("threshold/a.png", photo(), Metadata={"high": ending})
    earlier, later = map(sequenced, events(open_stack)[1:], sequencers)
    open_stack.send(later)
    bench().work()
    before = open_stack.object("outputs/threshold/a.png")
    # The earlier job reads what there was before, and is slow to write.
    open_stack.s3.put_object(
        Bucket=open_stack.bucket, Key="incoming/threshold/a.png", Body=photo(), Metadata={"high": "1"}
    )
    events(open_stack)

    open_stack.send(earlier)
    bench().work()

    assert open_stack.object("outputs/threshold/a.png") == before
    assert outcomes(open_stack) == ["failed:superseded", "succeeded"]
