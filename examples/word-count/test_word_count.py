"""An operation is a function: its tests need no worker and no AWS."""

import pytest
from jobfleet_jobs import BadJob
from word_count import word_count

TEXT = "The cat and the dog. Don't wake the cat!"


def test_words_are_counted_and_the_most_frequent_come_first() -> None:
    made = word_count(TEXT.encode(), top=2)
    assert made.result == {"words": 9, "different": 6, "top": {"the": 3, "cat": 2}}


def test_all_words_stand_in_the_table() -> None:
    lines = word_count(TEXT.encode()).data.decode().splitlines()
    assert lines[:3] == ["word,count", "the,3", "cat,2"]
    assert "don't,1" in lines
    assert len(lines) == 7


def test_capitals_and_short_words() -> None:
    assert word_count(b"a A bb", case=True).result["different"] == 3
    assert word_count(b"a A bb", length=2).result["words"] == 1


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(BadJob, match="byte 1 is none"):
        word_count(b"a\xff")
