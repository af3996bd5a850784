"""Tables and texts in the formats of many locales come back with their values, or it is said if not."""

import csv
import io
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import example, given, settings
from hypothesis import strategies as st
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.numbers.csv_columns import file_columns, read_columns
from jobfleet_jobs.numbers.encoding import text_of
from jobfleet_jobs.numbers.text_reader import read_text

VALUES = st.lists(
    st.builds(
        lambda digits, places: Decimal(digits).scaleb(-places),
        st.one_of(st.integers(-9_999, 9_999), st.integers(-99_999_999, 99_999_999)),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=6,
)


@dataclass(frozen=True)
class Locale:
    """How a program writes numbers."""

    group: str
    decimal: str
    minus: str
    places: int | None

    def write(self, value: Decimal) -> str:
        """Write a number, with `places` decimals if it has so many."""
        rounded = value if self.places is None else round(value, self.places)
        whole, _, decimals = f"{abs(rounded):{',' if self.group else ''}f}".partition(".")
        text = whole.replace(",", self.group) + (self.decimal + decimals if decimals else "")
        if rounded >= 0:
            return text
        return (
            f"({text})" if self.minus == "()" else text + "-" if self.minus == "after" else self.minus + text
        )

    def value(self, value: Decimal) -> Decimal:
        """Return what is written of a number."""
        return value if self.places is None else round(value, self.places)


def locales(groups: str, minuses: tuple[str, ...]) -> st.SearchStrategy[Locale]:
    return st.builds(
        Locale,
        st.sampled_from(["", *groups]),
        st.sampled_from(".,"),
        st.sampled_from(minuses),
        st.sampled_from([None, 0, 2]),
    ).filter(lambda locale: locale.group != locale.decimal)


def written_back(numbers: list[int | float]) -> list[Decimal]:
    return [Decimal(repr(number)) for number in numbers]


@settings(max_examples=400, deadline=None)
@given(
    values=VALUES,
    locale=locales(",.'\u2019\u00a0\u202f\u2009 ", ("-", "\u2212", "\u2013", "after", "()")),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    head=st.sampled_from(["", "sep", "#TYPE Some.Object", "# a comment"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"]),
)
@example(
    [Decimal("1234"), Decimal("5678")], Locale(".", ",", "-", 0), ";", csv.QUOTE_MINIMAL, "\n", "", "utf-8"
)
@example(
    [Decimal("1234.5"), Decimal("1234")],
    Locale(",", ".", "()", None),
    ",",
    csv.QUOTE_ALL,
    "\r\n",
    "sep",
    "utf-16",
)
def test_a_column_in_any_locale_has_its_values_or_more_is_said(
    values: list[Decimal], locale: Locale, delimiter: str, quoting: int, end: str, head: str, encoding: str
) -> None:
    table = io.StringIO()
    if head:
        table.write((f"sep={delimiter}" if head == "sep" else head) + end)
    writer = csv.writer(table, delimiter=delimiter, quoting=quoting, lineterminator=end)  # type: ignore[arg-type]
    writer.writerows(
        [["name", "x", "note"], *([f"n{n}", locale.write(one), "a,b;c"] for n, one in enumerate(values))]
    )
    data = table.getvalue().encode(encoding)
    taken: list[int | float] = []
    try:
        read = read_columns(text_of(data), ["x"])
    except BadJob as problem:
        assert "line" in problem.message  # noqa: PT017 - a refusal is as good as the values
        return
    assert tuple(read.notes) == file_columns(io.BytesIO(data), ["x"], lambda name, some: taken.extend(some))
    assert taken == read.numbers["x"]
    assert len(taken) == len(values)
    if written_back(taken) != [locale.value(value) for value in values]:
        # Where commas part cells, points are decimal points.
        assert read.notes or (delimiter == "," and locale.group == ".")


@settings(max_examples=400, deadline=None)
@given(
    values=VALUES,
    locale=locales(",.'\u2019\u00a0\u202f\u2009", ("-", "\u2212", "\u2013", "after", "()")),
    between=st.sampled_from(["\n", "\r\n", " ", "\t", ";", "; "]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"]),
)
@example([Decimal(1234567)], Locale(",", ".", "-", None), "\n", "utf-8")
@example([Decimal("1234.5")], Locale(".", ",", "-", None), "\n", "utf-8")
def test_a_text_in_any_locale_has_its_values_or_more_is_said(
    values: list[Decimal], locale: Locale, between: str, encoding: str
) -> None:
    try:
        numbers, notes = read_text(text_of(between.join(map(locale.write, values)).encode(encoding)))
    except BadJob as problem:
        assert "is not a number" in problem.message or "one number or several" in problem.message  # noqa: PT017
        return
    wanted = [locale.value(value) for value in values]
    if len(numbers) != len(wanted):
        # In a line with others, and alone, one comma may be anything: `1,5` are two numbers without a word.
        assert notes or sum("," in locale.write(value) for value in values) == 1
        assert notes or len(values) == 1 or "\n" not in between
    elif written_back(numbers) != wanted:
        assert notes or locale.group == "."
