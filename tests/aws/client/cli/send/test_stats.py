"""Numbers through the installed command, as a person would type it."""

import json
from pathlib import Path
from typing import Any

from jobfleet.errors import Exit

from tests.client_run import Run, fails, talk


def test_stats_of_numbers_however_they_are_given(run: Run, worker: Any, tmp_path: Path) -> None:
    (tmp_path / "numbers.txt").write_text("1\n2, 3;\t6\r\n")
    expected = "count   4\nmean    3\nmin     1\nmax     6\nmedian  2.5\n"
    for ran in (
        run("stats", "1", "2", "3", "6"),
        run("stats", "1,2 3", "6"),
        run("stats", "--file", str(tmp_path / "numbers.txt")),
        run("stats", "-", stdin="1 2 3 6"),
        run("stats", "--file", "-", stdin="1 2 3 6"),
    ):
        assert (ran.returncode, ran.stdout, talk(ran)) == (0, expected, "")
        assert ran.stderr.startswith("job ")
    found = json.loads(run("stats", "-1", "-.5", "-1e2", "--json").stdout)
    assert found["result"] == {"count": 3, "mean": -101.5 / 3, "min": -100.0, "max": -0.5, "median": -1}
    assert found["status"] == "succeeded"


def test_more_statistics_are_there_for_the_asking(run: Run, worker: Any) -> None:
    ran = run(
        "stats", "2", "4", "4", "4", "5", "5", "7", "9", "--more", "--quantiles", "2", "--histogram", "2"
    )
    assert (ran.returncode, talk(ran)) == (0, "")
    shown = {line[:20].rstrip(): line[21:] for line in ran.stdout.splitlines()}
    assert list(shown)[:5] == ["count", "mean", "min", "max", "median"]
    assert shown["q3"] == "5.5"
    assert shown["population stdev"] == "2"
    assert shown["mode"] == "4 (3 times)"
    assert shown["1/2"] == "4.5"
    assert (shown["bin 1/2"], shown["bin 2/2"]) == ("6 in [2, 5.5)", "2 in [5.5, 9]")
    found = json.loads(run("stats", "2.5", "--more", "--json").stdout)["result"]
    assert (found["sum"], found["stdev"], found["population_stdev"]) == (2.5, None, 0.0)
    job = run("submit", "stats", "1", "3", "--more").stdout.strip()
    assert "sum 4" in run("wait", job, "--timeout", "60").stdout


def test_commas_that_may_be_decimal_commas_are_told_beside_the_result(run: Run, worker: Any) -> None:
    ran = run("stats", "1,5", "2,7")
    assert (ran.returncode, ran.stdout.splitlines()[0]) == (0, "count   4")
    assert "note: commas part numbers, so '1,5' was read as 1 and 5" in ran.stderr
    ran = run("shell", "--", "-s", "1,5", "2,7")
    assert "mean    3.75\n" in ran.stdout
    assert "note: commas part numbers" in ran.stderr


def test_columns_of_csv_are_done_by_their_names(run: Run, worker: Any, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text('name;"height, m";kg\n"A; B";1,75;60\nC;;\nD;1,25;80\n')
    ran = run("stats", "--file", str(file), "-c", "height, m", "--column", "kg")
    assert (ran.returncode, ran.stdout.splitlines()[:3]) == (
        0, ["        height, m  kg", "count   2          2", "mean    1.5        70"]
    )  # fmt: skip
    assert "note: column 'kg': 1 empty cell left out" in ran.stderr
    job = run("submit", "stats", "-", "--columns", "kg", stdin=file.read_text()).stdout.strip()
    assert "kg: count 2  mean 70" in run("wait", job, "--timeout", "60").stdout
    fails(
        run("stats", "--file", str(file), "--column", "age"),
        Exit.BAD_INPUT, "people.csv: there is no column 'age'", "'name', 'height, m', 'kg'",
    )  # fmt: skip
    assert "for a column of CSV give --column NAME" in run("stats", "--file", str(file)).stderr


def test_files_of_windows_programs_are_read_and_those_of_no_text_named(
    run: Run, worker: Any, tmp_path: Path
) -> None:
    file = tmp_path / "excel.csv"
    file.write_bytes("sep=;\r\nstra\u00dfe;n\r\nA;1.234,50\r\nB;\u2212950\r\n".encode("utf-16"))
    ran = run("stats", "--file", str(file), "--column", "n", "--json")
    assert json.loads(ran.stdout)["result"]["columns"]["n"]["max"] == 1234.5
    assert "note: column 'n': line 3: '1.234,50' was read as 1234.5: points group its digits" in ran.stderr
    file.write_bytes("1\u00a0234\r\n5\r\n".encode("utf-16"))
    ran = run("stats", "--file", str(file))
    assert ran.stdout.splitlines()[0] == "count   2"
    assert "note: line 1: '1\\xa0234' was read as 1234: its digits are grouped" in ran.stderr
    file.write_bytes(b"PK\x03\x04\x14\0\0\0\0\0xl/workbook.xml")
    fails(
        run("stats", "--file", str(file)), Exit.BAD_INPUT, "an Excel workbook (.xlsx); save its table as CSV"
    )


def test_a_plain_job_asks_for_nothing_that_older_workers_lack(run: Run, stack: Any) -> None:
    run("submit", "stats", "1")
    assert json.loads(stack.take(stack.requests)["Body"])["parameters"] == {}


def test_many_numbers_go_through_the_bucket(run: Run, worker: Any, stack: Any, tmp_path: Path) -> None:
    (tmp_path / "many").write_text("\n".join(map(str, range(100_000))))
    ran = run("stats", "--file", str(tmp_path / "many"), "--json")
    found = json.loads(ran.stdout)
    assert found["result"]["mean"] == 49999.5
    assert any(call == f"PUT uploads/{found['id']}/numbers.txt" for call in stack.front.calls)
