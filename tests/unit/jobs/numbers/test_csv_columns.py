"""Named columns of CSV, as spreadsheets and other programs write it."""

import csv
import io

import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.numbers.csv_columns import column_names, read_columns, typed_columns
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.run import run


def refusal(text: str, *names: str) -> str:
    with pytest.raises(BadJob) as caught:
        read_columns(text, names)
    return caught.value.message


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_columns_are_found_by_name_however_the_cells_are_parted(delimiter: str, end: str) -> None:
    rows = [["a", "b, c; d", 'q"'], ["1", "x\ny", str(2**60 + 1)], ["2.5", delimiter, "-3e2"]]
    table = io.StringIO()
    quoting = csv.QUOTE_ALL if end == "\r" else csv.QUOTE_MINIMAL
    csv.writer(table, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(rows)
    read = read_columns("\ufeff" + end + table.getvalue(), ['q"', "a"])
    assert read.numbers == {'q"': [2**60 + 1, -300.0], "a": [1, 2.5]}
    assert list(read.numbers) == ['q"', "a"]
    assert read.notes == ()


def test_a_single_column_needs_no_delimiter() -> None:
    assert read_columns("x\n1\n\n2\n", ["x"]).numbers == {"x": [1, 2]}


def test_all_bad_cells_are_told_with_column_and_line() -> None:
    text = 'name,x,y\n"two\nlines",1,oops\nb,nan,2\n\nc,1,5,2\nd,4\n'
    assert refusal(text, "x", "y").splitlines() == [
        "4 values are no numbers:",
        "line 2, column 'y': 'oops' is not a number",
        "line 4, column 'x': 'nan' is not a number; leave it out",
        "line 6: 4 cells, where the first row has 3",
        "line 7: 2 cells, where the first row has 3",
    ]


def test_bad_cells_of_columns_nobody_asked_for_do_not_matter() -> None:
    assert read_columns("x,y\n1,oops\n", ["x"]).numbers == {"x": [1]}


def test_empty_cells_are_left_out_and_counted() -> None:
    read = read_columns("x,y\n1,\n ,2\n,3\n", ["x", "y"])
    assert read.numbers == {"x": [1], "y": [2, 3]}
    assert read.notes == ("column 'x': 2 empty cells left out", "column 'y': 1 empty cell left out")


def test_decimal_commas_are_read_where_no_commas_part_cells_and_said_so() -> None:
    read = read_columns("x;y\n1,5;2\n-,5e2;3,25\n", ["x", "y"])
    assert read.numbers == {"x": [1.5, -50.0], "y": [2, 3.25]}
    assert read.notes[0] == (
        "column 'x': commas in 2 numbers were read as decimal commas, as semicolons part the cells"
    )
    assert "line 2, column 'x': '1,500' is not a number" in refusal('x,y\n"1,500",2\n', "x")
    assert "'1,000,000' is not a number" in refusal("x;y\n1,000,000;2\n", "x")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", "there is no column 'x'; in the first row there are 'a', 'b'"),
        ("x,x\n1,2\n", "there are 2 columns 'x'"),
        ("", "in the first row there are none"),
        ("x\n", "there are no numbers in column 'x'"),
        ("x,y\n,2\n", "there are no numbers in column 'x'"),
        ('x,y\n1,"2\n3,4\n', "line 2: this row is no CSV"),
        ('x,y\n1,2\n"3"4,5\n', "line 3: this row is no CSV"),
        ("x,y\n1," + "9" * 200_000, "line 2: this row is no CSV: a cell has more"),
    ],
)
def test_tables_that_cannot_be_read_are_told(text: str, words: str) -> None:
    assert words in refusal(text, "x")


@pytest.mark.parametrize("names", [["a"], ["a b", "c"], ["height, m", 'the "real" one'], ["ä;ö"]])
def test_names_survive_the_way_in_a_parameter(names: list[str]) -> None:
    assert column_names(typed_columns(names)) == names


@pytest.mark.parametrize("typed", ["", " ", "a,,b", "a,a", '"a', '"a"b'])
def test_a_parameter_that_names_no_columns_is_told(typed: str) -> None:
    with pytest.raises(BadJob, match="parameter columns="):
        column_names(typed)


def test_a_result_for_each_column_with_what_else_was_asked_for() -> None:
    parameters = OPERATIONS["stats"].check({"columns": "b,a", "more": True})
    data = f"a,b\n1,{9 * 10**4299}\n3,{9 * 10**4299}\n,\n2,\n".encode()
    result = run(OPERATIONS["stats"], parameters, data, None, Limits(1, 5)).result
    assert list(result["columns"]) == ["b", "a"]
    assert (result["columns"]["a"]["sum"], result["columns"]["a"]["stdev"]) == (6, 1)
    assert result["notes"] == [
        "column 'b': 1 empty cell left out",
        "column 'b': left out, as they would have more than 4300 digits: sum",
    ]
    with pytest.raises(BadJob, match="5 numbers; this worker takes at most 4"):
        run(OPERATIONS["stats"], parameters, data, None, Limits(1, 4))


def test_each_of_half_a_million_rows_is_read() -> None:
    words = [f"{n * 0.37:.4f}" for n in range(500_000)]
    text = "n,x,word\n" + "".join(f"{n},{word},w\n" for n, word in enumerate(words))
    assert read_columns(text, ["x"]).numbers["x"] == list(map(float, words))


def test_a_tab_in_a_sentence_on_a_row_is_shown() -> None:
    with pytest.raises(BadJob) as refused:
        read_columns('a\tb\n"1" 2\t3', ["a"])
    assert "'\\t' expected after" in refused.value.message
    assert refused.value.message.isprintable()


def test_a_cell_may_have_as_many_characters_as_python_reads() -> None:
    assert read_columns(f"x,y\n1,{'a' * 131_072}\n", ["x"]).numbers == {"x": [1]}

    with pytest.raises(BadJob) as caught:
        read_columns(f"x,y\n1,2\n3,{'a' * 131_073}\n", ["x"])
    assert caught.value.message.startswith(
        "line 3: this row is no CSV: a cell has more than 131,072 characters;"
    )
