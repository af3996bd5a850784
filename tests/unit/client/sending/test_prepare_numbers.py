"""Numbers that Python hands over one by one stay as many as they are."""

from decimal import Decimal
from typing import Any

import pytest
from jobfleet.errors import BadInput
from jobfleet.sending.prepare import decoded, numbers_text, prepare


def test_each_element_is_one_number() -> None:
    assert numbers_text([1, 2.5, "3", " 4\n", Decimal("5.50")]) == "1 2.5 3  4\n 5.50"
    assert prepare("stats", ["1", 2]).source == "1 2"


@pytest.mark.parametrize("element", ["1,234", "1 2", "1;2", "1\n2", "", " ", "\u00a0", "1\u30002"])
def test_an_element_that_would_become_several_or_none_is_refused(element: str) -> None:
    with pytest.raises(BadInput, match=r"element 1 is .* which is not one number"):
        numbers_text([5, element])


@pytest.mark.parametrize("element", [None, True, [1, 2], "five"])
def test_an_element_that_is_no_number_is_refused(element: Any) -> None:
    with pytest.raises(BadInput, match=r"is not a number|are no numbers"):
        prepare("stats", [5, element])


def test_a_file_of_another_kind_is_named_with_its_place() -> None:
    with pytest.raises(BadInput, match=r"^book\.xlsx: the input is no UTF-8 text: the file is a ZIP archive"):
        decoded(b"PK\x03\x04\x14\0\0\0", "book.xlsx")
