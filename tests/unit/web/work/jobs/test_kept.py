"""What is kept stays within its bounds, whatever comes."""

from hypothesis import given
from hypothesis import strategies as some
from jobfleet_web.work.jobs.kept import Kept

PUTS = some.lists(some.tuples(some.sampled_from("abcdef"), some.integers(0, 12)), max_size=40)


@given(PUTS)
def test_it_never_holds_more_than_it_may(puts: list[tuple[str, int]]) -> None:
    kept: Kept[int] = Kept(3, 10)
    for key, size in puts:
        kept.put(key, size, size)
        assert len(kept) <= 3
        assert kept.bytes <= 10
        assert kept.bytes == sum(kept.get(one) or 0 for one in "abcdef")
        assert kept.get(key) == (size if size <= 10 else None)


def test_what_was_used_longest_ago_goes_first() -> None:
    kept: Kept[str] = Kept(2, 100)
    kept.put("a", "A", 1)
    kept.put("b", "B", 1)
    assert kept.get("a") == "A"
    kept.put("c", "C", 1)
    assert [kept.get(key) for key in "abc"] == ["A", None, "C"]
